"""A trained adapter, or the model it makes, as files that other programs can load.

Only weights are computed here. Tokenizer, chat template and configuration are the base's own files,
copied: written anew they lose what an older reader looks for, and a model that is read with another
rope or another template answers as if it had never been tuned.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tuning.encode import stop_ids
from tuning.errors import TuningError
from tuning.files import INDEX, damaged, read_json, read_tensors, weight_files
from tuning.models import open_tokenizer
from tuning.models.shared import PEFT_PREFIX, SavedAdapter, lora_key, read_adapter

if TYPE_CHECKING:
    import torch

TOKENIZER_FILES = (
    "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
    "vocab.json", "merges.txt", "tokenizer.model", "spiece.model", "chat_template.jinja",
    "chat_template.json",
)  # fmt: skip
"""What a tokenizer may consist of; code is never copied."""
TEMPLATE = "chat_template.jinja"
OF_HERE = ("auto_map", "is_local", "local_files_only", "name_or_path")
"""Entries of tokenizer_config.json that name code, or how it was once loaded."""
ANY_FAST = "PreTrainedTokenizerFast"
"""The class under which every release of transformers reads a tokenizer.json."""


class Answering(NamedTuple):
    """How the answers came about that an exported model has to repeat: greedy, and no longer."""

    max_new_tokens: int


class BaseName(NamedTuple):
    """What others have to load before the adapter."""

    name: str
    """A hub id, or a folder's name."""
    revision: str = ""
    """The hub's commit; empty where there is none."""


def export_adapter(
    adapter: Path, base: Path, name: BaseName, answering: Answering, out: Path
) -> None:
    """Write an adapter in PEFT's format, with the tokenizer it was trained with.

    Args:
        adapter: folder with PEFT's two files.
        base: folder of the model it was trained on.
        name: of that model, for those who load the adapter elsewhere.
        answering: goes into generation_config.json.
        out: a folder that is there.

    Raises:
        TuningError: the adapter cannot be read.
    """
    read_adapter(adapter)  # what is damaged or no plain LoRA is refused before anything is written
    config = read_json(adapter / "adapter_config.json")
    # PEFT notes the path on this machine, which nobody else has and which may tell a user's name
    config |= {
        "base_model_name_or_path": name.name,
        "revision": name.revision or None,
        "inference_mode": True,
    }
    _write(out / "adapter_config.json", config)
    shutil.copyfile(adapter / "adapter_model.safetensors", out / "adapter_model.safetensors")
    _copy_tokenizer(base, answering, out)


def export_merged(
    adapter: Path, base: Path, dtype: "torch.dtype", answering: Answering, out: Path
) -> None:
    """Write the base with the adapter added to its weights: W + (alpha / rank) B A.

    The sum is taken in float32 and rounded once. Tensors keep the base's names and files, so that
    a head that is tied to the embedding stays tied. In memory is one file of weights at a time.

    Args:
        adapter: folder with PEFT's two files.
        base: folder of the model it was trained on.
        dtype: of all weights written.
        answering: goes into generation_config.json.
        out: a folder that is there.

    Raises:
        TuningError: the base is quantised, or its files name their tensors in another way than
            the adapter does.
    """
    from safetensors.torch import save_file

    saved, config = read_adapter(adapter), read_json(base / "config.json")
    if config.get("quantization_config"):
        raise TuningError(
            "the base's weights are quantised; nothing can be added to them without loss",
            "export the adapter, without --merge",
        )
    left = _modules(saved)
    files = weight_files(base)
    for file in files:
        tensors = read_tensors(file)
        for key, tensor in tensors.items():
            tensors[key] = _merged(key, tensor, left, saved).to(_kept(tensor, dtype)).contiguous()
        save_file(tensors, out / file.name, metadata={"format": "pt"})
    if left:
        raise TuningError(
            f"the base's files hold no {min(left)}.weight, which the adapter changes",
            "export the adapter, without --merge, and merge it with PEFT",
        )
    if (base / INDEX).is_file():
        size = sum((out / file.name).stat().st_size for file in files)
        _write(out / INDEX, {**read_json(base / INDEX), "metadata": {"total_size": size}})
    _write(out / "config.json", readable_by_older(config, str(dtype).removeprefix("torch.")))
    _copy_tokenizer(base, answering, out)


def export_whole(
    model: Path, base: Path, dtype: "torch.dtype", answering: Answering, out: Path
) -> None:
    """Write a model whose weights all were trained.

    Args:
        model: folder that `save_adapter` wrote.
        base: folder of the model it was trained from; the tokenizer is that one's.
        dtype: of all weights written.
        answering: goes into generation_config.json.
        out: a folder that is there.

    Raises:
        TuningError: the model cannot be read.
    """
    from safetensors.torch import save_file

    config = read_json(model / "config.json")
    for file in weight_files(model):
        found = read_tensors(file)
        written = {name: one.to(_kept(one, dtype)).contiguous() for name, one in found.items()}
        save_file(written, out / file.name, metadata={"format": "pt"})
    _write(out / "config.json", readable_by_older(config, str(dtype).removeprefix("torch.")))
    _copy_tokenizer(base, answering, out)


