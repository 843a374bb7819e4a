"""Forward passes of a transformers model over right-padded rows that continue one prefix.

Shapes below: R rows, L tokens of the longest, P tokens of the prefix, V words of the vocabulary.
"""

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from transformers import DynamicCache

from tuning.card import sent
from tuning.constrain import Constraint
from tuning.models.greedy import Continuation, Greedy


class Chosen(NamedTuple):
    """Some tokens of some rows, whose logits are wanted."""

    rows: Sequence[int]
    columns: Sequence[int]
    """Position of each in its row, the prefix not counted."""


class Read(NamedTuple):
    """What a model makes of rows that it has read."""

    logits: torch.Tensor
    """(n, V), of the chosen tokens."""
    mask: torch.Tensor
    """(R, P + L), 1 for a token and 0 for padding."""


def read_rows(
    base: Any,
    prefix: list[int],
    rows: Sequence[Sequence[int]],
    chosen: Chosen,
    cache: DynamicCache | None,
) -> Read:
    """Logits of chosen tokens.

    Args:
        base: the model; on its device all is computed.
        prefix: ids that every row continues, read once.
        rows: ids of each row, none empty.
        chosen: tokens whose logits are wanted.
        cache: empty; afterwards it holds prefix and rows. None only where there is no prefix.
    """
    longest = max(len(row) for row in rows)
    flat = [one for row in rows for one in (*row, *[0] * (longest - len(row)))]
    # in one message before all else, and the rest is made there: nothing waits for the forward pass
    own, filled, lengths, at, column = sent(
        (prefix, flat, [len(row) for row in rows], chosen.rows, chosen.columns), base.device
    )
    if prefix and cache is not None:
        base.get_decoder()(input_ids=own[None], **_caching(base, cache))
        cache.batch_repeat_interleave(len(rows))
    place = torch.arange(len(prefix) + longest, device=base.device)
    mask = (place < len(prefix) + lengths[:, None]).long()
    logits = _logits(
        base,
        lambda states: states[at, column],
        input_ids=filled.view(len(rows), longest),
        attention_mask=mask,
        position_ids=place[len(prefix) :].expand(len(rows), -1),
        **_caching(base, cache),
    )
    return Read(logits, mask)


def decode(
    base: Any,
    prefix: list[int],
    rows: Sequence[Sequence[int]],
    max_new_tokens: int,
    stops: frozenset[int],
    constraint: Constraint | None = None,
) -> list[Continuation]:
    """Continue every row by its likeliest token until a stop token or the limit.

    Args:
        base: the model.
        prefix: ids that every row continues.
        rows: ids of each row after the prefix, none empty.
        max_new_tokens: limit per row.
        stops: ids that end a row.
        constraint: what answers may be; None for anything.
    """
    going = Greedy(len(rows), stops, constraint)
    if not going.open:  # a constraint that only one answer passes leaves nothing to compute
        return going.answers()
    with torch.inference_mode():
        ends = [len(row) - 1 for row in rows]
        cache = DynamicCache()
        (last,) = sent((ends,), base.device)
        position = len(prefix) + 1 + last  # (R,)
        logits, mask = read_rows(base, prefix, rows, Chosen(range(len(rows)), ends), cache)
        for step in range(max_new_tokens):
            if not going.take(logits) or step + 1 == max_new_tokens:
                break
            kept = going.drop()
            if kept is not None:
                keep = torch.tensor(kept, device=base.device)
                cache.batch_select_indices(keep)
                mask, position = mask[keep], position[keep]
            mask = torch.cat([mask, mask.new_ones(len(mask), 1)], 1)
            logits = _logits(
                base,
                lambda states: states[:, 0],
                input_ids=torch.tensor(going.tokens, device=base.device)[:, None],
                attention_mask=mask,
                position_ids=position[:, None],
                **_caching(base, cache),
            )
            position = position + 1
    return going.answers()


def _logits(base: Any, pick: Callable[[torch.Tensor], torch.Tensor], **inputs: Any) -> torch.Tensor:
    """Logits (n, V) of the states that `pick` takes from (R, L, hidden).

    The states are picked at the door of the head, so that whatever an architecture does to its
    logits afterwards (Gemma caps them, Granite divides them) is its own code's work.
    """
    head = base.get_output_embeddings()
    hook = head.register_forward_pre_hook(lambda _, states: (pick(states[0]),))
    try:
        logits: torch.Tensor = base(**inputs).logits
    finally:
        hook.remove()
    return logits


def _caching(base: Any, cache: DynamicCache | None) -> dict[str, Any]:
    architecture: Any = type(base)
    return {_cache_name(architecture): cache, "use_cache": cache is not None}


@functools.cache
def _cache_name(architecture: Any) -> str:
    """What this release of transformers calls the cache.

    Renamed in 5.24: from there on the old name warns, before it the new one fails.
    """
    named = inspect.signature(architecture.forward).parameters
    return "cache" if "cache" in named else "past_key_values"
