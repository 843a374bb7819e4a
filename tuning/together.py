"""A training shared among processes, one a card: each learns from its part of every step's rows.

The first process is the one that trains as ever: it holds the optimiser, looks at dev, writes
checkpoints. The others (`tuning.helper`) know nothing of all that. Before each step they are sent
the parameters and the rows, and add their gradient to the first one's: a step is the same step
whoever computed it, and so is a checkpoint. The price is that parameters travel at every step: 20
MB of a small adapter, a few GB of a whole model.
"""

import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

from tuning.encode import Encoded
from tuning.errors import TuningError
from tuning.exchange import (
    BEGIN,
    END,
    READY,
    STEP,
    Opening,
    Place,
    add_shared,
    control,
    dealt,
    join,
    packed,
    share_tensor,
)
from tuning.models import LanguageModel
from tuning.objective import Added, Completions
from tuning.recipe import Recipe

HELPER: Final = "tuning.helper"
STOP_S: Final = 10.0
SETTLE_S: Final = 1.0
"""In which those end that one process has left alone."""
KILLED: Final = -9
BROKEN: Final = " by peer"
"""What gloo says in a process that another one has left: "Connection closed by peer" or "reset"."""
FIX: Final = "write processes = 1 under [tuning] in rungwise.toml, and check again"


@contextlib.contextmanager
def together(opening: Opening, processes: int) -> Iterator["Together"]:
    """Start the helpers, end them afterwards.

    Raises:
        TuningError: one of them cannot open the model, or there are fewer cards.
    """
    import torch

    if not torch.distributed.is_available():
        raise TuningError("this build of torch cannot share a training among processes", FIX)
    if opening.kind == "cuda" and processes > (cards := torch.cuda.device_count()):
        fix = f"write at most {cards} under [tuning] processes"
        raise TuningError(f"{processes} processes want a card each, and {cards} are here", fix)
    own_threads = torch.get_num_threads()
    with tempfile.TemporaryDirectory(prefix="rungwise-") as folder:
        store = Path(folder) / "store"
        helpers = [
            _start(opening, Place(rank, processes, str(store)), Path(folder))
            for rank in range(1, processes)
        ]
        group = Together(helpers, Path(folder))
        try:
            group.wait_for_all()
            with group.unbroken():
                join(Place(0, processes, str(store)))
            torch.set_num_threads(opening.threads)
            yield group
            with contextlib.suppress(TuningError):  # what was learned is learned
                group.tell(END)  # after an error nobody knows who waits for what: they are closed
        finally:
            torch.set_num_threads(own_threads)
            group.close()


class Together:
    """The first process's side; see `together`."""

    def __init__(self, helpers: "Sequence[subprocess.Popen[str]]", folder: Path) -> None:
        self.helpers, self.folder = helpers, folder
        self.size = len(helpers) + 1
        self.held = [0] * len(helpers)
        """The most memory that each helper has held, in bytes."""

    def wait_for_all(self) -> None:
        """Until every helper has the model open.

        Raises:
            TuningError: one of them ended instead.
        """
        for helper in self.helpers:
            assert helper.stdout is not None
            if not any(line.strip() == READY for line in helper.stdout):
                raise self._broken(f"a process that was to share the training {self._why(helper)}")

    def completions(self, rows: Sequence[Encoded]) -> "SharedCompletions":
        """Completions to be learned by all of them."""
        return SharedCompletions(rows, group=self)

    def close(self) -> None:
        """End the others, and leave the group."""
        import torch.distributed as dist

        for helper in self.helpers:
            assert helper.stdin is not None and helper.stdout is not None
            with contextlib.suppress(OSError):
                helper.stdin.close()  # whoever still waits for something ends by this
            try:
                helper.wait(STOP_S)
            except subprocess.TimeoutExpired:
                helper.kill()
                helper.wait()
            helper.stdout.close()
        if dist.is_initialized():
            with contextlib.suppress(RuntimeError, ValueError):
                dist.destroy_process_group()

    def tell(self, what: int, *figures: int) -> None:
        """What comes next.

        Raises:
            TuningError: one of the others has ended.
        """
        with self.unbroken():
            share_tensor(control(what, *figures))

    def note(self, held: Sequence[int]) -> None:
        """Keep how much memory each process has held."""
        self.held = [max(pair) for pair in zip(self.held, held[1:], strict=True)]

    @contextlib.contextmanager
    def unbroken(self) -> Iterator[None]:
        """What torch raises once a process is gone, in words."""
        try:
            yield
        except RuntimeError as error:
            ended = self._ended()
            if not ended:
                raise
            # where one is lost the others end too, for they lose it as we do
            lost = next((one for one in ended if one.returncode < 0), None)
            lost = lost or min(ended, key=lambda one: BROKEN in self._last_words(one))
            what = f"a process that shared the training {self._why(lost)}"
            raise self._broken(what) from error

    def _ended(self) -> "list[subprocess.Popen[str]]":
        """The helpers that have ended, waiting a moment for the first of them."""
        until = time.monotonic() + STOP_S
        while time.monotonic() < until:
            if ended := [one for one in self.helpers if one.poll() is not None]:
                time.sleep(SETTLE_S)
                return [one for one in self.helpers if one.poll() is not None] or ended
            time.sleep(SETTLE_S / 10)
        return []

    def _why(self, helper: "subprocess.Popen[str]") -> str:
        status = helper.wait()
        if status == KILLED:
            return "was killed, most often for lack of memory: each of them holds the model"
        said = self._last_words(helper)
        return f"ended (status {status}{f': {said[:200]}' if said else ''})"

    def _last_words(self, helper: "subprocess.Popen[str]") -> str:
        """The line that names the error; libraries may have more to say after it."""
        file = self.folder / f"{self.helpers.index(helper) + 1}.log"
        lines = file.read_text("utf-8", "replace").strip().splitlines()
        lines = [re.sub(r"^\[rank\d+\]:\s*", "", line) for line in lines]  # of torch.distributed
        named = [line for line in lines if re.match(r"[\w.]*Error\b", line)]
        return ([*lines, *named] or [""])[-1]

    def _broken(self, reason: str) -> TuningError:
        return TuningError(reason, FIX)


@dataclass(frozen=True, slots=True)
class SharedCompletions(Completions):
    """Completions of which every process learns its part."""

    group: Together = field(kw_only=True)

    def begin(self, model: LanguageModel, recipe: Recipe) -> None:
        """A fresh adapter, or all weights, in every process."""
        model.new_adapter(recipe.shape, recipe.seed)
        shape = recipe.shape
        self.group.tell(BEGIN, shape.rank if shape else 0, shape.alpha if shape else 0)

    def gradient(
        self, model: LanguageModel, rows: Sequence[Encoded], share: int, micro_tokens: int
    ) -> Added:
        """Every process's part, added up.

        Raises:
            TuningError: one of the others has ended.
        """
        room, flat = model.room, packed(rows)
        most = room.rows.get(self.doing, 0)
        self.group.tell(STEP, len(flat), share, micro_tokens // room.divided, most, room.recompute)
        with self.group.unbroken():
            share_tensor(flat)
            own = dealt(rows, self.group.size)[0]
            shared = add_shared(model, own, share, micro_tokens)
        self.group.note(shared.held)
        return shared.added


def _start(opening: Opening, place: Place, folder: Path) -> "subprocess.Popen[str]":
    """A helper, told on its standard input what it is; where that closes, it ends."""
    root = str(Path(__file__).resolve().parents[1])
    path = os.pathsep.join(part for part in (root, os.environ.get("PYTHONPATH", "")) if part)
    with (folder / f"{place.rank}.log").open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", HELPER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env={**os.environ, "PYTHONPATH": path},
        )
    _write(process.stdin, {"opening": opening._asdict(), "place": place._asdict()})
    return process


def _write(stream: IO[str] | None, said: object) -> None:
    assert stream is not None
    with contextlib.suppress(OSError):  # it has ended already, which is seen when it is waited for
        stream.write(json.dumps(said) + "\n")
        stream.flush()
