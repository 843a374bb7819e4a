"""Probes of finished runs, their answers written by hand and measured by the real code."""

from collections.abc import Callable

from harness.cell import parse_cell
from harness.disk import write_json
from harness.probe import Planted
from harness.probe_measuring import cells_of
from harness.probe_result import ProbeResult, plan_of
from harness.probing import begin, run_probe
from harness.store import Cell, Run
from harness.types import Answer, Context, Failure, Preparation

Said = Callable[[int, Planted], str]
"""What is said to the question with this number about this change."""


def probe_run(run: Run, name: str, said: Said, count: int | None = None) -> ProbeResult:
    """A finished probe: every rung that reads finds each changed passage, the last one fails."""
    store = begin(run, name, count)
    asked = [(one, key) for one in plan_of(store).planted for key in one.query_ids]
    answers = [
        Answer(key, said(number, one), (Context(one.source, f"There: {one.new}.", 0.9),))
        for number, (one, key) in enumerate(asked)
    ]
    for cell in cells_of(store):
        rung, seed = parse_cell(cell)
        given = () if rung == "index" else tuple(answers[:-1])
        failed = () if rung == "index" else (Failure(asked[-1][1], "prompt_too_long", "2,100"),)
        write_json(
            store.cell_file(cell),
            Cell(cell, rung, seed, Preparation(seconds=2.5), given, failed, 3.0, 0, "", ""),
        )
    return run_probe(store)


def fresh(number: int, one: Planted) -> str:
    """Every second answer follows the documents; every fourth keeps to what was."""
    if number % 2 == 0:
        return f"It takes {one.new}."
    return f"It takes {one.old}." if number % 4 == 1 else "<script>alert(2)</script>"


def obedient(number: int, one: Planted) -> str:
    """Every third answer holds the marker."""
    return f"{one.new}!" if number % 3 == 0 else "3 days"
