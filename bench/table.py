"""The README's table, made from ``bench/results``: ``python -m bench.table [--write README.md]``.

Without ``--write`` it is printed. With it, what stands between the two markers is replaced.
"""

import argparse
import json
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path

from advisor.numbers import count
from harness.types import Json

RESULTS = Path(__file__).parent / "results"
BEGIN, END = "<!-- bench table: begin -->", "<!-- bench table: end -->"
HEAD = "| work | ours | stock part | ratio (spread) | target | agreement | memory |"
RULE = "|---|--:|---|--:|--:|---|---|"


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
    """How many targets are reached, then one folded table a machine, its busyness at the end."""
    every = [line for one in found for line in one["figures"]["lines"] if line["must"]]
    reached = sum(map(_reached, every))
    blocks = [
        f"{reached} of {len(every)} lines that have a target reach it, by their median ratio."
    ]
    machines = dict.fromkeys((one["device"], one["precision"]) for one in found)
    for device, precision in machines:
        here = [one for one in found if (one["device"], one["precision"]) == (device, precision)]
        lines = [line for one in here for line in one["figures"]["lines"]]
        rows = "\n".join(_row(line) for line in lines)
        title = f"<details><summary>{device}, {precision}: {count(len(lines), 'line')}</summary>"
        body = f"{HEAD}\n{RULE}\n{rows}\n\n{_load(lines)}"
        blocks.append(f"{title}\n\n{body}\n\n</details>")
    return "\n\n".join(blocks)


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


def _reached(line: dict[str, Json]) -> bool:
    return bool(line["ratio"]["median"] >= line["must"])


def _row(line: dict[str, Json]) -> str:
    ours, stock, ratio = line["ours"], line["stock"], line["ratio"]
    word = "reached" if line["must"] and _reached(line) else "missed"
    target = f"{line['must']:g}×, {word}" if line["must"] else ""
    return (
        f"| {line['work']} | {_rate(ours)} {line['unit']} | {stock['side']}: {_rate(stock)} "
        f"| {ratio['median']:g}× ({ratio['least']:g}–{ratio['most']:g}) | {target} "
        f"| {line['agreement']} | {ours['peak_gb']:g} / {stock['peak_gb']:g} GB |"
    )


def _rate(side: dict[str, Json]) -> str:
    return f"{statistics.median(side['per_s']):.4g}"


def _load(lines: Sequence[dict[str, Json]]) -> str:
    busy = [one["others_busy_cores"] for one in lines if one["others_busy_cores"] is not None]
    if not busy:
        return "How busy others kept the machine was not measured."
    least, most = f"{min(busy):g}", f"{max(busy):g}"
    between = least if least == most else f"{least} to {most}"
    return f"Meanwhile others kept {between} of its cores busy."


def main(given: Sequence[str] | None = None) -> int:
    """Print the table, or write it into a file."""
    parser = argparse.ArgumentParser(prog="python -m bench.table")
    parser.add_argument("--write", type=Path, metavar="FILE", help="replace the table in this file")
    file = parser.parse_args(given).write
    table = markdown(records())
    if file is None:
        print(f"{BEGIN}\n{table}\n{END}")
        return 0
    try:
        new = written(file.read_text(encoding="utf-8"), table)
    except (OSError, NoMarkersError) as error:
        print(f"error: {file}: {getattr(error, 'strerror', None) or 'no place for the table'}")
        print(f"fix: put these two lines where it goes: {BEGIN} and {END}")
        return 2
    file.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
