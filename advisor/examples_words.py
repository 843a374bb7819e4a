"""What dev said of worked examples, in words. Pure."""

from advisor.numbers import count, dev_score
from harness.experiment import Experiment

RUNG = "few_shot"
TITLE = "Worked examples"
_FOUND = {"no": "did harm", "unclear": "did not clearly help"}


def about_examples(experiment: Experiment) -> str:
    """That worked examples did not help on dev; empty where they did or nothing was compared."""
    arm = experiment.rungs.get(RUNG)
    found = arm.effort.get("against_none") if arm else None
    if arm is None or not found or found["help"] not in _FOUND:
        return ""
    shown = count(arm.settings["demonstrations"], "example")
    return (
        f"On dev, worked examples {_FOUND[found['help']]}: {dev_score(found['shown'])} with "
        f"{shown}, {dev_score(found['none'])} without any. They are shown all the same; the prompt "
        "rung does without."
    )
