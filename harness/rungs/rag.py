"""Passages from the documents before the question; the model itself stays as it is."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from typing import NamedTuple

from harness.abstaining import bound_of, choose_bound, split_off
from harness.answering import answer_all, answers_only
from harness.choosing import choose, together
from harness.decoding import Decoding, choose_decoding, decided, decoding_of, with_decoding
from harness.effort import Effort
from harness.looking_up import (
    Read,
    Reading,
    ask,
    choose_retriever,
    readable,
    retriever_of,
    worked_examples,
)
from harness.passage_size import sizes_tried
from harness.prompts import LAST, Demonstration
from harness.retrieval import open_index, recall_at_k
from harness.rung import RungType
from harness.scoring import Scored
from harness.types import Answer, Example, Failure, Json, Preparation, Query, TrainView
from harness.work import Amounts, Work, asking
from harness.workbench import Workbench
from rag.index import Index
from rag.widen import PASSAGE, TIMES_AS_LONG
from tuning.constrain import Constraint


class RagRung:
    """See `harness.rung.Rung`."""

    def __init__(self, view: TrainView, bench: Workbench) -> None:
        self.view, self.bench = view, bench
        self.reading = Reading(0)
        self.constraint: Constraint | None = None
        self.bound: float | None = None
        self.pools: dict[tuple[int, str, str], list[Read]] = {}

    @property
    def k(self) -> int:
        """Passages before a question."""
        return self.reading.k

    @cached_property
    def index(self) -> Index:
        """The run's index; `prepare` sets how it is looked up."""
        return open_index(self.bench, self.view.documents)

    def prepare(self, settings: Mapping[str, Json] | None) -> Preparation:
        """Choose on dev how passages are looked up, and how they are put before the model."""
        if settings is not None:
            self.reading = Reading(
                int(str(settings["passages"])),
                int(str(settings.get("worked_examples", 0))),
                str(settings.get("layout", LAST)),
            )
            self.index = retriever_of(settings, self.index, self.bench)
            self.constraint = decoding_of(self.bench, settings)
            self.bound = bound_of(settings)
            return Preparation(settings)
        found = choose_retriever(self.bench, self.index, self.view.dev)
        self.index = found.looked_up
        dev, effort = self.bench.dev(self.view.dev), self.bench.effort
        chosen = self._choose(dev)
        bound = choose_bound(self.bench, self.index, self.view.train, dev, chosen.answers)
        self.reading, self.constraint = chosen.reading, chosen.decoding.constraint
        self.bound = bound.value
        examples, layout = chosen.reading.examples, chosen.reading.layout
        # it needs no model, so it is measured on all of dev
        found_by = recall_at_k(self.index, self.view.dev, [self.k], self.view.spec)
        return Preparation(
            {
                **found.settings,
                "passages": self.k,
                "passage_words": self.bench.passage_words,
                "indexed_passages": len(self.index.chunks),
                "dev_recall": found_by[self.k],
                "embedder": self.bench.embedder.name,
                **({"worked_examples": examples} if len(effort.reading_examples) > 1 else {}),
                **({"layout": layout} if len(effort.layouts) > 1 else {}),
                **({"context": self.index.context} if len(effort.contexts) > 1 else {}),
                **chosen.decoding.settings,
                **bound.settings,
            },
            {
                **with_decoding(chosen.effort, chosen.decoding),
                **found.effort,
                **sizes_tried(self.bench),
                **bound.effort,
            },
        )

    def _choose(self, dev: Sequence[Example]) -> "_Chosen":
        """How many passages and worked examples, in which layout, with what around, how decoded.

        The index shows passages as was chosen.
        """
        queries = [Query(example.id, example.question) for example in dev]
        answered: dict[tuple[Reading, str, bool], list[Answer]] = {}
        usual = decided(self.bench)

        def score(reading: Reading, constraint: Constraint | None = usual) -> Scored:
            self.reading, self.constraint = reading, constraint
            given = answers_only(self.answer(queries, 0))
            answered[reading, self.index.context, constraint is not None] = given
            return self.bench.dev_scored(dev, given)

        say, effort = self.bench.say, self.bench.effort
        ks = choose("passages", self.bench.passage_counts, lambda k: score(Reading(k)), say)
        last, reading = ks.scored, Reading(ks.value)
        there = len(self._shown(reading._replace(examples=max(effort.reading_examples))))
        examples = choose(
            "worked_examples",
            tuple(dict.fromkeys(min(n, there) for n in effort.reading_examples)),
            lambda n: score(reading._replace(examples=n)),
            say,
            {0: last} if last else None,
        )
        last, fuller = examples.scored or last, reading._replace(examples=examples.value)
        layouts = choose(
            "layout",
            effort.layouts,
            lambda layout: score(fuller._replace(layout=layout)),
            say,
            {LAST: last} if last else None,
        )
        last, taken = layouts.scored or last, fuller._replace(layout=layouts.value)

        def score_with(context: str) -> Scored:
            self.index = self.index.showing(context)
            return score(taken)

        known = {PASSAGE: last} if last else None
        contexts = choose("context", effort.contexts, score_with, say, known)
        self.index = self.index.showing(contexts.value)
        free = contexts.scored or last
        decoding = choose_decoding(self.bench, partial(score, taken), len(dev), free)
        given = answered.get((taken, contexts.value, decoding.constraint is not None), [])
        return _Chosen(taken, decoding, given, together((ks, examples, layouts, contexts)))

    def _shown(self, reading: Reading) -> list[Demonstration]:
        """Worked examples of such reading."""
        if not reading.examples:
            return []
        spec, looked_up = self.view.spec, (reading.k, self.index.context, self.index.retriever.name)
        if looked_up not in self.pools:
            self.pools[looked_up] = readable(spec, self.index, self.view.train, reading.k)
        return worked_examples(spec, self.pools[looked_up], reading)

    def answer(self, queries: Sequence[Query], timed: int) -> Iterator[Answer | Failure]:
        """The closest passages, then the question; worked examples before both, if any.

        Where no passage comes near the question, the task's own 'I do not know', without the model.
        """
        shown = self._shown(self.reading)
        asked = ask(self.bench, self.index, queries, self.k, shown, self.reading.layout)
        done, left, timed = split_off(self.bench, self.index, asked, self.bound, timed)
        yield from done
        yield from answer_all(self.bench, left, timed=timed, constraint=self.constraint)


class _Chosen(NamedTuple):
    """What dev decided."""

    reading: Reading
    decoding: Decoding
    answers: list[Answer]
    """To dev, with that; none where nothing had to be tried."""
    effort: dict[str, Json]


def _work(amounts: Amounts, effort: Effort) -> Work:
    tried = (effort.passages, effort.reading_examples, effort.layouts)
    trials, usual, *wider = sum(len(one) - 1 for one in tried), *effort.contexts
    trials += 1 if trials or wider else 0  # each choice begins with what the one before it took
    trials += (1 if trials else 2) if amounts.closed else 0
    most = max(effort.passages)
    work = asking(amounts, amounts.question + amounts.read(TIMES_AS_LONG[usual] * most), trials)
    for context in wider:
        longer = amounts.question + amounts.read(TIMES_AS_LONG[context] * most)
        more = asking(replace(amounts, heldout=0), longer, 1)
        row = max(work.row, more.row)
        work = replace(
            work, reads=work.reads + more.reads, writes=work.writes + more.writes, row=row
        )
    return work


RUNG = RungType(
    name="rag",
    title="Retrieval",
    what="The base model, with passages from your documents shown before each question.",
    needs=frozenset({"documents", "embeddings"}),
    seeded=False,
    build=RagRung,
    work=_work,
)
