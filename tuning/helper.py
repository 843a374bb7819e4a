"""A process that computes its part of every step's gradient; see `tuning.together`."""

import json
import os
import shutil
import signal
import sys
import threading
import traceback
from pathlib import Path
from types import TracebackType

from tuning.exchange import (
    BEGIN,
    END,
    READY,
    Opening,
    Place,
    add_shared,
    control,
    dealt,
    join,
    share_tensor,
    unpacked,
)
from tuning.memory import give_all_back, give_back
from tuning.models import LanguageModel, open_model
from tuning.objective import TRAINING
from tuning.recipe import AdapterShape
from tuning.steps import GIVE_BACK_TOKENS


def main() -> None:
    """Open the model, join, and do as told until the end."""
    import torch

    said = json.loads(sys.stdin.readline())
    opening, place = Opening(**said["opening"]), Place(**said["place"])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process ends the others
    threading.Thread(target=_end_with_the_first, args=(place,), daemon=True).start()
    model = _opened(opening, place.rank)
    sys.stdout.write(f"{READY}\n")
    sys.stdout.flush()
    os.dup2(2, 1)  # nobody reads on: what libraries print would fill the pipe, and stop us
    join(place)
    sys.excepthook = _end_at_once  # in the place of torch's, which joining has set
    _serve(model)
    torch.distributed.destroy_process_group()


def _end_at_once(
    kind: type[BaseException], error: BaseException, where: TracebackType | None
) -> None:
    """Tell what went wrong, and go.

    On an orderly way out torch's threads, which still listen, may abort with a status of their own,
    as if this process were the one that was lost.
    """
    traceback.print_exception(kind, error, where)
    sys.stderr.flush()
    os._exit(1)


def _end_with_the_first(place: Place) -> None:
    """It may have been killed, while we wait for what it will never send."""
    sys.stdin.read()
    shutil.rmtree(Path(place.store).parent, ignore_errors=True)  # it does so itself if it can
    os._exit(0)


def _opened(opening: Opening, rank: int) -> LanguageModel:
    import torch

    torch.set_num_threads(opening.threads)
    if opening.kind == "cuda":
        torch.cuda.set_device(rank)
    return open_model(
        Path(opening.folder),
        dtype=getattr(torch, opening.precision),
        device=torch.device(opening.kind),
        path=opening.path,
        four_bit=opening.four_bit,
    )


def _serve(model: LanguageModel) -> None:
    import torch
    import torch.distributed as dist

    rank, size, room, tokens = dist.get_rank(), dist.get_world_size(), model.room, 0
    while True:
        figures = control()
        share_tensor(figures)
        what, *more = figures.tolist()
        if what == END:
            return
        if what == BEGIN:
            lora_rank, alpha, *_ = more
            model.new_adapter(AdapterShape(lora_rank, alpha) if lora_rank else None, 0)
            continue
        length, share, micro_tokens, most, recompute = more
        flat = torch.empty(length, dtype=torch.int64)
        share_tensor(flat)
        room.rows, room.recompute = ({TRAINING: most} if most else {}), bool(recompute)
        shared = add_shared(model, dealt(unpacked(flat), size)[rank], share, micro_tokens)
        for parameter in model.adapter_parameters():
            parameter.grad = None
        tokens += length
        if shared.added.ran_out_with:
            give_all_back()
        elif tokens > GIVE_BACK_TOKENS:
            give_back()
            tokens = 0


if __name__ == "__main__":
    main()
