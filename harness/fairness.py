"""Was the comparison fair? One line a condition, each holds or says why not."""

from collections.abc import Sequence

from harness.errors import UserError
from harness.experiment import Check
from harness.floors import FLOORS
from harness.store import Cell, Plan, Run, runs_in
from harness.types import Example


def fairness(
    run: Run, plan: Plan, cells: Sequence[Cell], heldout: Sequence[Example]
) -> tuple[Check, ...]:
    """The checklist of a run."""
    ladder = [cell for cell in cells if cell.rung not in FLOORS]
    ids = {example.id for example in heldout}
    incomplete = [
        cell.cell
        for cell in cells
        if {a.query_id for a in cell.answers} | {f.query_id for f in cell.failures} != ids
    ]
    n_failed = sum(len(cell.failures) for cell in ladder)
    paths = sorted({f"{cell.path} on {cell.device}" for cell in ladder if cell.path})
    effort = ", ".join(
        f"{cell.rung} {cell.preparation.effort.get('dev_answers', 0)}" for cell in ladder
    )
    touched = _times_touched(run, plan)
    return (
        Check(
            "Every rung answered the same held-out questions",
            not incomplete,
            ", ".join(incomplete) or f"{len(ids)} questions, each once per rung and seed",
        ),
        Check(
            "Same base model for all rungs",
            len(paths) <= 1,
            f"{plan.generator}, {'; '.join(paths) or 'not used'}",
        ),
        Check(
            "Same system prompt, layout and decoding",
            True,
            f"one renderer, greedy, at most {plan.max_new_tokens} new tokens",
        ),
        Check(
            "Nothing was chosen on the held-out set",
            True,
            "cells receive held-out questions without their answers; settings were chosen on dev",
        ),
        Check(
            "The held-out set is fresh",
            touched <= 1,
            "first run on this held-out set"
            if touched <= 1
            else f"{touched} runs of this project used it; after many, its best result flatters",
        ),
        Check(
            "Effort is on record",
            True,
            f"{plan.effort}; dev answers spent on choosing: {effort or 'none'}",
        ),
        Check(
            "No answer failed",
            n_failed == 0,
            "all answered" if not n_failed else f"{n_failed} failed; not counted as wrong or right",
        ),
    )


def _times_touched(run: Run, plan: Plan) -> int:
    """Runs of the project that were made on the same held-out set, this one included."""
    return sum(_fingerprint(other) == plan.fingerprint for other in runs_in(run.folder.parents[1]))


def _fingerprint(run: Run) -> str:
    """Of a run's task; empty for a run that cannot be read, which must not spoil this one."""
    try:
        return run.plan().fingerprint
    except UserError:
        return ""
