"""Whether the model knows the answers without the documents, said before compute is spent on them.

It stops nothing: that the questions need no documents is for the user to judge.
"""

from collections.abc import Sequence

from harness.assemble import rung_of
from harness.cell import INDEX, cell_name
from harness.diagnosis.material import item_metric, material_of
from harness.fairness import READERS, base_knows
from harness.metric import fitted
from harness.rungs import rungs
from harness.scoring import table_of
from harness.store import Plan, Run

ALONE = "prompt"
"""The rung that shows what the model knows by itself."""
COSTLY = frozenset({"documents", "weights"})
"""Needs of the rungs before which it is said."""


class KnownAlready:
    """Looks once, when the prompt has answered and the first costly cell is next."""

    def __init__(self, run: Run, plan: Plan) -> None:
        self.run, self.plan = run, plan
        self._open = bool(set(READERS) & set(map(rung_of, plan.cells)))

    def before(self, cells: Sequence[str]) -> str:
        """What to say before these cells run; empty where there is nothing to say.

        Args:
            cells: still to run.
        """
        cell = cell_name(ALONE, 0)
        if not self._open or not any(map(_costly, cells)) or not self.run.finished(cell):
            return ""
        self._open = False
        known = base_knows(self.run.heldout(), {ALONE: self._right(cell)})
        if known.holds is not False:
            return ""
        return f"The questions may not need your documents: {known.detail}. The check goes on."

    def _right(self, name: str) -> tuple[bool | None, ...]:
        """Which questions the prompt gets right, as the checklist counts it at the end."""
        spec, heldout, cell = self.plan.spec, self.run.heldout(), self.run.cell(name)
        metric = fitted(item_metric(spec), self.run.view())
        tables = {name: table_of(cell.answers, heldout, spec, [metric])}
        found = material_of(spec, heldout, (), {ALONE: [cell]}, tables, None)
        return found.subjects[ALONE].right


def _costly(cell: str) -> bool:
    name = rung_of(cell)
    return name == INDEX or (name in rungs() and bool(rungs()[name].needs & COSTLY))
