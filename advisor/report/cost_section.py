"""The part of a report that says what each rung costs: time, memory, and money at given prices."""

from functools import partial

from advisor import charts
from advisor.money_tables import (
    Money,
    Rows,
    energy_rows,
    money_of,
    money_rows,
    pair_rows,
    part_rows,
    seconds_right,
    used_prices,
)
from advisor.money_words import sentences
from advisor.numbers import interval, percent, seconds, size
from advisor.report.document import Block, Bullets, Figure, Paragraph, Section, Table, Terms
from advisor.report.sources import Sources
from advisor.taken_words import taken_rows
from harness.experiment import ArmResult


def cost(sources: Sources, full: bool) -> Section:
    """Time and memory a rung; in full with tokens and a picture."""
    experiment = sources.experiment
    found = money_of(experiment, sources.prices)
    if found.prices.given and not full:
        blocks: list[Block] = [_short(sources, found), Bullets(tuple(sentences(found, full)))]
        return Section("cost", "What it costs", tuple(blocks))
    head = ["Rung", "Score", "A question", "1,000 right answers", "To prepare", "Memory"]
    if full:
        head += ["Slowest 5 %", "Tokens in", "Tokens out", "All questions"]
    rows = [
        _cost_row(sources, arm, seconds_right(found.costs[name]), full)
        for name, arm in experiment.rungs.items()
    ]
    machine = experiment.model.get("device") or "this machine"
    blocks = [
        Table(f"Time and memory on {machine}", tuple(head), tuple(rows), strong=_advised(found)),
    ]
    if full:
        caption = "Score against the median time a question; the lines are 95 % intervals."
        blocks.append(Figure(partial(charts.cost_quality, experiment), caption))
        blocks.append(
            Paragraph(
                f"A question: the median of {_timed(sources)} answers timed one at a time. "
                "1,000 right answers: the machine's time for all questions, over the share of "
                "right answers. Tokens: means an answer. Memory: the most that the process held."
            )
        )
        used = energy_rows(found)
        told = taken_rows(experiment)
        blocks += [table_of(rows) for rows in (used, told) if rows]
    blocks += money_blocks(found, full)
    return Section("cost", "What it costs", tuple(blocks))


def money_blocks(found: Money, full: bool) -> list[Block]:
    """Costs at the user's prices, where the rungs cross, and which prices were used."""
    said = Bullets(tuple(sentences(found, full)))
    if not found.prices.given:
        return [said]
    blocks: list[Block] = [table_of(money_rows(found), _advised(found))]
    if full:
        caption = (
            "Cost of a month against the answers in it, building spread over twelve months. Where "
            "two lines cross, the two rungs cost the same."
        )
        blocks.append(Figure(partial(charts.break_even, found), caption))
        blocks += [table_of(rows) for rows in (pair_rows(found), part_rows(found)) if rows]
    blocks.append(said)
    return [*blocks, Terms(used_prices(found.prices))] if full else blocks


def _short(sources: Sources, found: Money) -> Table:
    """Time and money in one table, for who has two pages."""
    priced = money_rows(found)
    rows = [
        (*_cost_row(sources, arm, "", full=False)[:3], *row[2:])
        for arm, row in zip(sources.experiment.rungs.values(), priced.rows, strict=True)
    ]
    head = (priced.head[0], "Score", "A question", *priced.head[2:])
    return Table(priced.caption, head, tuple(rows), strong=_advised(found))


def _advised(found: Money) -> int | None:
    """The row of the recommended rung; None where no rung is."""
    names = list(found.costs)
    advised = found.experiment.verdict.get("recommended")
    return names.index(advised) if advised in names else None


def table_of(rows: Rows, strong: int | None = None) -> Table:
    """A table of costs as a block."""
    return Table(rows.caption, rows.head, rows.rows, rows.words, strong)


def _timed(sources: Sources) -> str:
    numbers = sorted({arm.latency_s.n for arm in sources.experiment.rungs.values()})
    return f"{numbers[0]:,}" if len(numbers) == 1 else f"{numbers[0]:,} to {numbers[-1]:,}"


def _cost_row(sources: Sources, arm: ArmResult, right: str, full: bool) -> tuple[str, ...]:
    scored = arm.scores[sources.experiment.task.metric]
    row = [
        arm.title,
        f"{percent(scored.mean)} ({interval(scored.low, scored.high)})",
        seconds(arm.latency_s.p50),
        right,
        seconds(arm.prepare_s),
        size(arm.peak_memory_bytes),
    ]
    if full:
        tail = seconds(arm.latency_s.p95) if arm.latency_s.p95 is not None else "too few"
        row += [
            tail,
            f"{arm.prompt_tokens:,.0f}",
            f"{arm.completion_tokens:,.0f}",
            seconds(arm.answer_s),
        ]
    return tuple(row)
