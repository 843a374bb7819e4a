"""The headline score of each seed of a rung by itself: how far apart its trainings come out."""

from collections.abc import Mapping, Sequence

from harness.metric import Metric
from harness.store import Cell
from harness.types import Example, TaskSpec

Table = Mapping[str, Mapping[str, float | None]]
"""Metric to item to score, of one cell."""


def seed_scores(
    metric: Metric,
    spec: TaskSpec,
    cells: Sequence[Cell],
    heldout: Sequence[Example],
    tables: Mapping[str, Table],
) -> tuple[float | None, ...]:
    """One score a cell, in their order; None where it has none."""
    found = []
    for cell in cells:
        if metric.whole is not None:
            answers = {answer.query_id: answer for answer in cell.answers}
            rows = [(row, answers[row.id]) for row in heldout if row.id in answers]
            found.append(metric.whole(rows, spec).value if rows else None)
            continue
        known = [value for value in tables[cell.cell][metric.name].values() if value is not None]
        found.append(sum(known) / len(known) if known else None)
    return tuple(found)
