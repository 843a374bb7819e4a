"""What the processes of a shared training have in common: see `tuning.together`."""

import os
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from tuning.encode import Encoded
from tuning.models import LanguageModel
from tuning.objective import Added, Completions, add_gradient

if TYPE_CHECKING:
    import torch

END, BEGIN, STEP = range(3)
"""What a helper is told first."""
READY: Final = "ready"
PATIENCE: Final = timedelta(hours=12)
"""How long the others wait while the first looks at dev."""


class Opening(NamedTuple):
    """How the base is opened, the same in every process."""

    folder: str
    precision: str
    """Of the frozen weights: ``bfloat16`` or ``float32``."""
    kind: str
    """``cuda`` or ``cpu``."""
    path: str
    """See `tuning.models.open_model`."""
    four_bit: bool
    threads: int
    """On the CPU, of each process."""


class Place(NamedTuple):
    """Of one process among the others."""

    rank: int
    """The first one, who trains, is 0."""
    size: int
    store: str
    """File through which they find each other."""


def join(kind: str, place: Place) -> None:
    """Become one of the group: tensors of the CPU by gloo, those on cards by NCCL."""
    import torch.distributed as dist

    if here := {"linux": "lo", "darwin": "lo0"}.get(sys.platform):
        # all of them are on this machine: none listens to another
        os.environ["GLOO_SOCKET_IFNAME"] = os.environ["NCCL_SOCKET_IFNAME"] = here
    dist.init_process_group(
        "cpu:gloo,cuda:nccl" if kind == "cuda" else "gloo",
        init_method=Path(place.store).as_uri(),
        rank=place.rank,
        world_size=place.size,
        timeout=PATIENCE,
    )


def control(*figures: int) -> "torch.Tensor":
    """(6,) what comes next, with its figures."""
    import torch

    return torch.tensor([*figures, *[0] * (6 - len(figures))], dtype=torch.int64)


def share_tensor(tensor: "torch.Tensor") -> None:
    """The first process's values to all others, in place."""
    import torch.distributed as dist

    dist.broadcast(tensor, 0)


def packed(rows: Sequence[Encoded]) -> "torch.Tensor":
    """Rows as one tensor of ids, their number and lengths before them."""
    import torch

    lengths = [length for row in rows for length in (len(row.prompt), len(row.completion))]
    ids = [token for row in rows for token in (*row.prompt, *row.completion)]
    return torch.tensor([len(rows), *lengths, *ids], dtype=torch.int64)


def unpacked(flat: "torch.Tensor") -> list[Encoded]:
    """The rows that were packed."""
    count, *numbers = flat.tolist()
    lengths, ids = numbers[: 2 * count], iter(numbers[2 * count :])
    sides = [[next(ids) for _ in range(length)] for length in lengths]
    return [
        Encoded(prompt, completion)
        for prompt, completion in zip(sides[::2], sides[1::2], strict=True)
    ]


def dealt(rows: Sequence[Encoded], hands: int) -> list[list[Encoded]]:
    """Rows for each process, about as many tokens each: the longest first, there and back."""
    order = sorted(rows, key=lambda row: len(row.prompt) + len(row.completion), reverse=True)
    found: list[list[Encoded]] = [[] for _ in range(hands)]
    for at, row in enumerate(order):
        turn, place = divmod(at, hands)
        found[place if turn % 2 == 0 else hands - 1 - place].append(row)
    return found


def add_shared(
    model: LanguageModel, rows: Sequence[Encoded], share: int, micro_tokens: int
) -> Added:
    """One process's part of a step, and the sum of all on the first process's parameters.

    Where memory ran out in one of them the gradients are not added up: all begin the step again.
    """
    import torch
    import torch.distributed as dist

    parameters = model.adapter_parameters()
    for parameter in parameters:
        dist.broadcast(parameter.detach(), 0)
    model.adapter_changed()
    added = add_gradient(model, Completions(rows), rows, share, micro_tokens)
    own = torch.tensor([*added], dtype=torch.float64)
    all_of_them = [torch.empty_like(own) for _ in range(dist.get_world_size())]
    dist.all_gather(all_of_them, own)
    ran_out_with = max(int(one[1]) for one in all_of_them)
    if not ran_out_with:
        for parameter in parameters:
            if parameter.grad is None:  # no row of the step was its own
                parameter.grad = torch.zeros_like(parameter)
            dist.reduce(parameter.grad, 0)
    return Added(sum(float(one[0]) for one in all_of_them), ran_out_with)
