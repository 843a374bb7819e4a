"""The prompt rung's prompt, with decoding that can only give an allowed answer."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from harness.answering import Asked, answer_all, answers_only
from harness.choosing import choose
from harness.closed_answers import CALIBRATED, CLOSED, calibrated, constraint_of
from harness.effort import Effort
from harness.prompts import render
from harness.rung import RungType
from harness.scoring import Scored
from harness.types import Answer, Failure, Json, Preparation, Query, TrainView
from harness.work import Amounts, Work, asking
from harness.workbench import Workbench
from tuning.constrain import Constraint


class ConstrainedRung:
    """See `harness.rung.Rung`."""

    def __init__(self, view: TrainView, bench: Workbench) -> None:
        self.view, self.bench = view, bench

    @cached_property
    def constraint(self) -> Constraint:
        """One of the labels, or JSON by the schema; `prepare` may have labels calibrated."""
        return constraint_of(self.view.spec, self.bench.local().tokenizer)

    def prepare(self, settings: Mapping[str, Json] | None) -> Preparation:
        """Choose on dev how labels are counted.

        A schema that answers cannot be held to is an error here.
        """
        plain, spec = self.constraint, self.view.spec
        if settings is not None:
            self.constraint = self._calibrated() if settings.get(CALIBRATED) else plain
            return Preparation(settings)
        method: dict[str, Json] = {"method": CLOSED[spec.kind]}
        dev = self.bench.dev(self.view.dev)
        if spec.kind != "label" or not dev:
            return Preparation(method)
        ways = {False: plain, True: self._calibrated()}
        queries = [Query(example.id, example.question) for example in dev]

        def score(way: bool) -> Scored:
            self.constraint = ways[way]
            return self.bench.dev_scored(dev, answers_only(self.answer(queries, 0)))

        found = choose(CALIBRATED, tuple(ways), score, self.bench.say)
        self.constraint = ways[found.value]
        return Preparation({**method, CALIBRATED: found.value}, found.effort)

    def _calibrated(self) -> Constraint:
        local = self.bench.local()
        return calibrated(self.view.spec, local.tokenizer, local.model)

    def answer(self, queries: Sequence[Query], timed: int) -> Iterator[Answer | Failure]:
        """The system prompt and the question; of the next tokens, the likeliest allowed one."""
        asked = [Asked(query, render(self.view.spec, query.text)) for query in queries]
        return answer_all(self.bench, asked, timed=timed, constraint=self.constraint)


def _work(amounts: Amounts, effort: Effort) -> Work:
    """Answers to labels are tried on dev in two ways; JSON is not tried, which this overstates."""
    return asking(amounts, amounts.question, 2, amounts.answer)


RUNG = RungType(
    name="constrained",
    title="Constrained prompt",
    what="The base model with the same instruction, able to write allowed answers only: a label "
    "of the list, or JSON by the schema. JSON that runs into the length limit is cut, and not "
    "valid.",
    needs=frozenset({"closed_answers", "decoder"}),
    seeded=False,
    build=ConstrainedRung,
    work=_work,
)
