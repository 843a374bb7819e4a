"""Files of a saved model or adapter, read with an error that says which one is damaged."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuning.errors import TuningError

if TYPE_CHECKING:
    import torch


def read_json(file: Path) -> dict[str, Any]:
    """The object in a JSON file.

    Raises:
        TuningError: it is cut off, or something else than an object.
    """
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:  # also where the bytes are no text
        raise damaged(file, str(error)) from error
    if not isinstance(found, dict):
        raise damaged(file, "not a JSON object")
    return found


def read_tensors(file: Path) -> "dict[str, torch.Tensor]":
    """The tensors of a safetensors file by name; a pickle under its name is not opened as one.

    Raises:
        TuningError: it is cut off, or no such file.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(file)
    except (SafetensorError, OSError) as error:
        raise damaged(file, str(error)) from error


def damaged(file: Path, why: str) -> TuningError:
    """The error for a file that cannot be read as what it says it is."""
    return TuningError(
        f"{file} is damaged ({why})",
        "restore the file; or remove its folder, and train or download that again",
    )
