"""Headline scores of rungs that are finished, while others are still at work."""

from collections.abc import Sequence
from functools import cached_property

from harness.assemble import Arm, headline_estimate, rung_of
from harness.experiment import Estimate
from harness.metric import Metric, fitted
from harness.rungs import rungs
from harness.scoring import headline
from harness.store import Plan, Run
from harness.touched import note_scoring
from harness.types import Example


class SoFar:
    """Looks at each finished rung, floor or ceiling of a run once."""

    def __init__(self, run: Run, plan: Plan) -> None:
        self.run, self.plan = run, plan
        self._found: dict[str, Estimate] = {}
        self._failed: dict[str, float] = {}
        self._told: set[str] = set()
        for event in run.events()[0]:
            if event.kind == "scored":
                self._told.add(rung_of(event.cell))
            elif event.kind == "started" and event.cell:  # what is done anew is told anew
                self._told.discard(rung_of(event.cell))

    def of(self, name: str) -> Estimate | None:
        """The score, all seeds together; None as long as one of them is missing.

        A rung one of whose seeds is missing is not judged: the others could be the lucky ones.
        """
        if name not in self._found:
            cells = self._cells(name)
            if not cells or not all(self.run.finished(cell) for cell in cells):
                return None
            arm = Arm(name, tuple(self.run.cell(cell) for cell in cells))
            failed = sum(len(cell.failures) for cell in arm.cells)
            answered = sum(len(cell.answers) for cell in arm.cells)
            self._failed[name] = failed / max(1, failed + answered)
            spec = self.plan.spec
            self._found[name] = headline_estimate(arm, self._metric, self._heldout, spec)
        return self._found[name]

    def failed(self, name: str) -> float:
        """Share of its answers that failed, over its seeds, 0 to 1, of one that has a score."""
        return self._failed[name]

    def tell(self, cells: Sequence[str]) -> None:
        """Report what these cells complete, unless it was before, and note that it was looked at.

        An earlier process may have finished a rung and been stopped before it could tell.
        """
        for name in dict.fromkeys(map(rung_of, cells)):
            found = None if name in self._told else self.of(name)
            if found is None or found.mean is None:
                continue
            self._told.add(name)
            own = self._cells(name)
            if name in rungs():  # floors and ceilings have nothing that could be chosen by it
                note_scoring(self.run, self.plan, [self.run.cell(cell) for cell in own])
            figures = {
                "metric_title": self._metric.title,
                "mean": found.mean,
                "low": found.low,
                "high": found.high,
                "n": found.n,
                "n_failed": found.n_failed,
            }
            self.run.say("scored", cell=own[-1], figures=figures)

    @cached_property
    def _heldout(self) -> tuple[Example, ...]:
        return self.run.heldout()

    @cached_property
    def _metric(self) -> Metric:
        """Documents and rows are read for it once, not for every rung."""
        return fitted(headline(self.plan.spec), self.run.view())

    def _cells(self, name: str) -> list[str]:
        return [cell for cell in self.plan.cells if rung_of(cell) == name]
