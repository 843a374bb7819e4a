"""The process that reads files apart, and how it is spoken to.

Requests and answers are frames on standard input and output: their length in eight bytes, then JSON
in UTF-8; behind a request stands a frame with the bytes of the file. Not pickle: what comes back
from a process that has read a hostile file is not trusted either.
"""

import contextlib
import importlib
import json
import os
import struct
import sys
import traceback
from pathlib import Path
from typing import IO, Any, Final

from rag.errors import DocumentError
from rag.reading.file import Extract, File, Loader, Page
from rag.types import Limits

OUT_OF_MEMORY: Final = 77
"""Exit status where Python's own code met the limit of memory."""
BROKEN: Final = (
    ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError, MemoryError,
)  # fmt: skip
"""What an answer raises that is none."""
_LENGTH: Final = struct.Struct("<Q")
_GRACE_S: Final = 5
_FULL: Final = 0.7


def write_frames(stream: IO[bytes], *frames: bytes) -> None:
    """Write frames and flush."""
    for frame in frames:
        stream.write(_LENGTH.pack(len(frame)))
        stream.write(frame)
    stream.flush()


def read_frame(stream: IO[bytes], most: int) -> bytes:
    """The next frame; empty where the other side is gone or announces more than `most` bytes."""
    head = stream.read(_LENGTH.size)
    length = _LENGTH.unpack(head)[0] if len(head) == _LENGTH.size else 0
    frame = stream.read(length) if length <= most else b""
    return frame if len(frame) == length else b""


def request(loader: Loader, file: File, seconds: float) -> bytes:
    """The first frame of a request; the bytes of the file are the second."""
    limits = {name: getattr(file.limits, name) for name in Limits.__slots__}
    fields = {"loader": loader.read.__module__, "source": file.source, "limits": limits}
    return _packed({**fields, "size": len(file.data), "seconds": seconds})


def extract(answer: bytes, file: File) -> Extract:
    """What an answer says was read.

    Raises:
        DocumentError: that the loader raised; `malformed` where this is no answer at all.
        RuntimeError: with the traceback of anything else it raised, which is a defect of it.
    """
    try:
        found = json.loads(answer.decode("utf-8", "surrogatepass"))
        error = _error(found["error"], file) if "error" in found else None
        defect = str(found.get("defect", ""))
        pages = tuple(_page(*page) for page in found.get("pages", ()))
        gaps = tuple(_error(gap, file) for gap in found.get("gaps", ()))
        title = found.get("title", "")
        is_whole = error or defect or "pages" in found
        if not is_whole or not isinstance(title, str):
            raise ValueError("an answer of another shape")
    except BROKEN as broken:
        raise file.malformed("its parser broke down on it (no answer)") from broken
    if error:
        raise error
    if defect:
        raise RuntimeError(f"a reader of documents failed:\n{defect}")
    return Extract(pages, title, gaps)


def _page(text: str, number: int | None, title: str) -> Page:
    if not (isinstance(text, str) and isinstance(number, int | None) and isinstance(title, str)):
        raise TypeError("a page of another shape")
    return Page(text, number, title)


def _packed(fields: dict[str, Any]) -> bytes:
    # surrogatepass: halves of letters are refused later, with a reason of their own
    return json.dumps(fields, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _error(fields: list[Any], file: File) -> DocumentError:
    code, reason, fix, pages = fields
    return file.error(str(code), str(reason), str(fix), pages=tuple(map(int, pages)))


def _fields(error: DocumentError) -> list[Any]:
    return [error.code, error.reason, error.fix, error.pages]


def _answer(head: bytes, data: bytes) -> bytes:
    fields = json.loads(head.decode("utf-8", "surrogatepass"))
    file = File(fields["source"], data, Limits(**fields["limits"]))
    _hold(file.limits.max_memory_bytes, fields["seconds"])
    try:
        read: Extract = importlib.import_module(fields["loader"]).LOADER.read(file)
        if sum(len(page.text) for page in read.pages) > file.limits.max_characters:
            raise file.too_much_text()
    except RecursionError:
        return _packed({"error": _fields(file.nested_too_deeply())})
    except DocumentError as error:
        if error.code == "malformed" and _is_full(file.limits.max_memory_bytes):
            raise MemoryError from error
        return _packed({"error": _fields(error)})
    except MemoryError:  # no defect, however little was held when one large piece was refused
        raise
    except Exception as error:
        if _is_full(file.limits.max_memory_bytes):
            raise MemoryError from error
        return _packed({"defect": traceback.format_exc()})
    pages = [[page.text, page.number, page.title] for page in read.pages]
    gaps = [_fields(gap) for gap in read.gaps]
    return _packed({"pages": pages, "title": read.title, "gaps": gaps})


def _hold(memory: int, seconds: float) -> None:
    """Let the system hold the limits; where it cannot, the parent holds the time nevertheless."""
    if sys.platform == "win32":
        return
    import resource
    import signal

    # RLIMIT_DATA and not RLIMIT_AS: libraries reserve addresses that they never use.
    for kind, most in ((resource.RLIMIT_DATA, memory), (resource.RLIMIT_CORE, 0)):
        hard = resource.getrlimit(kind)[1]
        with contextlib.suppress(ValueError, OSError):  # a system without such a limit
            soft = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(kind, (soft, hard))
    # For a parent that was killed meanwhile: native code does not see that nobody waits any more.
    signal.alarm(int(seconds) + _GRACE_S)


def _is_full(memory: int) -> bool:
    """Whether most of the memory allowed was in use: libxml2 without any says "unknown error"."""
    if sys.platform != "linux":  # only there the limit is held
        return False
    # not getrusage: its peak begins with that of the process that started this one
    status = Path("/proc/self/status").read_text("ascii", "replace").splitlines()
    peak = next((line.split()[1] for line in status if line.startswith("VmHWM:")), "0")
    return 1024 * int(peak) > _FULL * memory


def _rest() -> None:
    if sys.platform != "win32":
        import signal

        signal.alarm(0)


def main() -> None:
    """Answer until nobody asks any more."""
    # Libraries that print must not write between the frames.
    source, sink = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    while head := read_frame(source, sys.maxsize):
        data = read_frame(source, sys.maxsize)
        try:
            answer = _answer(head, data)
        except MemoryError:
            os._exit(OUT_OF_MEMORY)
        write_frames(sink, answer)
        _rest()


if __name__ == "__main__":
    main()
