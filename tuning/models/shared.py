"""What both implementations need: common prefixes, waves that fit into memory, adapter files."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tuning.errors import TuningError
from tuning.files import damaged, read_json, read_tensors
from tuning.recipe import AdapterShape

if TYPE_CHECKING:
    import torch

PEFT_PREFIX = "base_model.model."
"""What PEFT puts before every module name in an adapter file."""

WAVE_TOKENS = 16_384
"""Tokens a wave of answers may hold: about 30 long prompts, measured best on two cores."""
WAVE_ROWS = 64
"""Rows a wave of answers may have."""

NOT_PLAIN = (
    "use_dora",
    "use_rslora",
    "rank_pattern",
    "alpha_pattern",
    "modules_to_save",
    "layer_replication",
    "alora_invocation_tokens",
    "use_qalora",
    "use_bdlora",
    "kasa_config",
    "monteclora_config",
    "arrow_config",
)
"""Options of PEFT's LoRA that change what the matrices mean."""


HEADS = {"lm_head", "embed_out", "score"}
"""What linear layers are called that give a word's or a label's logits."""
SENSES = re.compile("vision|visual|image|audio|speech")
"""In names of layers that read something else than text."""


def lora_key(name: str, matrix: str) -> str:
    """What an adapter file calls matrix ``A`` or ``B`` of a layer."""
    return f"{PEFT_PREFIX}{name}.lora_{matrix}.weight"


def common_prefix(rows: Sequence[Sequence[int]]) -> int:
    """Number of leading ids that all rows share, at least one id of each row left over.

    A single row shares nothing: there would be nothing to gain.
    """
    if len(rows) < 2:
        return 0
    # rows between these two share at least what the two share
    first, last = min(map(list, rows)), max(map(list, rows))
    limit = min(len(row) for row in rows) - 1
    shared = 0
    while shared < limit and first[shared] == last[shared]:
        shared += 1
    return shared


def waves(lengths: Sequence[int], budget: int, most: int = WAVE_ROWS) -> Iterator[list[int]]:
    """Indices in order of length, cut so that rows times longest length stays in the budget.

    Args:
        lengths: tokens each row will hold.
        budget: tokens a wave may hold; a single longer row makes a wave of its own.
        most: rows a wave may have.
    """
    wave: list[int] = []
    for index in sorted(range(len(lengths)), key=lambda i: lengths[i]):
        if wave and ((len(wave) + 1) * lengths[index] > budget or len(wave) == most):
            yield wave
            wave = []
        wave.append(index)
    if wave:
        yield wave


def waves_within(
    lengths: Sequence[int], budget: int, window: int | None, shared: int, most: int = WAVE_ROWS
) -> Iterator[list[int]]:
    """Like `waves`; rows of one length where padding would matter.

    A sliding window counts the padded slots between a short row and its answer.

    Args:
        lengths: tokens each row will hold after those that all share.
        budget: see `waves`.
        window: tokens that attention reaches back; None for all.
        shared: tokens that all rows begin with.
        most: see `waves`.
    """
    if window is None or shared + max(lengths, default=0) <= window:
        yield from waves(lengths, budget, most)
        return
    for length in sorted(set(lengths)):
        same = [row for row, own in enumerate(lengths) if own == length]
        for wave in waves([length] * len(same), budget, most):
            yield [same[at] for at in wave]


class SavedAdapter(NamedTuple):
    """An adapter read from disk."""

    shape: AdapterShape
    tensors: "dict[str, torch.Tensor]"
    """By PEFT's names, ``….lora_A.weight`` (rank, in) and ``….lora_B.weight`` (out, rank)."""


def write_adapter(folder: Path, shape: AdapterShape, tensors: "Mapping[str, torch.Tensor]") -> None:
    """Write PEFT's two files; peft.PeftModel.from_pretrained reads them."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    # Written by hand: importing PEFT takes longer than training does on a small task.
    config = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "r": shape.rank,
        "lora_alpha": shape.alpha,
        "lora_dropout": 0.0,
        "bias": "none",
        "fan_in_fan_out": False,
        "inference_mode": True,
        "target_modules": sorted({name.split(".")[-3] for name in tensors}),
    }
    (folder / "adapter_config.json").write_text(json.dumps(config, indent=1), encoding="utf-8")
    # the weights last: their presence says that the adapter is complete
    temporary = folder / "adapter_model.safetensors.tmp"
    ready = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    save_file(ready, temporary, metadata={"format": "pt"})
    temporary.replace(folder / "adapter_model.safetensors")


def read_adapter(folder: Path) -> SavedAdapter:
    """Read PEFT's two files.

    Raises:
        TuningError: a file is missing or damaged, or the adapter is of a kind that is not plain
            LoRA.
    """
    config_file, weights_file = folder / "adapter_config.json", folder / "adapter_model.safetensors"
    for file in (config_file, weights_file):
        if not file.is_file():
            raise TuningError(
                f"{file} is missing", "give the folder of a LoRA adapter saved as safetensors"
            )
    config = read_json(config_file)
    if config.get("peft_type") != "LORA":
        raise TuningError(
            f"{folder} holds a {config.get('peft_type')} adapter", "give a LoRA adapter"
        )
    for option in NOT_PLAIN:
        if config.get(option):
            raise TuningError(
                f"{folder} uses {option}, which is not supported", "give a plain LoRA adapter"
            )
    rank, alpha = config.get("r"), config.get("lora_alpha")
    if not isinstance(rank, int) or rank < 1 or not isinstance(alpha, int | float):
        raise damaged(config_file, f"r is {rank}, lora_alpha is {alpha}")
    return SavedAdapter(AdapterShape(rank, config["lora_alpha"]), read_tensors(weights_file))


def linear_layers(base: "torch.nn.Module") -> dict[str, tuple[int, int]]:
    """(in, out) of a transformers model's linear layers, by the names they have without PEFT."""
    import torch

    return {
        name.removesuffix(".base_layer"): (layer.in_features, layer.out_features)
        for name, layer in base.named_modules()
        if isinstance(layer, torch.nn.Linear)
    }


