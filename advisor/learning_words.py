"""What a learning curve says, in a table and sentences. Pure; figures are the harness's."""

from advisor.money_tables import Rows
from advisor.numbers import (
    about,
    capital,
    count,
    in_points,
    in_sentence,
    interval,
    margin_in_points,
    percent,
    points_range,
)
from harness.cell import parse_cell
from harness.learning.result import CurveResult, rows_of

TIMES = {2.0: "twice"}


def figures(result: CurveResult) -> Rows:
    """One row a size, with its trainings one by one, and the forecast last."""
    rows = [
        (
            f"{one.rows:,.0f}",
            f"{percent(one.score.mean)} ({interval(one.score.low, one.score.high)})",
            ", ".join(percent(value) for value in one.by_seed),
            "–" if one.steps is None else f"{one.steps:,.0f}",
        )
        for one in result.points
    ]
    found = result.foretold
    if found is not None:
        low, high = sorted((_value(result, found.low), _value(result, found.high)))
        expected = f"{percent(_value(result, found.gain))} ({interval(low, high)})"
        rows.append(
            (f"{found.factor * result.points[-1].rows:,.0f}, estimated", expected, "–", "–")
        )
    asked = count(result.n_heldout, "held-out question")
    caption = f"{result.metric_title} by training rows, {asked}, with 95 % intervals"
    head = ("Training rows", result.title, "Each training", "Steps at most")
    return Rows(caption, head, tuple(rows), 1)


def _value(result: CurveResult, gain: float) -> float:
    """The score, in the metric's own direction, that a gain leads to; within 0..1."""
    assert result.foretold is not None
    return result.score(result.foretold.law.error - gain)


def sentences(result: CurveResult) -> list[str]:
    """What it comes to, the answer first."""
    told = [answer(result)]
    if result.foretold is not None:
        told += _shape(result)
    if result.n_failed:
        told.append(f"{count(result.n_failed, 'answer')} failed and count for nothing here.")
    for cell, why in result.failed.items():
        what = f"A training on {rows_of(cell):,} rows, seed {parse_cell(cell)[1]}"
        told.append(f"{what}, did not come to its end: {why.rstrip('.')}.")
    return told


def answer(result: CurveResult) -> str:
    """Whether more data would help, one sentence or two."""
    found = result.foretold
    if found is None:
        return (
            "Whether more data would help cannot be told: it takes three sizes with finished "
            "trainings and questions that all of them answered."
        )
    sign = 1 if result.higher_is_better else -1
    low, high = sorted((sign * found.low, sign * found.high))
    rows = about(found.factor * result.points[-1].rows)
    times = TIMES.get(found.factor, f"{found.factor:g} times")
    foretold = (
        f"{times} the rows ({rows}) is estimated at {in_points(sign * found.gain)} "
        f"({points_range(low, high)})"
    )
    if result.verdict == "help":
        return f"More data of this kind would likely help: {foretold}."
    if result.verdict == "hardly":
        matters = f"a difference below {margin_in_points(result.margin)} does not matter"
        return f"More data of this kind would hardly help: {foretold}, and {matters} to you."
    return (
        f"Whether more data of this kind would help cannot be told: {foretold}. More held-out "
        "questions or more trainings a size would narrow that."
    )


def _shape(result: CurveResult) -> list[str]:
    """From the smallest size to the largest, as measured."""
    first, last = result.points[0], result.points[-1]
    if first.score.mean is None or last.score.mean is None:
        return []
    step = in_points(last.score.mean - first.score.mean)
    return [
        f"{capital(in_sentence(result.title))} went from {percent(first.score.mean)} with "
        f"{first.rows:,.0f} training rows to {percent(last.score.mean)} with {last.rows:,.0f} "
        f"({step})."
    ]


def description(result: CurveResult) -> str:
    """The picture in words."""
    parts = [f"{percent(one.score.mean)} with {one.rows:,.0f} rows" for one in result.points]
    return f"{result.title}, score by training rows: {'; '.join(parts)}. {answer(result)}"
