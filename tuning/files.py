"""Files of a saved model or adapter, read with an error that says which one is damaged."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tuning.errors import TuningError

if TYPE_CHECKING:
    import torch

WEIGHTS: Final = "model.safetensors"
"""The weights of a model that lie in one file."""
INDEX: Final = "model.safetensors.index.json"
"""Where they lie in several: which tensor is in which."""


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
    return dict(each_tensor(file))


def each_tensor(file: Path) -> "Iterator[tuple[str, torch.Tensor]]":
    """The same, one at a time: what is done with does not stand beside the next.

    Raises:
        TuningError: see `read_tensors`.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, framework="pt") as opened:
            for name in opened.keys():  # noqa: SIM118, it is no dict
                yield name, opened.get_tensor(name)
    except (SafetensorError, OSError) as error:
        raise damaged(file, str(error)) from error


def weight_files(folder: Path) -> list[Path]:
    """The files that hold a model's weights.

    A folder may hold the same weights twice, in another vendor's layout: the index says which
    files belong together.

    Only safetensors count: a pickle can run code.

    Raises:
        TuningError: there is none, or the index is damaged.
    """
    if (folder / INDEX).is_file():
        places = read_json(folder / INDEX).get("weight_map")
        if not isinstance(places, dict) or not places:
            raise damaged(folder / INDEX, "it does not say which tensor is in which file")
        return [folder / str(name) for name in sorted(set(places.values()))]
    if (folder / WEIGHTS).is_file():
        return [folder / WEIGHTS]
    raise TuningError(f"no .safetensors file in {folder}", "save the model with save_pretrained")


def lacking(name: str, folder: Path) -> TuningError:
    """The error for a model whose files hold no tensor of that name."""
    return TuningError(
        f"{folder}: its files lack the tensor {name}",
        "download the model again, or save it with save_pretrained from a language model",
    )


def damaged(file: Path, why: str) -> TuningError:
    """The error for a file that cannot be read as what it says it is."""
    return TuningError(
        f"{file} is damaged ({why})",
        "restore the file; or remove its folder, and train or download that again",
    )
