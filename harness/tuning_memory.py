"""Whether a training of the whole model can fit into memory, asked before it begins."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from harness.errors import JobError, Problem
from harness.workbench import Workbench
from tuning.footprint import Load, footprint
from tuning.sizes import read_sizes

if TYPE_CHECKING:
    from tuning.encode import Encoded

GB: Final = 1e9


def refuse_what_does_not_fit(bench: Workbench, rows: "Sequence[Encoded]") -> None:
    """Say so where full fine-tuning lacks memory even for one row at a time.

    An adapter is not asked about: it needs little beside the model, and a step that is too large
    for memory is cut. Gradients and moments of all weights cannot be cut.

    Raises:
        JobError: with what is needed and what is free.
    """
    if bench.tuning.method != "full" or not rows:
        return
    longest = max(len(row.prompt) + len(row.completion) for row in rows)
    answer = max(len(row.completion) for row in rows)
    cuda = bench.device.kind == "cuda"
    width = 2 if bench.device.precision == "bfloat16" else 4
    load = Load(longest, answer, longest, 0, width, cuda)
    need = footprint("full", read_sizes(bench.generator_ref.folder), load)
    missing = need.total - need.weights  # the weights are there already
    free = free_bytes(bench.device.kind)
    if missing > free:
        raise JobError(
            Problem(
                f"full fine-tuning needs {missing / GB:.1f} GB more memory at the least, for a "
                f"gradient and two moments of every weight; {free / GB:.1f} GB are free",
                'write method = "lora" under [tuning] in rungwise.toml, choose a smaller model, '
                "or free memory",
                bench.cell,
            )
        )


def free_bytes(kind: str) -> int:
    """Memory that this process can still have, where the model's weights live."""
    if kind == "cuda":
        import torch

        return int(torch.cuda.mem_get_info()[0])
    import psutil

    return int(psutil.virtual_memory().available)
