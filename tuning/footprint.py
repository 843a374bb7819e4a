"""Memory that answering and each way of fine-tuning need, before anything runs.

Weights, gradients and optimiser: the usual accounting in bytes a weight (for AdamW: two float32
moments; Rajbhandari et al. 2020, arXiv 1910.02054; for 4 bit with double quantisation 0.516 bytes,
Dettmers et al. 2023, arXiv 2305.14314). Activations: counted from what the small engine keeps for
backward, layer by layer.
"""

from collections.abc import Callable
from typing import Literal, NamedTuple

from tuning.sizes import MOST_LAID_OUT, ModelSizes

Method = Literal["answer", "lora", "qlora", "full"]
METHODS: tuple[Method, ...] = ("answer", "lora", "qlora", "full")

FOUR_BIT = 4.127 / 8
"""Bytes a weight in NF4 with double quantisation."""
ADAM = 16.0
"""Bytes a learned weight in mixed precision: weight and gradient, float32 copy, two moments."""
ADAM_FLOAT32 = 12.0
"""Bytes a learned weight beside the weight itself: gradient and two moments, all in float32."""
MASTER = 4.0
"""Bytes of the float32 copy that is learned where the model computes in less."""


HOLES = 1.2
"""On the CPU, memory held over memory in use by activations: rows of ever other lengths leave gaps
between them. Measured: 1.19 on rows of 302 tokens, 1.24 on rows of 114 (float32, 8 rows a step)."""
HOLES_BF16 = 1.9
"""The same in bfloat16 training, and beside it what oneDNN keeps for every shape it has met. Fitted
to the peaks of 11 trainings on seven data sets (1.4 to 5.3 GB): nine within 12 %, two 20 and 34 %
below what is foretold, the last one of ten steps. That was before batches were filled up to shapes
that come again (`tuning.models.llama.batch`), of which oneDNN keeps fewer: on the careful side."""
LIBRARY = 1.8
"""Activations of transformers and PEFT over the engine's, which keeps what backward needs and pads
nothing. Measured on the CPU in float32 (SmolLM2-135M, 8 rows a step of 120 and of 260 tokens): 1.79
and 1.91 with whole weights, 1.73 and 1.80 with weights in 4 bits. On a card it was not measured."""
KERNELS_BF16 = 0.95e9
"""Bytes; fitted with `HOLES_BF16` before batches were filled up, and likewise careful."""


class Load(NamedTuple):
    """What is in the model at one time."""

    tokens: int
    """Tokens computed at once."""
    learned: int
    """Of them, tokens whose prediction is learned; in answering, rows: one prediction each."""
    context: int
    """Tokens that the longest row has."""
    rank: int = 16
    """Of the LoRA adapter."""
    precision_bytes: int = 2
    """2 for bfloat16, 4 for float32."""
    fused_attention: bool = True
    """Attention weights are not kept for backward: on CUDA they are not, on the CPU they are."""
    library: bool = False
    """transformers computes it, not the small engine."""
    cached: int = 0
    """In answering, tokens whose keys and values are held, where some are not computed anew."""
    checkpointing: bool = False
    """Only each layer's input is kept; the rest of one layer at a time is computed again."""
    shared: int = 0
    """Of `tokens` and of `context`, those that all rows begin with, computed once."""


class Footprint(NamedTuple):
    """Bytes by what they are for."""

    weights: float
    gradients_and_optimiser: float
    activations: float
    """In answering: keys and values of all rows, and one layer at work."""
    logits: float

    @property
    def total(self) -> float:
        """All together."""
        return sum(self)


def footprint(method: Method, sizes: ModelSizes, load: Load) -> Footprint:
    """Memory of the model and its work; the process itself is not in it."""
    return _NEEDS[method](sizes, load)


def _answer(sizes: ModelSizes, load: Load) -> Footprint:
    width = load.precision_bytes
    # twice: as the prompts were read, and laid out with room for the answers
    cached = max(load.tokens, load.cached)
    cache = 2 * 2 * sizes.layers * sizes.kv_heads * sizes.head_dim * cached
    at_work = _kept(sizes, load) * load.tokens
    holes = 1.0 if load.fused_attention else HOLES
    return Footprint(
        width * (sizes.parameters + _laid_out(sizes, load)),
        0.0,
        holes * width * (cache + at_work + _masks(load)),
        (width + 4) * load.learned * sizes.vocabulary,
    )


