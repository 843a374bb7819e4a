"""Approaches, one a file: each module declares `RUNG`. Adding a file here adds a rung."""

from functools import cache

from harness.closed_answers import CLOSED
from harness.plugins import load_plugins, pick
from harness.rung import RungType
from harness.types import Kind

LADDER = (
    "prompt", "few_shot", "searched_prompt", "constrained", "rag", "finetune", "rag_finetune",
    "preference",
)  # fmt: skip
"""The order of effort: a later rung costs more to build and to keep."""


@cache
def rungs() -> dict[str, RungType]:
    """All rungs by name, in order of effort."""
    found = {rung.name: rung for rung in load_plugins(__name__, "RUNG", RungType)}
    return {name: found[name] for name in sorted(found, key=_place)}


def rung_type(name: str) -> RungType:
    """One rung.

    Raises:
        UserError: there is no rung of that name; the fix lists those there are.
    """
    return pick(rungs(), name, "rung", "[check] rungs")


def trains(name: str) -> bool:
    """Whether a rung changes the model's weights; False for what is no rung."""
    return name in rungs() and "weights" in rungs()[name].needs


def rungs_for(kind: Kind, *, pairs: bool = False) -> tuple[str, ...]:
    """Those that can take a kind of task, in order of effort.

    Args:
        kind: of task.
        pairs: whether there are preference pairs to learn from.
    """
    lacking = {"closed_answers"} if kind not in CLOSED else set()
    lacking |= set() if pairs else {"preferences"}
    return tuple(name for name, rung in rungs().items() if not rung.needs & lacking)


def title_of(name: str) -> str:
    """A rung's title, also where a stored run names one that is no longer there."""
    return rungs()[name].title if name in rungs() else name.replace("_", " ").capitalize()


def _place(name: str) -> int:
    return LADDER.index(name) if name in LADDER else len(LADDER)
