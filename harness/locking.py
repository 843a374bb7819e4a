"""One process at a time, and whether there is one."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from harness.errors import Problem, UserError


@contextmanager
def alone(file: Path, busy: Problem, wait_s: float = 3.0) -> Iterator[None]:
    """Hold a lock while the block runs.

    Args:
        file: the lock.
        busy: what to say where another process holds it.
        wait_s: how long to wait: a worker of a killed process needs a moment to notice and end,
            and whoever looks whether it is held holds it for one.

    Raises:
        UserError: another process holds it.
    """
    lock = FileLock(file)
    try:
        lock.acquire(timeout=wait_s)
    except Timeout:
        raise UserError(busy) from None
    try:
        yield
    finally:
        lock.release()


def is_held(file: Path) -> bool:
    """True while a process holds a lock; the lock's folder must be there."""
    lock = FileLock(file)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    lock.release()
    return False
