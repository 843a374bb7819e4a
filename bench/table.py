"""The tables of figures beside stock parts, made from ``bench/results``.

``python -m bench.table`` prints every line of every machine. With ``--write`` they go into
``bench/results/README.md``, and into the README those lines that have a target, of the machine that
was measured last; there, what stands between two markers is replaced.
"""

import argparse
import json
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path

from advisor.numbers import count
from harness.types import Json

ROOT = Path(__file__).parents[1]
README = "README.md"
RESULTS = ROOT / "bench" / "results"
BEGIN, END = "<!-- bench table: begin -->", "<!-- bench table: end -->"
HEAD = "| work | ours | stock part | ratio (spread) | target | agreement | memory |"
RULE = "|---|--:|---|--:|--:|---|---|"
SHORT_HEAD = "| work | ours | stock part | ratio (spread) | target |"
SHORT_RULE = "|---|--:|---|--:|--:|"
TITLE = "# Ours beside stock parts, by machine"


class NoMarkersError(Exception):
    """The text has no place for the table."""


def records(folder: Path = RESULTS) -> list[dict[str, Json]]:
    """All results that have lines, by machine and part."""
    found = []
    for file in sorted(folder.glob("*.json")):
        record = json.loads(file.read_text(encoding="utf-8"))
        if record["figures"].get("lines"):
            found.append(record)
    return sorted(found, key=lambda one: (one["device"], one["precision"], one["part"]))


def markdown(found: Sequence[dict[str, Json]]) -> str:
    """How many targets are reached, then a table a machine, its busyness at the end."""
    blocks = [_count(found)]
    for device, precision in dict.fromkeys((one["device"], one["precision"]) for one in found):
        lines = _lines(found, device, precision)
        title = f"## {device}, {precision}: {count(len(lines), 'line')}"
        rows = "\n".join(_row(line) for line in lines)
        blocks += [title, f"{HEAD}\n{RULE}\n{rows}", _load(lines)]
    return "\n\n".join(blocks)


def short(found: Sequence[dict[str, Json]]) -> str:
    """The lines that have a target, of the machine that was measured last."""
    last = max(found, key=lambda one: str(one["at"]))
    device, precision = last["device"], last["precision"]
    lines = [line for line in _lines(found, device, precision) if line["must"]]
    rows = "\n".join(" | ".join(_cells(line)[:5]) + " |" for line in lines)
    reached = f"{sum(map(_reached, lines))} of {len(lines)} reach their target."
    head = f"{device}, {precision}. {reached} {_load(lines)}"
    return f"{head}\n\n{SHORT_HEAD}\n{SHORT_RULE}\n{rows}"


def written(text: str, table: str) -> str:
    """The text with the table between its markers.

    Raises:
        NoMarkersError: it has none.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise NoMarkersError
    return f"{before}{BEGIN}\n{table}\n{END}{after}"


def _lines(found: Sequence[dict[str, Json]], device: str, precision: str) -> list[dict[str, Json]]:
    """Of one machine."""
    here = [one for one in found if (one["device"], one["precision"]) == (device, precision)]
    return [line for one in here for line in one["figures"]["lines"]]


def _count(found: Sequence[dict[str, Json]]) -> str:
    every = [line for one in found for line in one["figures"]["lines"] if line["must"]]
    reached = sum(map(_reached, every))
    return f"{reached} of {len(every)} lines that have a target reach it, by their median ratio."


def _reached(line: dict[str, Json]) -> bool:
    return bool(line["ratio"]["median"] >= line["must"])


def _row(line: dict[str, Json]) -> str:
    return " | ".join(_cells(line)) + " |"


def _cells(line: dict[str, Json]) -> list[str]:
    ours, stock, ratio = line["ours"], line["stock"], line["ratio"]
    word = "reached" if line["must"] and _reached(line) else "missed"
    return [
        f"| {line['work']}",
        f"{_rate(ours)} {line['unit']}",
        f"{stock['side']}: {_rate(stock)}",
        f"{ratio['median']:g}× ({ratio['least']:g}–{ratio['most']:g})",
        f"{line['must']:g}×, {word}" if line["must"] else "",
        str(line["agreement"]),
        f"{ours['peak_gb']:g} / {stock['peak_gb']:g} GB",
    ]


def _rate(side: dict[str, Json]) -> str:
    return f"{statistics.median(side['per_s']):.4g}"


def _load(lines: Sequence[dict[str, Json]]) -> str:
    busy = [one["others_busy_cores"] for one in lines if one["others_busy_cores"] is not None]
    if not busy:
        return "How busy others kept the machine was not measured."
    least, most = f"{min(busy):g}", f"{max(busy):g}"
    between = least if least == most else f"{least} to {most}"
    return f"Meanwhile others kept {between} of its cores busy."


def main(given: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Print all lines, or write both tables."""
    parser = argparse.ArgumentParser(prog="python -m bench.table")
    parser.add_argument("--write", action="store_true", help="write both tables into their files")
    found = records(root / RESULTS.relative_to(ROOT))
    if not parser.parse_args(given).write:
        print(markdown(found))
        return 0
    file = root / README
    try:
        new = written(file.read_text(encoding="utf-8"), short(found))
    except (OSError, NoMarkersError) as error:
        print(f"error: {file}: {getattr(error, 'strerror', None) or 'no place for the table'}")
        print(f"fix: put these two lines where it goes: {BEGIN} and {END}")
        return 2
    file.write_text(new, encoding="utf-8")
    whole = f"{TITLE}\n\n{markdown(found)}\n"
    (root / RESULTS.relative_to(ROOT) / README).write_text(whole, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