def _laid_out(sizes: ModelSizes, load: Load) -> int:
    """Weights that the small engine holds a second time while it answers."""
    on_cpu, width = not load.fused_attention, load.precision_bytes
    if load.library or not on_cpu or width != 4 or width * sizes.parameters > MOST_LAID_OUT:
        return 0
    return sizes.linear + sizes.vocabulary * sizes.hidden


def _lora(sizes: ModelSizes, load: Load) -> Footprint:
    learned = sizes.adapter(load.rank)
    # the copy of the adapter that the matmuls read is in the weights
    weights = load.precision_bytes * (sizes.parameters + learned)
    return Footprint(weights, ADAM * learned, _activations(sizes, load), _logits(sizes, load))


def _qlora(sizes: ModelSizes, load: Load) -> Footprint:
    learned = sizes.adapter(load.rank)
    weights = FOUR_BIT * sizes.linear + load.precision_bytes * (sizes.embeddings + learned)
    # one layer at a time is unpacked for its matmuls
    unpacked = load.precision_bytes * sizes.linear / sizes.layers
    return Footprint(
        weights, ADAM * learned, _activations(sizes, load) + unpacked, _logits(sizes, load)
    )


def _full(sizes: ModelSizes, load: Load) -> Footprint:
    plain = load._replace(rank=0)
    weights = load.precision_bytes * sizes.parameters
    rest = (ADAM_FLOAT32 + (MASTER if load.precision_bytes < 4 else 0)) * sizes.parameters
    return Footprint(weights, rest, _activations(sizes, plain), _logits(sizes, plain))


def _kept(sizes: ModelSizes, load: Load) -> float:
    """Values a token keeps in one layer for backward.

    Inputs of norms and projections with the adapter's part beside them, both halves of the gate,
    and what attention keeps.
    """
    query = sizes.heads * sizes.head_dim
    norms = 2 * sizes.hidden
    inputs = 2 * sizes.hidden + query + sizes.intermediate + 7 * load.rank
    gate = 2 * sizes.intermediate
    return norms + inputs + gate + _attention(sizes, load)


def _attention(sizes: ModelSizes, load: Load) -> float:
    """Of `_kept`, heads and attention weights.

    On CUDA the weights are computed again; kept are the heads as they came, also flat where rows
    share something, what came out, a float32 sum for each query, and keys and values once for every
    query head. Those of what rows share stand beside each row (`tuning.models.llama.attention`).
    """
    query, keys = sizes.heads * sizes.head_dim, sizes.kv_heads * sizes.head_dim
    heads = query + 2 * keys
    if not load.fused_attention:
        return 2 * heads + sizes.heads * load.context
    tokens = max(1, load.tokens)
    own = (tokens - load.shared) / tokens
    rows = (tokens - load.shared) / max(1, load.context - load.shared)
    came = heads * (1 + own if load.shared else 1)
    sums = sizes.heads * 4 / load.precision_bytes
    return came + query + sums + 2 * query * (1 + rows * load.shared / tokens)


def _masks(load: Load) -> float:
    """Values of the masks that all layers share, which a card's attention needs beside the rows."""
    if not load.fused_attention:
        return 0.0
    return (load.tokens - load.shared) * load.context + load.shared**2


def _activations(sizes: ModelSizes, load: Load) -> float:
    values = sizes.layers * _kept(sizes, load)
    if load.checkpointing:
        values = sizes.layers * sizes.hidden + _kept(sizes, load)
    used = load.precision_bytes * (values * load.tokens + _masks(load))
    if load.fused_attention:
        return used
    half = load.precision_bytes == 2
    engine = HOLES_BF16 * used + KERNELS_BF16 if half else HOLES * used
    # in bfloat16 the library was not measured; less than the engine it does not keep
    return max(engine, LIBRARY * HOLES * used) if load.library else engine


def _logits(sizes: ModelSizes, load: Load) -> float:
    """Logits in the model's precision and in float32, their logarithm and its gradient."""
    return (2 * load.precision_bytes + 3 * 4) * load.learned * sizes.vocabulary


_NEEDS: dict[Method, Callable[[ModelSizes, Load], Footprint]] = {
    "answer": _answer,
    "lora": _lora,
    "qlora": _qlora,
    "full": _full,
}
