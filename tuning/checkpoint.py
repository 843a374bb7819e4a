"""Where training stands, in one file, so that a killed process costs little.

About a minute, or twenty times what writing the file takes, where that is longer.

The file is a safetensors file: tensors as such, all else as JSON in its header. Neither can run
code when it is read, and one rename makes both of one moment.
"""

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tuning.outcome import Point
from tuning.recipe import Recipe

if TYPE_CHECKING:
    import torch

    from tuning.objective import Objective

FORMAT: Final = "rungwise training 1"
FOLDER: Final = "checkpoint"
"""Beside the best adapter, in a folder of its own: no reader of weights may take it for some."""
FILE: Final = "training.safetensors"
BEFORE: Final = "best-before."
"""What the name of earlier weights begins with, kept until no checkpoint names them any more."""
WEIGHTS: Final = ("adapter_model.safetensors", "model.safetensors")
"""The best so far: an adapter, or a whole model."""


class UnusableError(Exception):
    """A checkpoint that this training cannot go on from; the words say why."""


@dataclass
class TrainingState:
    """How far a training is, apart from its tensors."""

    step: int = 0
    """Optimiser steps made."""
    points: list[Point] = field(default_factory=list)
    best: Point | None = None
    best_sum: str = ""
    """Check sum of the best one's weights."""
    since: list[float] = field(default_factory=list)
    """Losses of the steps since the last evaluation."""
    worse: int = 0
    """Evaluations without improvement, in a row."""
    tokens: int = 0
    seconds: float = 0.0
    rows: dict[str, int] = field(default_factory=dict)
    """See `tuning.memory.Room`."""
    recompute: bool = False


def fingerprint(
    objective: "Objective[Any]", recipe: Recipe, parameters: "Sequence[torch.Tensor]"
) -> str:
    """Check sum of all that decides how a training goes; another one's checkpoint has another."""
    shapes = [[*tensor.shape] for tensor in parameters]
    rows = [[*row] for row in objective.rows]
    told = [FORMAT, asdict(recipe), shapes, rows, *objective.settings()]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def write(
    folder: Path, whose: str, state: TrainingState, tensors: "Mapping[str, torch.Tensor]"
) -> None:
    """Replace the checkpoint; the file is the old one or the new one at every moment.

    Args:
        folder: where the best adapter goes.
        whose: `fingerprint` of the training.
        state: how far it is.
        tensors: what is learned and what the optimiser remembers.

    Raises:
        OSError: the disk is full, or the folder cannot be written.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    told = {**asdict(state), "points": [[*point] for point in state.points]}
    told["best"] = None if state.best is None else [*state.best]
    header = {"format": "pt", "kind": FORMAT, "whose": whose, "standing": json.dumps(told)}
    file = folder / FOLDER / FILE
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_suffix(".tmp")
    try:
        ready = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
        save_file(ready, unfinished, metadata=header)
        with unfinished.open("rb+") as out:
            os.fsync(out.fileno())
        unfinished.replace(file)
        for earlier in file.parent.glob(f"{BEFORE}*"):
            earlier.unlink()
    except SafetensorError as error:  # how the library says that the disk is full
        raise OSError(str(error)) from error
    finally:
        unfinished.unlink(missing_ok=True)


def read(folder: Path, whose: str) -> "tuple[TrainingState, dict[str, torch.Tensor]] | None":
    """Where an interrupted process left off; None where none did.

    Args:
        folder: where the best adapter goes.
        whose: `fingerprint` of the training that wants to go on.

    Raises:
        UnusableError: damaged, or of another training.
    """
    from safetensors import SafetensorError, safe_open

    file = folder / FOLDER / FILE
    if not file.is_file():
        return None
    try:
        with safe_open(file, "pt") as opened:
            header: dict[str, str] = opened.metadata() or {}
            if header.get("kind") != FORMAT or header.get("whose") != whose:
                raise UnusableError("it is of another training")
            state = _state(json.loads(header["standing"]))
            if state.best is not None and not _best_is(folder, state.best_sum):
                raise UnusableError("the best adapter so far is not the one beside it")
            return state, {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
        raise UnusableError(f"it is damaged ({error})") from error


def set_aside(folder: Path) -> None:
    """Put away a checkpoint that cannot be used, so that the next one does not replace it."""
    file = folder / FOLDER / FILE
    with contextlib.suppress(OSError):
        file.replace(file.with_name(f"{FILE}.unusable"))


def remove(folder: Path) -> None:
    """Remove the checkpoint, once the training's outcome is written down elsewhere."""
    shutil.rmtree(folder / FOLDER, ignore_errors=True)


def _state(told: dict[str, Any]) -> TrainingState:
    points = [Point(*point) for point in told.pop("points")]
    best = told.pop("best")
    told.pop("noise", None)  # of versions that kept it
    if "twice" in told:  # of versions that called it so
        told["recompute"] = told.pop("twice")
    return TrainingState(**told, points=points, best=None if best is None else Point(*best))


def lay_by(folder: Path) -> None:
    """Before better weights are saved: keep those that the checkpoint on disk names."""
    for name in WEIGHTS:
        kept = folder / FOLDER / f"{BEFORE}{name}"
        # where some lie there, no checkpoint was written since, and they are the ones it names
        if (folder / name).is_file() and (folder / FOLDER / FILE).is_file() and not kept.exists():
            (folder / name).replace(kept)


def best_sum(folder: Path) -> str:
    """Check sum of the weights that were best so far; empty where they are gone."""
    return next((_sum(folder / name) for name in WEIGHTS if (folder / name).is_file()), "")


def _best_is(folder: Path, wanted: str) -> bool:
    """Whether the weights are those that a checkpoint names; earlier ones are put back."""
    if best_sum(folder) == wanted:
        return True
    for earlier in (folder / FOLDER).glob(f"{BEFORE}*"):
        if _sum(earlier) == wanted:
            earlier.replace(folder / earlier.name.removeprefix(BEFORE))
            return True
    return False


def _sum(file: Path) -> str:
    with file.open("rb") as weights:
        return hashlib.file_digest(weights, "sha256").hexdigest()
