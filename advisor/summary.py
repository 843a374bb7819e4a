"""An experiment as a few lines of text."""

from collections.abc import Sequence

from advisor.axes import located
from advisor.axes import sentence as needs_sentence
from advisor.charts.differences import WORDS
from advisor.diagnosis import conclusion
from advisor.effort_words import NOTE, efforts
from advisor.judge_words import lead, notes, tables, titles_of
from advisor.measured import inline
from advisor.money_tables import (
    Money,
    Rows,
    energy_rows,
    money_rows,
    pair_rows,
    part_rows,
    time_rows,
)
from advisor.money_words import sentences
from advisor.numbers import capital, interval, percent, points, points_range, seconds
from advisor.pair_words import pair_words
from advisor.recommendation import Recommendation
from advisor.searching import searching
from advisor.taken_words import spreads
from advisor.terminal import table
from advisor.voice import voice
from harness.experiment import ArmResult, Experiment
from harness.judge.measure import Judged

SHOWN = 10
"""Reasons in a terminal, the strongest."""


def summary(experiment: Experiment) -> str:
    """Headline, the ladder as a table, differences, cautions."""
    verdict = experiment.verdict
    lines = [str(verdict["headline"]), str(verdict["sentence"]), str(verdict["prior_sentence"]), ""]
    lines.append(ladder_table(experiment))
    lines += ["", *apart] if (apart := list(spreads(experiment))) else []
    for title, key in (
        ("Why", "reasons"),
        ("What would change this", "would_change_if"),
        ("Before you act on this", "cautions"),
    ):
        texts = verdict[key]
        if isinstance(texts, (list, tuple)) and texts:
            lines += ["", f"{title}:", *(f"  - {text}" for text in texts)]
    return "\n".join(lines)


def ladder_table(experiment: Experiment) -> str:
    """One row an arm: score, interval, failures, latency, time to prepare."""
    task = experiment.task
    rows = []
    for name, arm in experiment.rungs.items():
        mark = "> " if name == experiment.verdict.get("recommended") else "  "
        rows.append(_row(f"{mark}{named(name, arm)}", arm, task.metric))
    for arm in (*experiment.ceilings.values(), *experiment.floors.values()):
        rows.append(_row(f"  ({arm.title})", arm, task.metric))
    head = ["rung", task.metric_title, "95 % interval", "n", "failed", "one answer", "to prepare"]
    return table(head, rows)


def named(name: str, arm: ArmResult) -> str:
    """'Prompt with examples (few_shot)': as people read it, and as commands take it."""
    return arm.title if arm.title.lower() == name else f"{arm.title} ({name})"


def differences_table(experiment: Experiment) -> str:
    """One row a pair of rungs."""
    rows = [
        [
            f"{experiment.rungs[c.a].title} against {inline(experiment.rungs[c.b])}",
            points(c.difference),
            points_range(c.low, c.high),
            WORDS[c.verdict],
            f"{c.n_needed:,}" if c.n_needed else "",
        ]
        for c in experiment.comparisons
    ]
    return table(["pair", "points", "95 % interval", "in words", "questions to settle it"], rows)


def voice_table(experiment: Experiment) -> str:
    """Content beside manner, one row a rung; empty where there is no manner to speak of."""
    found = voice(experiment)
    return "" if found is None else _noted(table(found.head, found.rows), found.notes)


def pair_table(experiment: Experiment) -> str:
    """What preference alignment changed on held-out pairs; empty where no pairs were learned."""
    found = pair_words(experiment)
    return "" if found is None else _noted(table(found.head, found.rows), found.notes)


def failures(experiment: Experiment) -> str:
    """Why each rung fails, a line each, and search apart from reading as a table.

    Empty for a run from before there was a diagnosis.
    """
    found = experiment.diagnostics.rungs
    lines = [
        f"  - {experiment.rungs[name].title}: {conclusion(experiment, name)}" for name in found
    ]
    rows = [
        [
            experiment.rungs[name].title,
            f"{one.retrieval.recall.n:,}",
            *(
                f"{percent(s.mean)} ({interval(s.low, s.high)})" if s.n else "not known"
                for s in (one.retrieval.recall, one.retrieval.used, one.retrieval.luck)
            ),
            points(one.retrieval.better_search),
            points(one.retrieval.better_reading),
        ]
        for name, one in found.items()
        if one.retrieval is not None
    ]
    if said := needs_sentence(located(experiment)):
        lines.append(f"  - {said}")
    if rows:
        head = ["rung", "n", "passage found", "score when found", "when not", "perfect search",
                "perfect reading"]  # fmt: skip
        lines += ["", table(head, rows)]
    return "\n".join(lines)


