"""Language models behind one door: `open_model` picks the small engine or the library path."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuning.errors import TuningError
from tuning.files import read_json
from tuning.models.base import Generated, LanguageModel
from tuning.models.llama.weights import unsupported

if TYPE_CHECKING:
    import torch

__all__ = ["Generated", "LanguageModel", "open_model", "open_tokenizer"]


def open_tokenizer(folder: Path) -> Any:
    """The tokenizer of a model folder; code in the folder is never run."""
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(
        str(folder), trust_remote_code=False, local_files_only=True
    )


def open_model(
    folder: Path,
    *,
    dtype: "torch.dtype",
    device: "torch.device",
    path: str = "auto",
    four_bit: bool = False,
) -> LanguageModel:
    """Load a model folder.

    Args:
        folder: config.json, tokenizer and *.safetensors.
        dtype: type of the frozen weights.
        device: where they live.
        path: ``auto`` takes the engine for what it supports and the library otherwise;
            ``engine`` or ``library`` insist.
        four_bit: hold the linear layers in 4 bits, to learn an adapter on; by the library alone.

    Raises:
        TuningError: not a model folder, or the engine was asked for and cannot run it; or there
            are no 4 bits on this machine, or for this model.
    """
    from tuning.models.library import LibraryModel
    from tuning.models.llama.engine import EngineModel

    makers: dict[str, Callable[..., LanguageModel]] = {
        "engine": EngineModel,
        "library": LibraryModel,
    }
    if path not in ("auto", *makers):
        raise TuningError(f"unknown path {path!r}", f"choose one of auto, {', '.join(makers)}")
    config = folder / "config.json"
    if not config.is_file():
        raise TuningError(f"{folder} holds no config.json", "give a folder with a saved model")
    if four_bit:
        return LibraryModel(folder, open_tokenizer(folder), dtype, device, four_bit=True)
    if path == "auto":
        path = "library" if unsupported(read_json(config)) else "engine"
    return makers[path](folder, open_tokenizer(folder), dtype, device)
