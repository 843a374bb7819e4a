"""The prompt that a search found, so that it can be used elsewhere. Pure."""

from collections.abc import Iterator, Sequence
from typing import Final

from advisor.numbers import count
from harness.experiment import ArmResult, Experiment
from harness.instructions import PLAIN

TITLE: Final = "The prompt that was found"
TEXTS: Final = (
    "prompt", "wording", "system", "before", "after", "count", "way", "draw", "shown",
)  # fmt: skip
"""Settings of a searched prompt that are told here, whole."""
QUESTION: Final = "{the question}"


def found_prompt(arm: ArmResult) -> tuple[tuple[str, str], ...]:
    """Names and texts of a rung's own prompt; empty where it asks as all others do."""
    settings = arm.settings
    if "system" not in settings:
        return ()
    usual = settings["wording"] == PLAIN
    shown = [
        "The wording is the usual one." if usual else f"What was changed: {settings['wording']}."
    ]
    if settings["count"]:
        examples = count(settings["count"], "worked example")
        stand = "stands" if settings["count"] == 1 else "stand"
        way = settings["way"]
        shown.append(f"{examples} of the training rows {stand} before each question: {way}.")
    proposer = arm.effort.get("proposer") or {}
    if proposer.get("failed"):
        shown.append(f"No proposed instruction was tried: {proposer['failed']}.")
    return (
        (TITLE, " ".join(shown)),
        ("System prompt", settings["system"]),
        ("Each question", f"{settings['before']}{QUESTION}{settings['after']}"),
        *_examples(settings.get("shown") or ()),
    )


def _examples(shown: Sequence[Sequence[str]]) -> Iterator[tuple[str, str]]:
    """Those that stand before every question; older runs have only their number on record."""
    for at, (question, answer) in enumerate(shown, 1):
        yield f"Worked example {at}", f"{question}\n→ {answer}"


def found_prompts(experiment: Experiment) -> str:
    """The same of all rungs, for a terminal, under `TITLE`; empty where none has one."""
    return "\n".join(
        _indented(text) if name == TITLE else f"{name}:\n{_indented(text)}"
        for arm in experiment.rungs.values()
        for name, text in found_prompt(arm)
    )


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())
