"""A LoRA adapter trained on the examples; no documents at question time."""

from collections.abc import Iterator, Mapping, Sequence

from harness.adapting import train_adapter, tuned_decoding
from harness.answering import Asked, answer_all
from harness.decoding import decoding_of, with_decoding
from harness.prompts import render
from harness.rung import RungType
from harness.trials import plain_lesson
from harness.types import Answer, Failure, Json, Preparation, Query, TrainView
from harness.work import tuning_on
from harness.workbench import Workbench
from tuning.constrain import Constraint


class FinetuneRung:
    """See `harness.rung.Rung`."""

    def __init__(self, view: TrainView, bench: Workbench) -> None:
        self.view, self.bench = view, bench
        self.constraint: Constraint | None = None

    def prepare(self, settings: Mapping[str, Json] | None) -> Preparation:
        """Train, or load what an interrupted process has trained."""
        spec = self.view.spec
        train = [plain_lesson(spec, example) for example in self.view.train]
        dev = [plain_lesson(spec, example) for example in self.bench.dev(self.view.dev)]
        prepared = train_adapter(self.bench, train, dev)
        if settings is not None:
            self.constraint = decoding_of(self.bench, settings)
            return Preparation(settings)
        decoding = tuned_decoding(self.bench, dev)
        self.constraint = decoding.constraint
        settings = {**prepared.settings, **decoding.settings}
        return Preparation(settings, with_decoding(prepared.effort, decoding))

    def answer(self, queries: Sequence[Query], timed: int) -> Iterator[Answer | Failure]:
        """The same prompt as the prompt rung's, read by the tuned model."""
        return answer_all(self.bench, self.asked(queries), timed=timed, constraint=self.constraint)

    def asked(self, queries: Sequence[Query]) -> list[Asked]:
        """What is put before the model."""
        return [Asked(query, render(self.view.spec, query.text)) for query in queries]


RUNG = RungType(
    name="finetune",
    title="Fine-tuning",
    what="The base model with a small adapter (LoRA) trained on your examples.",
    needs=frozenset({"weights"}),
    seeded=True,
    build=FinetuneRung,
    work=lambda amounts, effort: tuning_on(amounts, effort, amounts.question),
)