def bytes_of(base: Path, itemsize: int) -> int:
    """Bytes that a model's weights take when each is written with so many; read off the headers."""
    import math

    from safetensors import SafetensorError, safe_open

    total = 0
    for file in weight_files(base):
        try:
            with safe_open(file, "pt") as tensors:
                total += sum(math.prod(tensors.get_slice(k).get_shape()) for k in tensors.keys())  # noqa: SIM118
        except SafetensorError as error:
            raise damaged(file, str(error)) from error
    return total * itemsize


def readable_by_older(config: Mapping[str, Any], dtype: str) -> dict[str, Any]:
    """A config.json that says everything in the words of older readers, too.

    transformers 5 writes rope_parameters and dtype; what reads rope_theta only (transformers 4,
    older servers and converters) finds none, takes 10,000 and computes other angles without a word.
    """
    known = {key: config[key] for key in config if key not in ("_name_or_path", "auto_map")}
    rope = config.get("rope_parameters") or {}
    if "rope_theta" in rope:  # else it is by kind of layer, which older readers do not know
        known.setdefault("rope_theta", rope["rope_theta"])
        if rope.get("rope_type", "default") != "default":
            scaling = {key: value for key, value in rope.items() if key != "rope_theta"}
            known.setdefault("rope_scaling", scaling)
    return {**known, "dtype": dtype, "torch_dtype": dtype}


def _merged(
    key: str, tensor: "torch.Tensor", left: set[str], saved: SavedAdapter
) -> "torch.Tensor":
    """A weight of the base with what the adapter adds; crossed off the list of what is left."""
    import torch

    name = key.removesuffix(".weight")
    if name not in left or name == key:
        return tensor
    a = saved.tensors[lora_key(name, "A")]
    b = saved.tensors[lora_key(name, "B")]
    if (b.shape[0], a.shape[1]) != tuple(tensor.shape):
        raise TuningError(
            f"{key} has shape {tuple(tensor.shape)}, the adapter's is {(b.shape[0], a.shape[1])}",
            "export from the machine that holds the base it was trained on",
        )
    left.discard(name)
    with torch.no_grad():
        return tensor.float() + saved.shape.scale * (b.float() @ a.float())


def _modules(saved: SavedAdapter) -> set[str]:
    """Names of the layers that an adapter changes."""
    return {
        name.removeprefix(PEFT_PREFIX).removesuffix(".lora_A.weight")
        for name in saved.tensors
        if name.endswith(".lora_A.weight")
    }


def _kept(tensor: "torch.Tensor", dtype: "torch.dtype") -> "torch.dtype":
    """The type to write a tensor in; counters and masks stay as they are."""
    return dtype if tensor.is_floating_point() else tensor.dtype


def _copy_tokenizer(base: Path, answering: Answering, out: Path) -> None:
    """Tokenizer and chat template, readable by older releases, and how answers end."""
    for name in TOKENIZER_FILES:
        if (base / name).is_file():
            shutil.copyfile(base / name, out / name)
    tokenizer = open_tokenizer(base)
    file = out / "tokenizer_config.json"
    config = {key: value for key, value in read_json(file).items() if key not in OF_HERE}
    if config.get("tokenizer_class") == "TokenizersBackend":  # a name that only transformers 5 has
        config["tokenizer_class"] = ANY_FAST
        # under that class transformers 4 adds token_type_ids, which a Llama's generate refuses
        config.setdefault("model_input_names", ["input_ids", "attention_mask"])
    template = tokenizer.chat_template
    if isinstance(template, str):
        config["chat_template"] = template
    elif isinstance(template, dict):  # several, by name
        template = template.get("default")
    if template and not (out / TEMPLATE).is_file():  # a server that is told of a file needs one
        (out / TEMPLATE).write_text(template, encoding="utf-8")
    _write(file, config)
    stops: Sequence[int] = sorted(stop_ids(tokenizer))
    # a base's own file often asks for sampling, or stops at one of the two ends of an answer only
    generation = {
        "do_sample": False,
        "max_new_tokens": answering.max_new_tokens,
        "eos_token_id": stops,
        "pad_token_id": tokenizer.pad_token_id if tokenizer.pad_token_id is not None else stops[0],
    }
    if tokenizer.bos_token_id is not None:
        generation["bos_token_id"] = tokenizer.bos_token_id
    _write(out / "generation_config.json", generation)


def _write(file: Path, value: Mapping[str, Any]) -> None:
    file.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
