"""A task of sixty labels, and experiments assembled from finished cells that answer it."""

import dataclasses

from harness.assemble import assemble
from harness.cell import cell_name
from harness.types import Answer, Example, Failure, Task, TaskSpec
from tests.advisor.report_runs import put, start

N = 60
HELDOUT = tuple(Example(f"h{i}", f"message {i}", ("ab"[i % 2],)) for i in range(N))
ALL_FAILED = [Failure(one.id, "prompt_too_long", "2,100 tokens") for one in HELDOUT]


def answers(right, ids=range(N)):
    """Answers to these questions, right where the test says so."""
    return [Answer(f"h{i}", "ab"[i % 2] if right(i) else "ab"[(i + 1) % 2]) for i in ids]


def nearly_all(i: int) -> bool:
    return i % 10 != 0


def half(i: int) -> bool:
    return i % 4 < 2


def begun(folder, cells, metric="accuracy_score", n=N, **plan):
    """A run of these cells on the first n questions, none of them finished."""
    spec = TaskSpec("desk", "label", "Sort.", labels=("a", "b"), metric=metric)
    task = Task(spec, HELDOUT[:2], HELDOUT[:2], HELDOUT[:n], (), "f1")
    run = start(folder / "runs" / "first", task, [cell_name(*key) for key in cells])
    run.change_plan(dataclasses.replace(run.plan(), **{"target": None, **plan}))
    return run


def assembled(folder, cells, n=N, **plan):
    """The experiment of these cells: (rung, seed) to answers; None where every answer failed."""
    run = begun(folder, cells, n=n, **plan)
    for (rung, seed), given in cells.items():
        found = given or []
        have = {one.query_id for one in found}
        put(run, rung, seed, found, [one for one in ALL_FAILED[:n] if one.query_id not in have])
    return assemble(run, {})