def must_fit(saved: SavedAdapter, places: Mapping[str, tuple[int, int]], folder: Path) -> None:
    """Refuse an adapter made for another base, of which PEFT notices only some.

    Args:
        saved: the adapter.
        places: (in, out) of every layer of the base that an adapter may change, by its name in
            transformers.
        folder: where the adapter was read.

    Raises:
        TuningError: a matrix has no layer here, or another shape than the layer needs; one of a
            pair is missing, so that the base alone would answer under the adapter's name.
    """
    rank = saved.shape.rank
    for key, tensor in saved.tensors.items():
        name, _, part = key.removeprefix(PEFT_PREFIX).partition(".lora_")
        if name not in places or part not in ("A.weight", "B.weight"):
            raise TuningError(
                f"{folder}: {key} has no place in this base", "load the adapter on its own base"
            )
        n_in, n_out = places[name]
        wanted = (rank, n_in) if part == "A.weight" else (n_out, rank)
        if tensor.shape != wanted:
            raise TuningError(
                f"{folder}: {key} has shape {tuple(tensor.shape)}, this base needs {wanted}",
                "load the adapter on its own base",
            )
    halves = Counter(key.rpartition(".lora_")[0] for key in saved.tensors)
    if not halves or min(halves.values()) < len("AB"):
        half = next((name for name, n in halves.items() if n < len("AB")), "every layer")
        raise TuningError(
            f"{folder}: the adapter's file lacks matrices of {half.removeprefix(PEFT_PREFIX)}",
            "copy the adapter again, or train it again",
        )


def refuse_unless_addable(name: str, there: Sequence[str], whole: bool, folder: Path) -> None:
    """Raise what stands against putting an adapter beside others.

    Raises:
        TuningError: the name is taken or cannot be one, or all weights were learned.
    """
    if not re.fullmatch(r"[A-Za-z0-9_-]+", name) or name in there:
        why = "is there already" if name in there else "cannot name an adapter"
        raise TuningError(f"{name!r} {why}", "give another name of letters, digits, - and _")
    if whole:
        raise TuningError(
            f"{folder} is a whole model, not an adapter: it shares no base with others",
            "open it by itself",
        )


def must_be_known(adapters: Sequence[str | None], there: Sequence[str], rows: int) -> None:
    """Refuse rows whose adapter was never added.

    Raises:
        TuningError: there is none of that name.
        ValueError: there is not one entry for every row.
    """
    if len(adapters) != rows:
        raise ValueError(f"{len(adapters)} adapters for {rows} prompts; expected one each")
    for name in adapters:
        if name is not None and name not in there:
            known = ", ".join(there) or "none is there"
            raise TuningError(f"there is no adapter {name!r}", f"add it first; there: {known}")


def known_targets(names: Sequence[str]) -> list[str]:
    """The linear layers of a model that LoRA adapts, by the last part of their names.

    All but the vocabulary head: adapting attention alone underperforms even at the same number of
    parameters ("LoRA Without Regret", Thinking Machines 2025). Not from a list of usual names, of
    which Phi-3 has two, for it computes queries, keys and values in one.

    Args:
        names: dotted names of the model's linear modules.
    """
    return sorted({name.rsplit(".", 1)[-1] for name in names} - HEADS)


def adapted_layers(base: Any) -> list[str]:
    """What PEFT is told to adapt of a transformers model: see `known_targets`, of its decoder only.

    What reads pictures or sound is left as it is, for nothing but text is learned from. Last parts
    of names where they tell apart; else, as with a vision tower that has a q_proj too, whole names.
    """
    every = [*linear_layers(base)]
    decoder = base.get_decoder()
    inside = next((name for name, one in base.named_modules() if one is decoder), "")
    within = [name for name in every if name.startswith(f"{inside}.")]
    wanted = [name for name in within or every if not SENSES.search(name)]
    targets = known_targets(wanted)
    named = {name for name in every if name.rsplit(".", 1)[-1] in targets}
    return targets if named <= {*wanted} else sorted(named & {*wanted})