def fair_text(experiment: Experiment) -> str:
    """How many conditions of a fair comparison hold, and each that does not."""
    open_ = [line for line in experiment.fairness if not line.holds]
    words = {False: "does not hold", None: "not known"}
    told = [f"{words[line.holds]}: {line.check}. {capital(line.detail)}" for line in open_]
    held = len(experiment.fairness) - len(open_)
    return "\n".join(
        f"  - {text}" for text in (f"{held} of {len(experiment.fairness)} conditions hold", *told)
    )


def search_table(experiment: Experiment) -> str:
    """The ways to look passages up that were tried; empty where nothing was looked up."""
    found = searching(experiment)
    return "" if found is None else _noted(table(found.head, found.rows, found.words), found.notes)


def effort_table(experiment: Experiment) -> str:
    """What each rung tried on dev; empty where nothing was tried or decided."""
    found = efforts(experiment)
    if found is None:
        return ""
    rows = [[cell.replace("\n", ", ") for cell in row] for row in found.rows]
    return _noted(table(found.head, rows, found.words), [NOTE])


def cost_text(found: Money, full: bool) -> str:
    """Time and memory, costs where there are prices, and what follows.

    Args:
        found: an experiment at the user's prices.
        full: all pairs of rungs, and what building each one takes.
    """
    tables: list[Rows | None] = [time_rows(found), energy_rows(found)]
    if found.prices.given:
        tables.append(money_rows(found))
        if full:
            tables += [pair_rows(found), part_rows(found)]
    lines = []
    for rows in tables:
        if rows is not None:
            lines += [f"{rows.caption}:", table(rows.head, rows.rows, rows.words), ""]
    return "\n".join([*lines, *(f"  - {text}" for text in sentences(found, full))])


def judge_text(found: Judged) -> str:
    """What people and a judge say of the answers."""
    lines = [lead(found), ""]
    for rows in tables(found, titles_of(found)):
        lines += [f"{rows.caption}:", table(rows.head, rows.rows, rows.words), ""]
    return "\n".join([*lines, *(f"  - {text}" for text in notes(found))])


def _noted(rows: str, notes: Sequence[str]) -> str:
    """A table with what is to be said of it below."""
    return "\n".join([rows, "", *(f"  - {note}" for note in notes)])


def _row(name: str, arm: ArmResult, metric: str) -> list[str]:
    scored = arm.scores[metric]
    failed = str(sum(arm.failures.values()))
    if arm.failures and len(arm.seeds) > 1:  # n counts questions, and each was asked every seed
        failed += f" of {(scored.n + scored.n_failed) * len(arm.seeds):,} answers"
    return [
        name,
        percent(scored.mean),
        interval(scored.low, scored.high),
        str(scored.n),
        failed,
        seconds(arm.latency_s.p50) if arm.latency_s.n else "",
        seconds(arm.prepare_s),
    ]


def prior_summary(recommendation: Recommendation) -> str:
    """One sentence: where the answers point and how firmly."""
    title = next(r.title for r in recommendation.ranking if r.rung == recommendation.aim)
    return f"the answers point to: {title}. {recommendation.confidence.text}"


def recommendation_text(recommendation: Recommendation) -> str:
    """The ranking, what the case needs, reasons, gates, and what would change it."""
    lines = [prior_summary(recommendation), ""]
    lines.append(
        table(
            ["", "points", ""],
            [
                [
                    f"{'> ' if r.rung == recommendation.aim else '  '}{r.title}",
                    str(r.score),
                    "not now" if r.blocked else "",
                ]
                for r in recommendation.ranking
            ],
        )
    )
    lines += ["", f"What the case needs: {', '.join(recommendation.axes.words)}."]
    lines += _list(
        "These answers contradict each other", [c.text for c in recommendation.contradictions]
    )
    lines += _list("First", [f"{r.do} ({r.because})" for r in recommendation.requirements])
    lines += _list(
        "Because",
        [
            f"{r.effect:+d} {r.rung.replace('_', ' ')}: {r.because} [{r.source}]"
            for r in recommendation.reasons[:SHOWN]
        ],
    )
    if len(recommendation.reasons) > SHOWN:
        lines.append(
            f"  and {len(recommendation.reasons) - SHOWN} weaker ones: --json has them all"
        )
    lines += _list(
        "Cannot be used now",
        [f"{b.rung.replace('_', ' ')}: {b.why}" for b in recommendation.blocked],
    )
    lines += _list("What would change this", [f.text for f in recommendation.would_change_if[:5]])
    lines += _list("To find out", [t.text for t in recommendation.to_find_out])
    if recommendation.next_experiment:
        lines += _list("The cheapest test that would tell most", [experiment_text(recommendation)])
    return "\n".join(lines)


def experiment_text(recommendation: Recommendation) -> str:
    """What to measure next, why, and who says so; empty where nothing would tell anything."""
    one = recommendation.next_experiment
    return "" if one is None else f"{one.text.rstrip('.')} ({one.because}) [{one.source}]"


def _list(title: str, texts: Sequence[str]) -> list[str]:
    return ["", f"{title}:", *(f"  - {text}" for text in texts)] if texts else []
