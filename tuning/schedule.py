"""Which rows go through the model at which step, how many of them at once, and at which rate."""

import math
import random
from collections.abc import Sequence

from tuning.encode import Encoded
from tuning.models.shared import common_prefix


def schedule(step: int, steps: int, warmup_share: float) -> float:
    """Factor on the learning rate at a step (from 1): linear warm-up, then cosine to zero."""
    warmup = max(1, round(steps * warmup_share))
    if step <= warmup:
        return step / warmup
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup + 1)))


def batches(n_rows: int, batch_rows: int, steps: int, seed: int) -> list[list[int]]:
    """Row indices of every step: each epoch a new shuffle, every row once an epoch."""
    rng = random.Random(seed)
    out: list[list[int]] = []
    while len(out) < steps:
        order = list(range(n_rows))
        rng.shuffle(order)
        out.extend(order[at : at + batch_rows] for at in range(0, n_rows, batch_rows))
    return out[:steps]


def micro_batches(rows: Sequence[Encoded], budget: int) -> list[list[Encoded]]:
    """Rows in order of length, cut into parts of about one size that hold at most `budget` tokens.

    What all prompts begin with counts once a part, as it is computed once. Rows of like length go
    together, so that attention pads little; parts of one size, for a small last part is slow.
    """
    shared = common_prefix([row.prompt for row in rows])
    sizes = [len(row.prompt) + len(row.completion) - shared for row in rows]
    return [[rows[at] for at in part] for part in cut(sizes, budget - shared)]


def cut(sizes: Sequence[int], budget: int) -> list[list[int]]:
    """Indices in order of size, in parts of about one sum that is at most `budget`."""
    order = sorted(range(len(sizes)), key=lambda at: sizes[at])
    room, total = max(1, budget), sum(sizes)
    even = math.ceil(total / math.ceil(total / room)) + sizes[order[-1]] // 2 if order else 0
    out: list[list[int]] = []
    held = 0
    for at in order:
        if not out or held + sizes[at] > min(room, even):
            out.append([])
            held = 0
        out[-1].append(at)
        held += sizes[at]
    return out
