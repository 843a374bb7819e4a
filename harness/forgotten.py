"""How much of what a base model could do is left after training, and in which word that is said.

For each skill the loss is the part of what the base could do that is gone: of its right answers
(above what guessing gives), or of the likelihood it gave to each word of a text. The index is the
mean over skills, a gain in one counting nothing against a loss in another; its form is that of the
forgetting measured by Luo et al. 2023 (arXiv 2308.08747), with losses alone. No threshold for it is
known from the literature: those below are this product's choice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.compare import holm, paired
from harness.experiment import Estimate
from harness.intervals import mean_interval
from harness.stats.power import discordant_needed
from harness.stats.scores import Floats, score_rows
from harness.stats.verdicts import Comparison

LITTLE = 0.10
"""Loss below which a skill, or all of them together, counts as kept: our choice."""
MUCH = 0.30
"""Loss of a skill from which on much is forgotten: our choice."""
SHARE_MARGIN = 0.10
"""Difference of shares that does not matter, for thirty items or so: our choice."""
NATS_MARGIN = 0.05
"""Of nats a token: a twentieth more perplexity. Our choice."""
LEVELS = ("little", "some", "much", "cannot be told")
NOTHING = "nothing there to forget"
DRAWS = 4_000

Row = Sequence[float | None]
FAMILY = 5
"""Skills that are compared together; `harness.probes.forgetting.PARTS` has as many."""


@dataclass(frozen=True, slots=True)
class Skill:
    """One kind of items, of the base and of the trained model at each seed."""

    name: str
    base: Row
    """A value an item: a share, or nats a token."""
    now: Sequence[Row]
    nats: bool = False
    """The values are nats a token, less is better."""
    chance: float = 0.0
    """Share that guessing gets right."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of one skill."""

    comparison: Comparison
    """Now less base, higher is better; p corrected over all skills."""
    loss: float | None
    """Part of what the base could do that is gone; negative where it grew. None where the base
    could do nothing of it."""


def kept(skills: Sequence[Skill]) -> dict[str, Kept]:
    """Each skill compared, all together as one family."""
    compared = [
        paired(*_arms(skill), margin=NATS_MARGIN if skill.nats else SHARE_MARGIN)
        for skill in skills
    ]
    return {
        skill.name: Kept(one, _loss(skill, one))
        for skill, one in zip(skills, holm(compared), strict=True)
    }


def could(skill: Skill) -> bool:
    """Whether the base could do enough of it for a loss to be shown at all.

    Right on so few items that losing every one of them could not be shown, or no better than
    guessing by its own interval: then there is nothing there to forget.
    """
    if skill.nats:
        return True
    known = [value for value in skill.base if value is not None]
    low = mean_interval(skill.base).low
    return (
        sum(known) >= discordant_needed(contrasts=FAMILY) and low is not None and low > skill.chance
    )


def index(skills: Sequence[Skill], seed: int = 0) -> Estimate:
    """Mean loss over the skills that the base had, with its 95 % interval.

    Drawn by a Bayesian bootstrap (Rubin 1981) over each skill's items; the seeds are averaged. As
    no loss counts below zero, chance alone lifts it a little: it errs towards forgetting.
    """
    rng = np.random.default_rng(seed)
    had = [skill for skill in skills if could(skill)]
    points, drawn, n = [], [], 0
    for skill in had:
        base, now = _both(skill)
        if not len(base):
            continue
        n += len(base)
        weights = rng.standard_exponential((DRAWS, len(base)))
        weights /= weights.sum(axis=1, keepdims=True)
        points.append(float(_lost(skill, base.mean(keepdims=True), now.mean(keepdims=True))[0]))
        drawn.append(_lost(skill, weights @ base, weights @ now))
    if not points:
        return Estimate(None, None, None, 0, 0)
    mean = float(np.mean(points))
    low, high = np.quantile(np.mean(drawn, axis=0), (0.025, 0.975))
    return Estimate(mean, min(mean, float(low)), max(mean, float(high)), n, 0)


def level(found: Mapping[str, Kept], overall: Estimate) -> tuple[str, tuple[str, ...]]:
    """The verdict, and the skills that it rests on.

    Much or some: a skill is shown to be worse, and the loss is `MUCH` or more, or `LITTLE` or more.
    Little: none is shown to have lost that, and the index stays below `LITTLE` by its interval.
    """
    shown = {
        name: one.loss
        for name, one in found.items()
        if one.comparison.verdict == "worse" and one.loss is not None and one.loss >= LITTLE
    }
    if shown:
        word = LEVELS[2] if max(shown.values()) >= MUCH else LEVELS[1]
        return word, tuple(sorted(shown, key=lambda name: -shown[name]))
    if overall.high is not None and overall.high < LITTLE:
        return LEVELS[0], ()
    return LEVELS[3], ()


def _arms(skill: Skill) -> tuple[Sequence[Row], Row]:
    """Both rows, higher is better; nats as gains over the base, whose range is that of changes."""
    if not skill.nats:
        return skill.now, skill.base
    gains = [
        [None if a is None or b is None else a - b for a, b in zip(skill.base, row, strict=True)]
        for row in skill.now
    ]
    return gains, [0.0] * len(skill.base)


def _loss(skill: Skill, one: Comparison) -> float | None:
    if not could(skill) or one.difference is None:
        return None
    base, now = _both(skill)
    return float(_relative(skill, np.array([base.mean()]), np.array([now.mean()]))[0])


def _both(skill: Skill) -> tuple[Floats, Floats]:
    """Values of the items that all have, the seeds averaged."""
    rows = np.vstack([score_rows(skill.base), score_rows(skill.now)])
    rows = rows[:, ~np.isnan(rows).any(axis=0)]
    return rows[0], rows[1:].mean(axis=0)


def _relative(skill: Skill, base: Floats, now: Floats) -> Floats:
    if skill.nats:
        return np.asarray(1.0 - np.exp(base - now))
    able = np.maximum(base - skill.chance, 1e-9)
    return np.asarray((base - now) / able)


def _lost(skill: Skill, base: Floats, now: Floats) -> Floats:
    return np.asarray(np.clip(_relative(skill, base, now), 0.0, 1.0))
