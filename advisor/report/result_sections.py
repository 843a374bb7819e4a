"""The parts of a report that say what was found, how sure it is, and what it costs."""

from collections.abc import Sequence
from functools import partial

from advisor import charts
from advisor.charts.differences import WORDS
from advisor.choice import choose
from advisor.measured import inline
from advisor.money_tables import at_prices, money_of, right_words
from advisor.numbers import (
    count,
    in_sentence,
    margin_in_points,
    p_value,
    points,
    points_range,
    seconds,
)
from advisor.report.document import Block, Bullets, Fact, Figure, Paragraph, Section, Table
from advisor.report.sources import Sources
from advisor.report.words import KIND_WORDS, UPKEEP
from advisor.taken_words import spreads
from advisor.voice import TITLE, voice
from harness.clusters import clusters_of
from harness.experiment import Contrast
from harness.fairness import MACHINE_WAS_QUIET

MIND = 2
"""Cautions on the first screen."""
CHANGES = 3
"""What would change the verdict, for who has two pages."""


def picture(sources: Sources) -> Figure:
    """The ladder."""
    caption = "Each rung with its score and interval."
    if sources.experiment.floors:
        caption += (
            " A rung whose point lies in the grey band scored no more than the best without a "
            "language model."
        )
    if sources.experiment.ceilings:
        line = "A thin line marks" if len(sources.experiment.ceilings) == 1 else "Thin lines mark"
        caption += (
            f" {line} what retrieval would reach if search put the right passage first wherever "
            "that is known: measured, and not on offer."
        )
    return Figure(partial(charts.ladder, sources.experiment), caption)


def facts(sources: Sources) -> tuple[Fact, ...]:
    """What it costs, whether it was expected, what would change it."""
    # Of the answers to the questionnaire only where they are still what counts: in full below.
    flips = {flip.text for flip in sources.prior.would_change_if} if sources.prior else set()
    changes = [text for text in sources.verdict.would_change_if if text not in flips]
    return (
        Fact("What it costs", cost_sentence(sources)),
        Fact("What was expected", sources.verdict.prior_sentence),
        Fact("What would change this", changes[0] if changes else NOTHING_OPEN),
    )


NOTHING_OPEN = (
    "Between these rungs nothing is left open. Another task, other data or another model asks for "
    "a new check."
)


def cost_sentence(sources: Sources) -> str:
    """Time, preparation and upkeep of the advised rung, or of the one that came nearest."""
    arm, told = sources.arm, []
    if sources.verdict.recommended == "none":
        nearest = ", which came nearest" if sources.experiment.scored else ""
        told.append(f"Of {inline(arm)}{nearest}:")
    if arm.latency_s.p50 is not None:
        told.append(_waiting(sources))
    told.append(f"Ready in {seconds(arm.prepare_s)}.")
    found = money_of(sources.experiment, sources.prices)
    priced = found.costs[sources.standing]
    if priced.per_right_answer is not None:
        amount = right_words(priced, found.prices.currency)
        told.append(f"1,000 right answers cost {amount} {at_prices(found.prices)}.")
    if sources.standing in UPKEEP:
        told.append(UPKEEP[sources.standing])
    return " ".join(told)


def _waiting(sources: Sources) -> str:
    """Time a question, held against the first rung's unless others shared the machine."""
    arm, first = sources.arm, next(iter(sources.experiment.rungs.values()))
    took, other = arm.latency_s.p50 or 0.0, first.latency_s.p50
    answers = count(arm.latency_s.n, "answer")
    text = f"{seconds(took)} a question on this machine, median of {answers}"
    fairness = sources.experiment.fairness
    if any(one.check == MACHINE_WAS_QUIET and one.holds is False for one in fairness):
        return f"{text} timed on a busy machine."
    if arm is not first and other is not None:
        word = "more" if took >= other else "less"
        text += f"; {seconds(abs(took - other))} {word} than {in_sentence(first.title)}"
    return f"{text}."


PAIRS = "the number of pairs (Holm's method)"
STEPS = (
    "the number of steps: each rung is held against the one that stood till then, a rung that "
    "joins two against both, and a step that is settled hands its part of the 5 % to the next "
    "(the fallback procedure)"
)


def question(sources: Sources) -> Section:
    """What was asked, of whom, on what."""
    task = sources.experiment.task
    asked = ", ".join(in_sentence(arm.title) for arm in sources.experiment.rungs.values())
    text = (
        f"The task is to {KIND_WORDS[sources.plan.spec.kind]}. How much effort does it need? "
        f"Compared were {asked}: each on the same {count(task.n_heldout, 'question')} with known "
        f"answers, which none of them had seen while it was built."
    )
    if task.detectable is not None:
        text += (
            f" That many were expected to show a difference of about "
            f"{count(round(100 * task.detectable), 'point')} between two of them in 4 of 5 cases."
        )
    return Section("question", "The question", (Paragraph(text),))


