"""Full fine-tuning: all weights of a model learned, saved as a model folder, and taken back."""

import json
import shutil
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tuning.errors import TuningError
from tuning.files import WEIGHTS, each_tensor, lacking, read_json, weight_files

if TYPE_CHECKING:
    import torch

HEAD: Final = "lm_head.weight"
KEPT: Final = ("*.json", "*.txt", "*.model", "*.jinja")
"""Files beside the weights that a saved model needs too: configuration and tokenizer."""


class Masters:
    """What the optimiser changes: the weights themselves, or float32 copies of them.

    A step of a learning rate of 1e-4 is below half a unit in the last place of most bfloat16
    weights: added there it would be lost. Gradients are added up in float32 as well.

    Args:
        weights: by name, as the model reads them; each a tensor of its own.
    """

    def __init__(self, weights: "Mapping[str, torch.Tensor]") -> None:
        import torch

        self._weights = dict(weights)
        self.learned: list[torch.Tensor] = []
        self._hooks: list[Any] = []
        for weight in self._weights.values():
            weight.requires_grad_()
            if weight.dtype == torch.float32:
                self.learned.append(weight)
                continue
            master = weight.detach().float().requires_grad_()
            self.learned.append(master)
            hook = partial(_hand_over, master)
            self._hooks.append(weight.register_post_accumulate_grad_hook(hook))

    def sync(self) -> None:
        """Bring the weights that the model reads up to date."""
        import torch

        with torch.no_grad():
            for weight, master in zip(self._weights.values(), self.learned, strict=True):
                if weight is not master:
                    weight.copy_(master)

    def release(self) -> None:
        """Leave the weights as they are, and no longer to be learned."""
        for hook in self._hooks:
            hook.remove()
        for weight in self._weights.values():
            weight.requires_grad_(False).grad = None


def _hand_over(master: "torch.Tensor", weight: "torch.Tensor") -> None:
    """Add a weight's gradient to that of its float32 copy, and free it."""
    # taken off first: where memory runs out below, the step is done again, and what stayed would
    # count twice
    grad, weight.grad = weight.grad, None
    if grad is None:
        return
    if master.grad is None:
        master.grad = grad.float()
    else:
        master.grad.add_(grad)


def is_whole(folder: Path) -> bool:
    """Whether a folder holds a model of its own rather than an adapter."""
    return (folder / "config.json").is_file() and not (folder / "adapter_config.json").is_file()


def write_model(folder: Path, base: Path, weights: "Mapping[str, torch.Tensor]") -> None:
    """Write a model folder that this program and transformers open.

    Args:
        folder: to be made.
        base: what was trained; its configuration and tokenizer are taken over.
        weights: by the names that the architecture has in transformers.
    """
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    for pattern in KEPT:
        for file in base.glob(pattern):
            if not file.name.endswith(".index.json"):  # it names the base's files of weights
                shutil.copy(file, folder)
    config = read_json(base / "config.json")
    dtype = str(next(iter(weights.values())).dtype).removeprefix("torch.")
    config |= {key: dtype for key in ("dtype", "torch_dtype") if key in config}
    if HEAD in weights and config.get("tie_word_embeddings"):
        # the base had a head of its own all the same: readers that believe the other would drop
        # what was learned of it
        config["tie_word_embeddings"] = False
    (folder / "config.json").write_text(json.dumps(config, indent=1), encoding="utf-8")
    # the weights last: their presence says that the model is complete
    unfinished = folder / f"{WEIGHTS}.tmp"
    ready = {name: weight.detach().cpu().contiguous() for name, weight in weights.items()}
    save_file(ready, unfinished, metadata={"format": "pt"})
    unfinished.replace(folder / WEIGHTS)


def take_over(folder: Path, weights: "Mapping[str, torch.Tensor]") -> None:
    """Fill a model's weights from a model folder.

    Raises:
        TuningError: a weight is missing or has another shape; the weights may be half filled.
    """
    import torch

    left = dict(weights)
    with torch.no_grad():
        for file in weight_files(folder):
            for name, found in each_tensor(file):
                weight = left.pop(name, None)
                if weight is None:  # buffers, in files of older releases
                    continue
                if found.shape != weight.shape:
                    raise TuningError(
                        f"{folder}: {name} has shape {tuple(found.shape)}, this base needs "
                        f"{tuple(weight.shape)}",
                        "load the model that was trained from this base",
                    )
                weight.copy_(found)
    if left:
        raise lacking(min(left), folder)
