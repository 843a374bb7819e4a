"""Retrieval read by an adapter that was trained to read: passages, distractors included, in train.

Bolting retrieval onto a model tuned without passages can lose most of what either gains
(RAFT, arXiv 2403.10131, table 1), so here every training prompt holds retrieved passages, laid out
as at question time.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from harness.adapting import train_adapter, trained_before, tuned_decoding
from harness.answering import Asked, answer_all, fitted
from harness.decoding import decoding_of, with_decoding
from harness.effort import Effort
from harness.looking_up import ask, choose_retriever, retriever_of
from harness.prompts import render
from harness.retrieval import (
    as_context,
    closest_of,
    contexts_for,
    evidence,
    holds_answer,
    open_index,
    recall_at_k,
    right_passages,
)
from harness.rung import RungType
from harness.trials import Lesson
from harness.types import Answer, Context, Example, Failure, Json, Preparation, Query, TrainView
from harness.work import Amounts, Work, tuning_on
from harness.workbench import Workbench
from rag.index import Hit, Index
from rag.widen import TIMES_AS_LONG
from tuning.constrain import Constraint

LEFT_OUT = 0.2
"""Share of training rows whose missing answer passage stays missing, so that the model also meets
questions that retrieval fails on (RAFT trains with 20 to 40 % of them)."""


class RagFinetuneRung:
    """See `harness.rung.Rung`."""

    def __init__(self, view: TrainView, bench: Workbench) -> None:
        self.view, self.bench = view, bench
        self.k = 0
        self.constraint: Constraint | None = None

    @cached_property
    def index(self) -> Index:
        """The run's index; `prepare` sets how it is looked up."""
        return open_index(self.bench, self.view.documents)

    def prepare(self, settings: Mapping[str, Json] | None) -> Preparation:
        """Choose retriever and number of passages on dev, then train with them in the prompt."""
        if settings is not None:
            self.k = int(str(settings["passages"]))
            self.index = retriever_of(settings, self.index, self.bench)
            self.constraint = decoding_of(self.bench, settings)
            prepared = trained_before(self.bench) or self._train()[0]
            return Preparation({**prepared.settings, **settings})
        found = choose_retriever(self.bench, self.index, self.view.dev)
        self.index = found.looked_up
        # Recall needs no model, so it is measured on all of dev; at least two passages, for there
        # must be a distractor to learn to pass over, unless the user wants a single one.
        least = 1 if self.bench.given.retrieval.passages else 2
        ks = [max(least, k) for k in self.bench.passage_counts]
        recall = recall_at_k(self.index, self.view.dev, ks, self.view.spec)
        best = max((value for value in recall.values() if value is not None), default=None)
        self.k = min(
            k for k, value in recall.items() if best is None or (value or 0) >= best - 0.02
        )
        prepared, dev = self._train()
        decoding = tuned_decoding(self.bench, dev)
        self.constraint = decoding.constraint
        settings = {
            **prepared.settings,
            **decoding.settings,
            **found.settings,
            "passages": self.k,
            "dev_recall": recall[self.k],
        }
        looked_at = [{"passages": k, "dev_recall": value} for k, value in recall.items()]
        tried = {**found.effort, "passages_tried": looked_at}
        return Preparation(settings, {**with_decoding(prepared.effort, decoding), **tried})

    def answer(self, queries: Sequence[Query], timed: int) -> Iterator[Answer | Failure]:
        """The same prompt as the rag rung's, read by the tuned model."""
        return answer_all(self.bench, self.asked(queries), timed=timed, constraint=self.constraint)

    def asked(self, queries: Sequence[Query]) -> list[Asked]:
        """What is put before the model."""
        return ask(self.bench, self.index, queries, self.k)

    def taught(self) -> list[Lesson]:
        """The rows that it was trained on, each with its passages."""
        return self._lessons(self.view.train, True)

    def _train(self) -> tuple[Preparation, list[Lesson]]:
        """Train, or load what an interrupted process has trained; with the dev rows."""
        dev = self._lessons(self.bench.dev(self.view.dev), False)
        return train_adapter(self.bench, self.taught(), dev), dev

    def _lessons(self, examples: Sequence[Example], mend: bool) -> list[Lesson]:
        """Examples with their passages; for training, a missed answer passage is put in.

        As many passages as fit when such a question is answered: a row that is too long would be
        lost to training, and what is dropped there must not be learned from here.
        """
        found = contexts_for(self.index, [example.question for example in examples], self.k)
        if mend:
            shown = [one.asked for one in self._laid_out(examples, found)]
            found = [one.contexts for one in shown]
            room = [len(one.contexts) if one.dropped else self.k for one in shown]
            self._put_in(examples, found, room)
        return self._laid_out(examples, found)

    def _laid_out(
        self, examples: Sequence[Example], found: Sequence[tuple[Context, ...]]
    ) -> list[Lesson]:
        lessons = []
        for example, contexts in zip(examples, found, strict=True):
            query = Query(example.id, example.question)
            prompt = render(self.view.spec, example.question, contexts)
            lessons.append(Lesson(example, fitted(self.bench, Asked(query, prompt, contexts))))
        return lessons

    def _put_in(
        self, examples: Sequence[Example], found: list[tuple[Context, ...]], room: Sequence[int]
    ) -> None:
        """Where the answer is missed, the farthest passage gives way to one that holds it.

        The one that search ranks highest, as it would bring it if it looked a little farther; the
        passage of a wrong matter that has the same figure in it would teach to take any. It takes
        the place of the farthest of those that there is room for: behind them it would be the
        first to be dropped.
        """
        spec, rng = self.view.spec, random.Random(self.bench.seed)
        missed = [
            at
            for at, (example, contexts) in enumerate(zip(examples, found, strict=True))
            if holds_answer(example, contexts, spec) is False
            and rng.random() >= LEFT_OUT
            and evidence(example, spec)
        ]
        if not missed:
            return
        shown = [self.index.with_context(row) for row in range(len(self.index.chunks))]
        asked = [examples[at] for at in missed]
        rows = right_passages(shown, asked, spec)
        closest = closest_of(self.index, [example.question for example in asked], rows)
        for at, row in zip(missed, closest, strict=True):
            if row is not None:
                right = as_context(Hit(shown[row], 0.0))
                found[at] = (*found[at][: max(0, room[at] - 1)], right)


def _work(amounts: Amounts, effort: Effort) -> Work:
    passages = max(2, *effort.passages) * TIMES_AS_LONG[effort.contexts[0]]
    return tuning_on(amounts, effort, amounts.question + amounts.read(passages))


RUNG = RungType(
    name="rag_finetune",
    title="Retrieval with fine-tuning",
    what="Passages from your documents, read by a model that was trained to read them.",
    needs=frozenset({"documents", "embeddings", "weights"}),
    seeded=True,
    build=RagFinetuneRung,
    work=_work,
    made_of=("rag", "finetune"),
)
