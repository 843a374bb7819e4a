"""Files read in a process of their own, which can be stopped.

A parser in native code takes what memory and time a file asks for: forms in the forms of a PDF
multiply inside PDFium, a hundred kilobytes of DOCX become gigabytes of XML nodes. No exception gets
out of there, so such files are read where the system holds the memory and the parent the time.
"""

import contextlib
import os
import re
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Self

from rag.reading.file import Extract, File, Loader
from rag.reading.reader_process import (
    OUT_OF_MEMORY,
    extract,
    read_frame,
    request,
    write_frames,
)

_SECRET: Final = re.compile("key|token|secret|passw|credential|auth", re.IGNORECASE)
_ABORTED: Final = -6
"""What native code does that gets no memory (SIGABRT)."""
_LEAST_S: Final = 60.0
_S_A_MEGABYTE: Final = 60.0
"""A page of text takes 20 ms on a slow core, and a megabyte holds a few hundred of them."""
_STOP_S: Final = 5.0
_FIX: Final = "export it anew, split it, or save it as text"


class Apart:
    """A process that reads one file after the other, started with the first one.

    It ends with the `with` block, and is started anew after a file that it did not survive. For
    one thread; others have their own.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        if self._process is not None:
            if kind is not None:
                self._process.kill()  # it may be in the middle of a file
            self._end(self._process)

    def read(self, loader: Loader, file: File) -> Extract:
        """What `loader.read(file)` returns or raises.

        Raises:
            DocumentError: what the loader raised; `too_large` when reading takes more memory or
                time than the limits allow; `malformed` when the parser broke down.
            RuntimeError: the loader raised anything else, which is a defect of it.

        Where it is interrupted, the process is ended: its answer would be taken for that of the
        next file.
        """
        is_fresh = self._process is None
        answer = self._ask(loader, file)
        if isinstance(answer, int) and not is_fresh:
            answer = self._ask(loader, file)  # files before it may have left it little memory
        if isinstance(answer, bytes):
            return extract(answer, file)
        if answer in (OUT_OF_MEMORY, _ABORTED):
            allowed = f"{file.limits.max_memory_bytes // 2**20:,} MB of memory"
            raise file.error("too_large", f"reading it takes more than {allowed}", _FIX)
        raise file.malformed(f"its parser broke down on it (status {answer})")

    def _ask(self, loader: Loader, file: File) -> bytes | int:
        """The answer, or the exit status of a process that gave none."""
        process = self._process = self._process or _start()
        late = threading.Event()

        def end() -> None:
            late.set()
            process.kill()

        allowed = _seconds(file)
        timer = threading.Timer(allowed, end)
        timer.daemon = True
        timer.start()
        try:
            answer = _exchange(process, loader, file, allowed)
        except BaseException:
            process.kill()
            self._end(process)
            raise
        finally:
            timer.cancel()
        if answer:
            return answer
        status = self._end(process)
        if late.is_set():
            reason = f"reading it takes longer than {allowed:g} seconds"
            raise file.error("too_large", reason, _FIX)
        return status

    def _end(self, process: subprocess.Popen[bytes]) -> int:
        self._process = None
        for pipe in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):  # the rest of a request that it did not take
                if pipe is not None:
                    pipe.close()
        try:
            return process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()


def _seconds(file: File) -> float:
    """Longest time to read a file: a small one may not ask for as much as a large one."""
    by_size = _LEAST_S + _S_A_MEGABYTE * len(file.data) / 2**20
    return min(float(file.limits.max_seconds), by_size)


def _start() -> subprocess.Popen[bytes]:
    """A new process, neither forked from this one nor running its main module.

    A fork would copy locks that other threads hold; a main module may be a page, or a test.
    """
    root = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(part for part in (root, os.environ.get("PYTHONPATH", "")) if part)
    # -P: the folder we are in may hold the user's files, under the names of modules.
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "rag.reading.reader_process"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**_harmless(os.environ), "PYTHONPATH": path},
    )


def _harmless(environment: Mapping[str, str]) -> dict[str, str]:
    """Without keys and passwords: a parser that a file has taken over could read them.

    What the system shows of its parent to a process of the same user is not closed by this.
    """
    return {name: value for name, value in environment.items() if not _SECRET.search(name)}


def _exchange(
    process: subprocess.Popen[bytes], loader: Loader, file: File, seconds: float
) -> bytes:
    """The answer; empty where the process ended instead."""
    if process.stdin is None or process.stdout is None:
        raise ValueError("the process has no pipes")
    try:
        write_frames(process.stdin, request(loader, file, seconds), file.data)
    except OSError:  # it is gone already
        return b""
    # a letter takes four bytes at most, and those that JSON writes as \u001f six
    return read_frame(process.stdout, 8 * file.limits.max_characters + 2**24)
