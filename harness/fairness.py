"""Was the comparison fair? One line a condition, each holds or says why not."""

from collections.abc import Sequence

from harness.decoding import HELD
from harness.errors import UserError
from harness.experiment import Check
from harness.floors import FLOORS
from harness.rungs import rungs, title_of
from harness.store import Cell, Plan, Run, runs_in
from harness.types import Example

NO_ANSWER_FAILED = "No answer failed"


def fairness(
    run: Run, plan: Plan, cells: Sequence[Cell], heldout: Sequence[Example]
) -> tuple[Check, ...]:
    """The checklist of a run."""
    ladder = [cell for cell in cells if cell.rung not in FLOORS]
    ids = {example.id for example in heldout}
    incomplete = [
        cell.cell
        for cell in cells
        if sorted([*(a.query_id for a in cell.answers), *(f.query_id for f in cell.failures)])
        != sorted(ids)
    ]
    n_failed = sum(len(cell.failures) for cell in ladder)
    paths = sorted({f"{cell.path} on {cell.device}" for cell in ladder if cell.path})
    effort = ", ".join(
        f"{title_of(cell.rung).lower()} {cell.preparation.effort.get('dev_answers', 0)}"
        for cell in ladder
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
            _decoding(plan, ladder),
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
            NO_ANSWER_FAILED,
            n_failed == 0,
            "all answered" if not n_failed else f"{n_failed} failed; not counted as wrong or right",
        ),
    )


def _decoding(plan: Plan, ladder: Sequence[Cell]) -> str:
    """How answers come about; which rungs may say allowed answers only."""
    text = f"one renderer, greedy, at most {plan.max_new_tokens} new tokens"
    known = rungs()
    held = [
        c
        for c in ladder
        if (c.rung in known and "closed_answers" in known[c.rung].needs)
        or c.preparation.settings.get("decoding") == HELD  # did better so on dev
    ]
    names = ", ".join(dict.fromkeys(title_of(cell.rung).lower() for cell in held))
    return f"{text}; {names}: among allowed answers only" if names else text


def _times_touched(run: Run, plan: Plan) -> int:
    """This run and the earlier ones of the project whose results show the same questions.

    The fingerprint would not do: it also changes with the training rows and the instruction, which
    are what a user changes between looks at the same held-out set.
    """
    mine = {query.text for query in run.queries()}
    others = [other for other in runs_in(run.folder.parents[1]) if other.name != run.name]
    return 1 + sum(_saw(other, mine, plan.created) for other in others)


def _saw(other: Run, questions: set[str], before: str) -> bool:
    """Whether an earlier run told how it did on half of these questions or more.

    False for a run that cannot be read, which must not spoil this one.
    """
    try:
        if other.plan().created > before or not (other.folder / "experiment.json").is_file():
            return False
        shared = questions & {query.text for query in other.queries()}
    except (UserError, OSError):
        return False
    return 2 * len(shared) >= len(questions)
