"""Words on a terminal, the one place that prints: results to stdout, the rest to stderr."""

import io
import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from harness.errors import RungwiseError

_CONTROL = dict.fromkeys([*range(32), *range(127, 160)], "\ufffd") | {9: "\t", 10: "\n"}
"""Letters that could steer a terminal; names and rows of the user's files may hold them."""


def any_letter() -> None:
    """Let every letter through, whatever the locale: UTF-8 into pipes and files.

    A terminal keeps its encoding; what it cannot show becomes a question mark.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            encoding = stream.encoding if stream.isatty() else "utf-8"
            stream.reconfigure(encoding=encoding, errors="replace")


def out(text: str = "") -> None:
    """A line of the result."""
    print(text.translate(_CONTROL))


def out_json(value: Any) -> None:
    """The result as JSON, and nothing else."""
    import msgspec

    print(json.dumps(msgspec.to_builtins(value), ensure_ascii=False, indent=1))


def note(text: str) -> None:
    """A line on what is going on."""
    print(text.translate(_CONTROL), file=sys.stderr, flush=True)


def ask(prompt: str) -> str | None:
    """A line that the user types or a program sends; None when there is no more to come."""
    # not input(), which writes its prompt among the results
    print(prompt, end="", file=sys.stderr, flush=True)
    line = sys.stdin.readline()
    if not line:
        note("")  # what comes next begins a line
        return None
    return line.strip()


def on_terminal() -> bool:
    """Whether somebody can be asked what they did not ask for: a program sends what it knows of."""
    return sys.stdin.isatty()


def show_error(error: RungwiseError) -> None:
    """Two lines a problem, without a traceback."""
    for problem in error.problems:
        note(f"error: {_one_line(str(problem))}")
        note(f"fix: {_one_line(problem.fix)}")


def _one_line(text: str) -> str:
    """Text without line breaks, as names of files and columns may hold them."""
    return " ".join(text.split())


def table(head: Sequence[str], rows: Iterable[Sequence[str]], texts: int = 1) -> str:
    """Columns aligned with spaces.

    Args:
        head: names of the columns.
        rows: their cells.
        texts: how many columns, from the left, hold text; the others hold figures.
    """
    lines = [list(head), *(list(row) for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if i < texts else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )
