"""Memory: giving back what is no longer used, and going on with fewer rows when it runs out."""

import ctypes
import gc
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeVar

from tuning.errors import TuningError

Part = TypeVar("Part")
Done = TypeVar("Done")

RAN_OUT: Final = (
    "out of memory",
    "can't allocate memory",
    "not enough memory",
    "bad_alloc",
    "alloc_failed",
)
"""What torch's allocators and the libraries under it say, in small letters."""


def give_back() -> None:
    """Hand freed memory back to the system, where the C library offers that (glibc does).

    Batches of ever different lengths leave holes that no later tensor fits into: on the CPU a
    training of 48 steps was seen to grow from 3 to 6.8 GB. Getting the memory again takes time, so
    it is not for every step (DECISIONS.md has the figures).
    """
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # another C library, another system
        return
    trim(0)


def ran_out(error: BaseException) -> bool:
    """Whether an error says that there was no memory left, on CUDA or on the CPU.

    On CUDA torch raises a class of its own. On the CPU it is a bare `RuntimeError`, which only its
    words tell from a shape that does not fit.
    """
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    words = str(error).lower()
    return isinstance(error, RuntimeError) and any(said in words for said in RAN_OUT)


def give_all_back() -> None:
    """Free what nobody refers to any more, on CUDA too; takes longer than `give_back`."""
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()
    give_back()


def give_back_of_opening(on_card: bool) -> None:
    """Give back what opening a model leaves.

    That is what its files were read into; on a card the weights before they were fused, too.
    """
    if on_card:
        give_all_back()
    else:
        give_back()


class Room:
    """How many rows go through a model at once: half as many each time memory runs out.

    What fits differs between training, which keeps every layer's activations, reading and
    answering, so each is counted by itself. A limit once found holds from then on.
    """

    def __init__(self) -> None:
        self.rows: dict[str, int] = {}
        """What is done to the most rows that go together; nothing where memory never ran out."""
        self.recompute = False
        """Gradient checkpointing: each layer's input alone is kept for backward, which computes the
        layer again."""
        self.divided = 1
        """Into how many parts are cut what would go together in training by itself."""
        self.say: Callable[[str], None] = lambda line: None
        """Told each time."""

    def lighten(self, doing: str, rows: int) -> None:
        """Like `halve`, in training: a single row is given up only after `recompute` was tried."""
        if rows > 1 or self.recompute:
            self.halve(doing, rows)
            return
        self.rows[doing], self.recompute = 1, True
        give_all_back()
        self.say(
            f"Memory ran out while {doing} a single row: going on with less kept and more computed"
        )

    def halve(self, doing: str, rows: int) -> None:
        """Note that so many rows were too many, and free what the attempt left behind.

        Call it outside the `except` block: the exception holds the attempt's tensors.

        Raises:
            TuningError: it was a single row.
        """
        if rows <= 1:
            raise TuningError(
                f"memory ran out while {doing} a single row",
                "close other programs, shorten the longest examples, or choose a smaller model",
            )
        self.rows[doing] = rows // 2
        give_all_back()
        self.say(f"Memory ran out while {doing} {rows} rows at once: going on with {rows // 2}")

    def cut(self, doing: str, parts: Iterable[list[Part]]) -> Iterator[list[Part]]:
        """The parts, cut further so that none has more rows than memory had room for."""
        for part in parts:
            # asked anew for every slice: it may have become less meanwhile
            at = 0
            while at < len(part):
                size = self.rows.get(doing, len(part))
                yield part[at : at + size]
                at += size

    def through(
        self, doing: str, parts: Iterable[list[Part]], work: Callable[[list[Part]], Done]
    ) -> Iterator[tuple[list[Part], Done]]:
        """Do work that keeps nothing on every part; one that memory is too small for is halved.

        Yields:
            Each part that was done at once, with what came of it.

        Raises:
            TuningError: a single row is too much.
        """
        for whole in parts:
            left = [whole]
            while left:
                part, *left = [*self.cut(doing, left)]
                try:
                    done = work(part)
                except (RuntimeError, MemoryError) as error:
                    if not ran_out(error):
                        raise
                else:
                    yield part, done
                    continue
                self.halve(doing, len(part))
                left.insert(0, part)
