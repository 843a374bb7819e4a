"""The base model with a well-made instruction and nothing else."""

from collections.abc import Iterator, Mapping, Sequence

from harness.answering import Asked, answer_all
from harness.prompts import render
from harness.rung import RungType
from harness.types import Answer, Failure, Json, Preparation, Query, TrainView
from harness.work import asking
from harness.workbench import Workbench


class PromptRung:
    """See `harness.rung.Rung`."""

    def __init__(self, view: TrainView, bench: Workbench) -> None:
        self.view, self.bench = view, bench

    def prepare(self, settings: Mapping[str, Json] | None) -> Preparation:
        """Nothing to learn."""
        return Preparation()

    def answer(self, queries: Sequence[Query], timed: int) -> Iterator[Answer | Failure]:
        """The system prompt and the question."""
        asked = [Asked(query, render(self.view.spec, query.text)) for query in queries]
        return answer_all(self.bench, asked, timed=timed)


RUNG = RungType(
    name="prompt",
    title="Prompt",
    what="The base model with one clear instruction.",
    needs=frozenset(),
    seeded=False,
    build=PromptRung,
    work=lambda amounts, effort: asking(amounts, amounts.question),
)
