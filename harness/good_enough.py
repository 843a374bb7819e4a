"""When a climb may stop: at the first rung that reaches the target."""

from harness.assemble import rung_of
from harness.climb import reached
from harness.rungs import rungs
from harness.so_far import SoFar
from harness.store import Plan


def good_enough(plan: Plan, so_far: SoFar) -> str | None:
    """The lowest rung that is finished and reaches the target; None as long as none does."""
    for name in dict.fromkeys(map(rung_of, plan.cells)):
        found = so_far.of(name) if name in rungs() else None
        if found is None:
            continue
        if reached(found, plan.target, plan.margin, so_far.failed(name)):
            return name
    return None
