"""Passages from the documents before the question; the model itself stays as it is."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, partial

from harness.abstaining import bound_of, choose_bound, split_off
from harness.answering import answer_all, answers_only
from harness.choosing import choose
from harness.decoding import choose_decoding, decided, decoding_of, with_decoding
from harness.effort import Effort
from harness.looking_up import (
    ask,
    choose_context,
    choose_retriever,
    retriever_of,
    shown_as,
    worked_examples,
)
from harness.passage_size import sizes_tried
from harness.retrieval import open_index, recall_at_k
from harness.rung import RungType
from harness.types import Answer, Failure, Json, Preparation, Query, TrainView
from harness.work import Amounts, Work, asking
from harness.workbench import Workbench
from rag.index import Index
from tuning.constrain import Constraint


class RagRung:
    """See `harness.rung.Rung`."""

    def __init__(self, view: TrainView, bench: Workbench) -> None:
        self.view, self.bench = view, bench
        self.k, self.examples = 0, 0
        self.constraint: Constraint | None = None
        self.bound: float | None = None

    @cached_property
    def index(self) -> Index:
        """The run's index; `prepare` sets how it is looked up."""
        return open_index(self.bench, self.view.documents)

    def prepare(self, settings: Mapping[str, Json] | None) -> Preparation:
        """Choose on dev how passages are looked up, how many to show, and how to show reading."""
        if settings is not None:
            return self._as_before(settings)
        found = choose_retriever(self.bench, self.index, self.view.dev)
        self.index = found.looked_up
        dev = self.bench.dev(self.view.dev)
        queries = [Query(example.id, example.question) for example in dev]

        answered: dict[tuple[int, int, str, bool], list[Answer]] = {}

        def score(k: int, examples: int, constraint: Constraint | None) -> float | None:
            self.k, self.examples, self.constraint = k, examples, constraint
            given = answers_only(self.answer(queries, 0))
            answered[k, examples, self.index.context, constraint is not None] = given
            return self.bench.dev_score(dev, given)

        ks, counts = self.bench.passage_counts, self.bench.effort.reading_examples
        usual = decided(self.bench)
        choice = choose("passages", ks, lambda k: score(k, 0, usual), len(dev), self.bench.say)
        k = choice.value
        shown = choose(
            "worked_examples", counts, lambda n: score(k, n, usual), len(dev), self.bench.say
        )
        free = shown.dev_score if len(counts) > 1 else choice.dev_score

        def score_with(context: str) -> float | None:
            self.index = self.index.showing(context)
            return score(k, shown.value, usual)

        context, wider, free = choose_context(self.bench, score_with, len(dev), free)
        self.index = self.index.showing(context)
        decoding = choose_decoding(self.bench, partial(score, k, shown.value), len(dev), free)
        self.k, self.examples, self.constraint = k, shown.value, decoding.constraint
        given = answered.get((k, shown.value, context, decoding.constraint is not None), [])
        bound = choose_bound(self.bench, self.index, self.view.train, dev, given)
        self.bound = bound.value
        recall = recall_at_k(self.index, dev, [self.k])[self.k] if dev else None
        return Preparation(
            {
                **found.settings,
                **shown_as(self.index),
                "passages": self.k,
                "passage_words": self.bench.passage_words,
                "indexed_passages": len(self.index.chunks),
                "dev_recall": recall,
                "embedder": self.bench.embedder.name,
                **({"worked_examples": shown.value} if len(counts) > 1 else {}),
                **decoding.settings,
                **bound.settings,
            },
            {
                **with_decoding(choice.and_then(shown), decoding, wider),
                **found.effort,
                **sizes_tried(self.bench),
                **bound.effort,
            },
        )

    def _as_before(self, settings: Mapping[str, Json]) -> Preparation:
        """Take up what an earlier process chose."""
        self.k = int(str(settings["passages"]))
        self.examples = int(str(settings.get("worked_examples", 0)))
        self.index = retriever_of(settings, self.index, self.bench)
        self.constraint = decoding_of(self.bench, settings)
        self.bound = bound_of(settings)
        return Preparation(settings)

    def answer(self, queries: Sequence[Query], timed: int) -> Iterator[Answer | Failure]:
        """The closest passages, then the question; worked examples before both, if any.

        Where no passage comes near the question, the task's own 'I do not know', without the model.
        """
        shown = worked_examples(self.view.spec, self.index, self.view.train, self.k, self.examples)
        asked = ask(self.bench, self.index, queries, self.k, shown)
        done, left, timed = split_off(self.bench, self.index, asked, self.bound, timed)
        yield from done
        yield from answer_all(self.bench, left, timed=timed, constraint=self.constraint)


def _work(amounts: Amounts, effort: Effort) -> Work:
    trials = sum(
        len(tried) for tried in (effort.passages, effort.reading_examples) if len(tried) > 1
    )
    trials += len(effort.contexts) - 1
    trials += (1 if trials else 2) if amounts.closed else 0
    return asking(amounts, amounts.question + max(effort.passages) * amounts.passage, trials)


RUNG = RungType(
    name="rag",
    title="Retrieval",
    what="The base model, with passages from your documents shown before each question.",
    needs=frozenset({"documents", "embeddings"}),
    seeded=False,
    build=RagRung,
    work=_work,
)
