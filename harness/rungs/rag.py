"""Passages from the documents before the question; the model itself stays as it is."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from harness.answering import answer_all, answers_only
from harness.choosing import choose
from harness.effort import Effort
from harness.looking_up import ask, choose_retriever, retriever_of
from harness.retrieval import CHUNK_WORDS, open_index, recall_at_k
from harness.rung import RungType
from harness.types import Answer, Failure, Json, Preparation, Query, TrainView
from harness.work import Amounts, Work, asking
from harness.workbench import Workbench
from rag.index import Index


class RagRung:
    """See `harness.rung.Rung`."""

    def __init__(self, view: TrainView, bench: Workbench) -> None:
        self.view, self.bench = view, bench
        self.k = 0

    @cached_property
    def index(self) -> Index:
        """The run's index; `prepare` sets how it is looked up."""
        return open_index(self.bench, self.view.documents)

    def prepare(self, settings: Mapping[str, Json] | None) -> Preparation:
        """Choose on dev how passages are looked up, then how many to show."""
        if settings is not None:
            self.k = int(str(settings["passages"]))
            self.index = retriever_of(settings, self.index)
            return Preparation(settings)
        found = choose_retriever(self.bench, self.index, self.view.dev)
        self.index = found.looked_up
        dev = self.bench.dev(self.view.dev)
        queries = [Query(example.id, example.question) for example in dev]

        def score(k: int) -> float | None:
            self.k = k
            return self.bench.dev_score(dev, answers_only(self.answer(queries, 0)))

        ks = self.bench.effort.passages
        choice = choose("passages", ks, score, len(dev), self.bench.say)
        self.k = choice.value
        recall = recall_at_k(self.index, dev, [self.k])[self.k] if dev else None
        return Preparation(
            {
                "retriever": self.index.retriever.name,
                "passages": self.k,
                "passage_words": CHUNK_WORDS,
                "indexed_passages": len(self.index.chunks),
                "dev_recall": recall,
                "embedder": self.bench.embedder.name,
            },
            {**choice.effort, "retrievers_tried": found.tried},
        )

    def answer(self, queries: Sequence[Query], timed: int) -> Iterator[Answer | Failure]:
        """The closest passages, then the question."""
        asked = ask(self.bench, self.view.spec, self.index, queries, self.k)
        return answer_all(self.bench, asked, timed=timed)


def _work(amounts: Amounts, effort: Effort) -> Work:
    trials = len(effort.passages) if len(effort.passages) > 1 else 0
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
