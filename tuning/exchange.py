"""What the processes of a shared training have in common: see `tuning.together`."""

import os
import sys
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import psutil

from tuning.encode import Encoded
from tuning.models import LanguageModel
from tuning.objective import Added, Completions, add_gradient

if TYPE_CHECKING:
    import torch

END, BEGIN, STEP = range(3)
"""What a helper is told first."""
READY: Final = "ready"
BUCKET: Final = 16 * 2**20
"""Values that travel in one message."""
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


def join(place: Place) -> None:
    """Become one of the group.

    By gloo, also where the models are on cards: NCCL is quicker for all the weights of a large
    model, but a process that is lost leaves the others waiting in it, where gloo says so at once.
    """
    import torch.distributed as dist

    stores: Any = dist  # their types are not declared
    if here := {"linux": "lo", "darwin": "lo0"}.get(sys.platform):
        os.environ["GLOO_SOCKET_IFNAME"] = here  # all are here: none listens to another machine
    dist.init_process_group(
        "gloo",
        # not by its address: torch does not decode one, and waits for a file that cannot be
        store=stores.FileStore(place.store, place.size),
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


class Shared(NamedTuple):
    """What came of a step."""

    added: Added
    held: tuple[int, ...]
    """The most memory that each process has held, in bytes."""


def add_shared(
    model: LanguageModel, rows: Sequence[Encoded], share: int, micro_tokens: int
) -> Shared:
    """One process's part of a step, and the sum of all on the first process's parameters.

    Where memory ran out in one of them the gradients are not added up: all begin the step again.
    """
    import torch
    import torch.distributed as dist

    parameters, first = model.adapter_parameters(), dist.get_rank() == 0
    with torch.no_grad():
        for some in _buckets(parameters):
            flat = _flat(some) if first else torch.empty(sum(one.numel() for one in some))
            share_tensor(flat)
            if not first:
                _spread(flat, some)
    model.adapter_changed()
    added = add_gradient(model, Completions(rows), rows, share, micro_tokens)
    own = torch.tensor([*added, peak_bytes()], dtype=torch.float64)
    all_of_them = [torch.empty_like(own) for _ in range(dist.get_world_size())]
    dist.all_gather(all_of_them, own)
    ran_out_with = max(int(one[1]) for one in all_of_them)
    if not ran_out_with:
        for parameter in parameters:
            if parameter.grad is None:  # no row of the step was its own
                parameter.grad = torch.zeros_like(parameter)
        for some in _buckets([p.grad for p in parameters if p.grad is not None]):
            flat = _flat(some)
            dist.reduce(flat, 0)
            if first:
                _spread(flat, some)
    told = Added(sum(float(one[0]) for one in all_of_them), ran_out_with)
    return Shared(told, tuple(int(one[2]) for one in all_of_them))


def _buckets(tensors: "Sequence[torch.Tensor]") -> "Iterator[list[torch.Tensor]]":
    """Tensors that travel together: few messages, and never a second copy of everything."""
    some: list[torch.Tensor] = []
    for tensor in tensors:
        if some and sum(one.numel() for one in some) + tensor.numel() > BUCKET:
            yield some
            some = []
        some.append(tensor)
    if some:
        yield some


def _flat(tensors: "Sequence[torch.Tensor]") -> "torch.Tensor":
    import torch

    return torch.cat([one.detach().reshape(-1) for one in tensors]).cpu()


def _spread(flat: "torch.Tensor", tensors: "Sequence[torch.Tensor]") -> None:
    """The values of a flat tensor, back to where they were taken."""
    sizes = [one.numel() for one in tensors]
    for one, part in zip(tensors, flat.split(sizes), strict=True):
        one.copy_(part.view(one.shape))


def peak_bytes() -> int:
    """The most memory that this process has held, on the CPU and on its card."""
    import torch

    card = torch.cuda.max_memory_allocated() if torch.cuda.is_available() else 0
    return card + _resident_peak()


def _resident_peak() -> int:
    # not getrusage: its peak begins with that of the process that started this one
    status = Path("/proc/self/status")  # of Linux; elsewhere what is held now
    said = status.read_text("ascii", "replace").splitlines() if status.is_file() else []
    peak = next((line.split()[1] for line in said if line.startswith("VmHWM:")), None)
    return 1024 * int(peak) if peak else int(psutil.Process().memory_info().rss)
