"""The part of a report on the questionnaire: what the answers said, and why."""

from functools import partial

from advisor import charts
from advisor.numbers import signed
from advisor.questionnaire import in_words
from advisor.recommendation import Recommendation
from advisor.report.document import Block, Bullets, Figure, Paragraph, Section, Table
from advisor.report.sources import Sources
from advisor.summary import experiment_text

SHOWN = 12
"""Reasons, the strongest."""
FLIPS = 4
"""Single other answers that change the advice, the most plausible."""


def expected(sources: Sources) -> Section | None:
    """What the answers pointed to before anything was measured; None without answers."""
    prior = sources.prior
    if prior is None:
        return None
    titles = {one.rung: one.title for one in prior.ranking}
    text = f"The answers pointed to: {titles[prior.aim]}. {prior.confidence.text}"
    blocks: list[Block] = [
        Paragraph(text),
        Paragraph(sources.verdict.prior_sentence),
        Figure(partial(charts.axes, prior), "What the answers say the task needs."),
        _ranking(prior),
        _reasons(prior, titles),
    ]
    first = [f"First: {one.do.rstrip('.')} ({one.because})." for one in prior.requirements]
    held = [f"{titles[b.rung]}: not now, because {b.why}" for b in prior.blocked]
    if first or held:
        blocks.append(Bullets((*first, *held)))
    blocks += _what_next(prior)
    return Section("expected", "What was expected, and why", tuple(blocks), folded=True)


def _what_next(prior: Recommendation) -> list[Block]:
    """What was odd, what was open, and what would have changed the advice."""
    lines = [f"Two answers did not fit together: {one.text}" for one in prior.contradictions]
    lines += [f"Not known: {one.text}" for one in prior.to_find_out]
    if prior.next_experiment is not None:
        lines.append(f"The cheapest test that would tell most: {experiment_text(prior)}.")
    lines += [flip.text for flip in prior.would_change_if[:FLIPS]]
    return [Bullets(tuple(lines))] if lines else []


def _ranking(prior: Recommendation) -> Table:
    rows = tuple(
        (one.title, "not now" if one.blocked else "possible", signed(one.score).lstrip("+"))
        for one in prior.ranking
    )
    strong = next(i for i, one in enumerate(prior.ranking) if one.rung == prior.aim)
    return Table(
        "Points by the answers", ("Choice", "State", "Points"), rows, words=2, strong=strong
    )


def _reasons(prior: Recommendation, titles: dict[str, str]) -> Table:
    rows = tuple(
        (
            " ".join(in_words(reason.question, reason.answer)),
            f"{titles[reason.rung]} {signed(reason.effect)}",
            reason.because,
            reason.source,
        )
        for reason in prior.reasons[:SHOWN]
    )
    head = ("Answer", "Moves", "Because", "Source")
    return Table("The strongest reasons", head, rows, words=4)
