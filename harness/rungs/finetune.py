"""A LoRA adapter trained on the examples; no documents at question time."""

from collections.abc import Iterator, Mapping, Sequence

from harness.adapting import Lesson, train_adapter
from harness.answering import Asked, answer_all
from harness.prompts import render
from harness.rung import RungType
from harness.types import Answer, Example, Failure, Json, Preparation, Query, TrainView
from harness.work import tuning_on
from harness.workbench import Workbench


class FinetuneRung:
    """See `harness.rung.Rung`."""

    def __init__(self, view: TrainView, bench: Workbench) -> None:
        self.view, self.bench = view, bench

    def prepare(self, settings: Mapping[str, Json] | None) -> Preparation:
        """Train, or load what an interrupted process has trained."""
        train = [self._lesson(example) for example in self.view.train]
        dev = [self._lesson(example) for example in self.bench.dev(self.view.dev)]
        return train_adapter(self.bench, train, dev)

    def answer(self, queries: Sequence[Query], timed: int) -> Iterator[Answer | Failure]:
        """The same prompt as the prompt rung's, read by the tuned model."""
        asked = [Asked(query, render(self.view.spec, query.text)) for query in queries]
        return answer_all(self.bench, asked, timed=timed)

    def _lesson(self, example: Example) -> Lesson:
        query = Query(example.id, example.question)
        return Lesson(example, Asked(query, render(self.view.spec, example.question)))


RUNG = RungType(
    name="finetune",
    title="Fine-tuning",
    what="The base model with a small adapter (LoRA) trained on your examples.",
    needs=frozenset({"weights"}),
    seeded=True,
    build=FinetuneRung,
    work=lambda amounts, effort: tuning_on(amounts, effort, amounts.question),
)