def why(sources: Sources, full: bool) -> Section:
    """Why this rung and not another, or none; in full with every pair."""
    experiment = sources.experiment
    blocks: list[Block] = [Bullets(sources.verdict.reasons)] if sources.verdict.reasons else []
    if not blocks:
        blocks.append(Paragraph("Only one rung was measured, so there is nothing to compare."))
    if full:
        apart = tuple(spreads(experiment))
        blocks += [Bullets(apart)] if apart else []
        against = experiment.rungs[choose(experiment).rung]
        caption = (
            f"Differences from {inline(against)} on the same questions, with 95 % intervals. "
            "Left of zero is worse."
        )
        blocks.append(Figure(partial(charts.differences, experiment), caption))
        steps = [c for c in experiment.comparisons if c.planned]
        others = [c for c in experiment.comparisons if not c.planned]
        blocks += _pairs(sources, "The comparisons that decide", steps, STEPS)
        named = "Every other pair of rungs" if steps else "Every pair of rungs"
        blocks += _pairs(sources, named, others)
        blocks += _pairs(
            sources, "Against the best without a language model", experiment.floor_contrasts
        )
    none = sources.verdict.recommended == "none"
    title = "Why none of them" if none else "Why this rung and not another"
    return Section("why", title, tuple(blocks))


def _pairs(
    sources: Sources, caption: str, contrasts: Sequence[Contrast], allowed: str = PAIRS
) -> list[Block]:
    if not contrasts:
        return []
    arms = {**sources.experiment.rungs, **sources.experiment.floors}
    rows, notes = [], []
    for c in contrasts:
        pair = f"{arms[c.a].title} against {in_sentence(arms[c.b].title)}"
        needed = f"{c.n_needed:,}" if c.n_needed else ""
        rows.append(
            (pair, WORDS[c.verdict], points(c.difference), points_range(c.low, c.high),
             p_value(c.p), p_value(c.p_adjusted), f"{c.n:,}", needed)
        )  # fmt: skip
        if c.note:
            notes.append(f"{pair}: {c.note}.")
    head = ("Pair", "Verdict", "Points", "95 % interval", "p", "p, adjusted", "Questions",
            "To settle it")  # fmt: skip
    tests = "; ".join(dict.fromkeys(c.test for c in contrasts if c.test))
    blocks: list[Block] = [Table(caption, head, tuple(rows), words=2)]
    blocks.append(
        Paragraph(
            f"Test: {tests}. An interval is for its pair alone; the verdict also allows for "
            f"{allowed}. So an interval can leave zero out and its pair still be too close to "
            "call. No difference that matters: the 90 % interval lies within "
            f"{margin_in_points(sources.experiment.task.margin)} to either side."
            f"{_counted(contrasts)}"
        )
    )
    if notes:
        blocks.append(Bullets(tuple(notes)))
    return blocks


def _counted(contrasts: Sequence[Contrast]) -> str:
    """That questions of one document or group count together, where that is so."""
    fewer = [c for c in contrasts if c.units is not None and c.units < c.n]
    if not fewer:
        return ""
    least = min(fewer, key=lambda c: c.units or 0)
    return (
        f" The {least.n:,} questions belong to {least.units:,} documents or groups, which count as "
        "one each: what one of them is like, its questions have in common."
    )


def manner(sources: Sources) -> Section | None:
    """Fact and manner apart, side by side; None where a task has no manner to speak of."""
    found = voice(sources.experiment)
    if found is None:
        return None
    names = list(sources.experiment.rungs)
    advised = sources.verdict.recommended
    table = Table(
        "Each score with its 95 % interval",
        found.head,
        found.rows,
        strong=names.index(advised) if advised in names else None,
    )
    return Section("voice", TITLE, (table, Bullets(found.notes)))


def sure(sources: Sources, full: bool) -> Section:
    """How sure the result is, and on what it rests; in full with what the first screen says."""
    task = sources.experiment.task
    text = [
        f"The scores rest on {count(task.n_heldout, 'held-out question')}.",
        f"The intervals say how far chance in the choice of these questions reaches; a difference "
        f"under {margin_in_points(task.margin)} was set beforehand as too small to "
        "matter.",
    ]
    clusters = clusters_of(sources.heldout)
    if clusters is not None:
        text.append(
            f"They come from {len(set(clusters)):,} documents or groups; questions of one stand or "
            "fall together, and the intervals allow for that."
        )
    if task.n_unanswerable:
        text.append(
            f"{count(task.n_unanswerable, 'question')} cannot be answered from what there is; "
            "there the right answer is to say so."
        )
    blocks: list[Block] = [Paragraph(" ".join(text))]
    cautions = sources.verdict.cautions[0 if full else MIND :]
    if cautions:
        blocks.append(Bullets(cautions))
    return Section("sure", "How sure, and on what", tuple(blocks))


def change(sources: Sources, full: bool) -> Section:
    """What would reopen the decision; in full with all there is."""
    changes = sources.verdict.would_change_if or (NOTHING_OPEN,)
    changes = changes if full else changes[:CHANGES]
    return Section("change", "What would reopen the decision", (Bullets(changes),))
