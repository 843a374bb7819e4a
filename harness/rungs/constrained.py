"""The prompt rung's prompt, with decoding that can only give an allowed answer."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from harness.answering import Asked, answer_all
from harness.closed_answers import CLOSED, constraint_of
from harness.prompts import render
from harness.rung import RungType
from harness.types import Answer, Failure, Json, Preparation, Query, TrainView
from harness.work import asking
from harness.workbench import Workbench
from tuning.constrain import Constraint


class ConstrainedRung:
    """See `harness.rung.Rung`."""

    def __init__(self, view: TrainView, bench: Workbench) -> None:
        self.view, self.bench = view, bench

    @cached_property
    def constraint(self) -> Constraint:
        """One of the labels, or JSON by the schema."""
        return constraint_of(self.view.spec, self.bench.local().tokenizer)

    def prepare(self, settings: Mapping[str, Json] | None) -> Preparation:
        """Nothing to learn; a schema that answers cannot be held to is an error here."""
        _ = self.constraint
        return Preparation(settings or {"method": CLOSED[self.view.spec.kind]})

    def answer(self, queries: Sequence[Query], timed: int) -> Iterator[Answer | Failure]:
        """The system prompt and the question; of the next tokens, the likeliest allowed one."""
        asked = [Asked(query, render(self.view.spec, query.text)) for query in queries]
        return answer_all(self.bench, asked, timed=timed, constraint=self.constraint)


RUNG = RungType(
    name="constrained",
    title="Constrained prompt",
    what="The base model with the same instruction, able to write allowed answers only: a label "
    "of the list, or JSON by the schema. JSON that runs into the length limit is cut, and not "
    "valid.",
    needs=frozenset({"closed_answers", "decoder"}),
    seeded=False,
    build=ConstrainedRung,
    work=lambda amounts, effort: asking(amounts, amounts.question, answer=amounts.answer),
)
