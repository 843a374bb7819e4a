"""Whether a training began to learn by heart, from its recorded curve."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from harness.diagnosis.findings import Overfitting
from harness.diagnosis.subject import Subject
from harness.types import Preparation

Curve = Sequence[Mapping[str, Any]]
"""Looks at dev, as a rung's effort records them; see `tuning.outcome.Point`."""
KEPT = "kept"
"""Marks the look whose state was kept."""


def curve_of(prepared: Preparation) -> Curve:
    """The curve of the trial that was kept, its look that was kept marked; empty without one."""
    rate = prepared.settings.get("learning_rate")
    tried: Any = prepared.effort.get("tried") or ()
    trial: Mapping[str, Any] = next((t for t in tried if t.get("learning_rate") == rate), {})
    best = (trial.get("dev_metric"), trial.get("dev_loss"))
    return [
        {**look, KEPT: (look.get("dev_metric"), round(look["dev_loss"], 4)) == best}
        for look in trial.get("curve") or ()
    ]


def overfitting(subject: Subject) -> Overfitting | None:
    """What the curves say, over all seeds; None for a rung that was not trained."""
    curves = [curve for curve in subject.curves if curve]
    if not curves:
        return None
    kept = [_kept(curve) for curve in curves]
    gaps = [float(look["dev_loss"]) - float(look["train_loss"]) for look in kept]
    widest = max(range(len(kept)), key=lambda place: gaps[place])
    return Overfitting(
        trainings=len(curves),
        looks=max(map(len, curves)),
        rising=max(map(rising_looks, curves)),
        train_loss=float(kept[widest]["train_loss"]),
        dev_loss=float(kept[widest]["dev_loss"]),
    )


def _kept(curve: Curve) -> Mapping[str, Any]:
    """The look whose state answers: the metric chose it, and not always the least loss."""
    marked = (look for look in curve if look.get(KEPT))
    return next(marked, None) or min(curve, key=lambda look: float(look["dev_loss"]))


def rising_looks(curve: Curve) -> int:
    """The most looks in a row at which loss on dev rose while loss on train fell."""
    most = run = 0
    for before, after in pairwise(curve):
        apart = (
            after["dev_loss"] > before["dev_loss"] and after["train_loss"] < before["train_loss"]
        )
        run = run + 1 if apart else 0
        most = max(most, run)
    return most
