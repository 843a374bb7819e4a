"""What each rung tried on dev, and what the user decided instead, as rows of text. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final

from advisor.money_tables import Rows
from advisor.numbers import capital, dev_score, interval, seconds, setting
from harness.demonstrations import FIXED
from harness.experiment import ArmResult, Experiment
from harness.given import SET_BY_USER, WANTED
from harness.types import Json

TITLE: Final = "What was tried on dev"
ONE_ERROR: Final = "by more than its usual scatter (one standard error of the difference)"
"""By how much another setting must lead, in words: `harness.choosing.taken`."""
NOTE: Final = (
    "Shares are scores on dev; where it says found, they are the share of questions whose answer "
    f"stood in a passage. The usual setting was kept unless another led {ONE_ERROR}. Learning "
    "rates, the bound for 'I do not know' and the passages that retrieval with fine-tuning shows "
    "go by rules of their own."
)
"""How to read `efforts`."""
IN_A_LINE: Final = 4
"""Trials of a setting; more stand in a line each."""
_RESULTS: Final = ("dev_score", "dev_metric", "dev_recall")
_INTERVAL: Final = ("low", "high")
_MEASURED: Final = (
    *_RESULTS, *_INTERVAL, "dev_loss", "steps", "seconds", "seconds_a_question", "curve"
)  # fmt: skip
"""Keys of a trial that are results; the others are what was tried."""
_ELSEWHERE: Final = ("retrievers_tried", "passage_sizes_tried")
"""Told where it is told how passages were found."""
_TITLES: Final = {
    "passages": "Passages before the question",
    "passage_words": "Longest passage, in words",
    "worked_examples": "Worked examples with passages",
    "demonstrations": "Worked examples",
    "layout": "How passages stand",
    "calibrated": "Labels counted by what the question adds",
    "context": "Shown of a passage found",
    "context_tokens": "Tokens of the question's own passages, at most",
    "reranker": "Second look by a reranker",
    "examples": "Which worked examples",
    "prompt": "Prompts",
    "decoding": "Answers",
    "abstains_below": "Says 'I do not know' below a closeness of",
}
"""Settings whose name is not plain enough."""


def efforts(experiment: Experiment) -> Rows | None:
    """Every setting that was tried or decided, rung by rung, a row each; None where none was."""
    rows = tuple(
        (arm.title, *row) for arm in experiment.rungs.values() for row in (*_tried(arm), *_set(arm))
    )
    return Rows("Settings of each rung", ("Rung", "Setting", "On dev"), rows, 3) if rows else None


def chosen_on(experiment: Experiment, dev_rows: int) -> str:
    """Of how many rows the shares on dev are.

    Args:
        experiment: with the size of its dev set.
        dev_rows: that its effort compares answers on, at most. What is found needs no model and
            is looked at on all of dev.
    """
    known = experiment.task.n_dev
    used = min(known, dev_rows)
    if used == known:
        return f"Settings were chosen on dev: {known:,} rows."
    return (
        f"Settings were chosen on dev. Scores on it are of the first {used:,} of its {known:,} "
        f"rows; shares found are of all {known:,}."
    )


def _tried(arm: ArmResult) -> Iterator[tuple[str, str]]:
    for key, listed in arm.effort.items():
        if key in _ELSEWHERE or not (key == "tried" or key.endswith("_tried")):
            continue
        trials = [trial for trial in listed or () if _what(trial)]
        for name, group in groupby(trials, lambda trial: next(iter(_what(trial)))):
            own = list(group)
            between = ", " if len(own) <= IN_A_LINE else "\n"
            said = between.join(_trial(trial, arm.settings) for trial in own)
            by = arm.effort.get("judged_by") if "dev_metric" in own[0] else None
            said += f"{between}by {by}" if by else ""
            if not any(_is_taken(trial, arm.settings) for trial in own):
                said += _otherwise(name, arm.settings)
            yield title_of(name), said


def _otherwise(name: str, settings: Mapping[str, Json]) -> str:
    """What was taken where it is none of the trials: no bound, or what was tried before them."""
    if name in settings:
        return f"; {setting(settings[name])} was taken"
    return "; none was taken" if name == "abstains_below" else ""


def _set(arm: ArmResult) -> Iterator[tuple[str, str]]:
    wanted = arm.effort.get(WANTED) or {}
    for name in arm.effort.get(SET_BY_USER) or ():
        said = f"all there are; you set {wanted[name]}" if name in wanted else "set by you"
        yield title_of(name), f"{setting(arm.settings.get(name))}, {said}"


def title_of(name: str) -> str:
    """A setting's name in words."""
    return _TITLES.get(name) or capital(name.replace("_", " "))


def _what(trial: Mapping[str, Json]) -> dict[str, Json]:
    return {name: value for name, value in trial.items() if name not in _MEASURED}


def _trial(trial: Mapping[str, Json], settings: Mapping[str, Json]) -> str:
    """'2: 44 % (taken)'."""
    what = _what(trial)
    value = next(iter(what.values()))
    said = setting(value)
    if value == FIXED:
        said += f" (set {int(what.get('draw', 0)) + 1})"
    scored = next((trial[key] for key in _RESULTS if key in trial), None)
    found = "found " if "dev_recall" in trial else ""
    took = f" in {seconds(trial['seconds'])}" if "seconds" in trial else ""
    if "seconds_a_question" in trial:
        took = f" for {seconds(trial['seconds_a_question'])} a question"
    taken = " (taken)" if _is_taken(trial, settings) else ""
    ends = [trial.get(end) for end in _INTERVAL]
    sure = f" ({interval(*ends)})" if None not in ends else ""
    return f"{said}: {found}{dev_score(scored)}{sure}{took}{taken}"


def _is_taken(trial: Mapping[str, Json], settings: Mapping[str, Json]) -> bool:
    what = _what(trial)
    return next(iter(what)) in settings and all(settings.get(k, v) == v for k, v in what.items())


def given_up(arm: ArmResult) -> Sequence[str]:
    """Learning rates that led nowhere, with the reason."""
    lost = arm.effort.get("given_up") or {}
    return [f"Learning rate {rate} was given up: {why}." for rate, why in lost.items()]
