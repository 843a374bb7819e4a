"""When a climb may stop: at the first rung that reaches the target."""

from harness.assemble import headline_estimate, rung_of
from harness.climb import reached
from harness.rungs import rungs
from harness.store import Plan, Run


class GoodEnough:
    """Looks at a run's finished rungs, each once."""

    def __init__(self, run: Run, plan: Plan) -> None:
        self.run, self.plan = run, plan
        self._lows: dict[str, float | None] = {}

    def found(self) -> str | None:
        """The lowest rung that is finished and reaches the target; None as long as none does.

        A rung one of whose seeds is missing is not judged: the others could be the lucky ones.
        """
        for name in dict.fromkeys(map(rung_of, self.plan.cells)):
            if name in rungs() and self._finished(name):
                if name not in self._lows:
                    self._lows[name] = headline_estimate(self.run, self.plan, name).low
                if reached(self._lows[name], self.plan.target, self.plan.margin):
                    return name
        return None

    def _finished(self, name: str) -> bool:
        cells = [cell for cell in self.plan.cells if rung_of(cell) == name]
        return all(self.run.finished(cell) for cell in cells)
