"""From labels and verdicts to figures: how far the judge is to be believed, and what it found."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from harness.closed_answers import CLOSED
from harness.disk import write_json
from harness.intervals import Interval, mean_interval, wilson
from harness.judge.labels import NEEDED, Label, counted
from harness.judge.material import Said, checksum
from harness.judge.prompts import rendering
from harness.judge.store import JudgeStore, Pair, Verdict, both
from harness.stats.judged import (
    Agreement,
    Checked,
    CorrectedDifference,
    Seen,
    agreement,
    corrected,
)
from harness.store import Run

SCHEMA = 1
FILE = "judge/result.json"
LEAST_KAPPA = 0.4
"""Lower end of its interval, below which agreement is no more than fair (Landis and Koch 1977)."""


@dataclass(frozen=True, slots=True)
class RungJudged:
    """One rung, by people and by the judge. Shares of right answers."""

    labelled: Interval
    """By people, over the answers they looked at; n_failed are those they could not tell."""
    judged: Interval | None
    """By the judge, as it said; n_failed are the answers without a verdict. None: never asked."""
    corrected: Interval | None
    """With the judge's errors taken out; None where that cannot be done."""
    unanswered: int
    """Questions that the rung has no answer to; they are in none of these."""


@dataclass(frozen=True, slots=True)
class Preference:
    """Which of two rungs says it better, by the judge; two orders, ties allowed."""

    a: str
    b: str
    a_better: int
    """Questions on which it said so in both orders."""
    b_better: int
    ties: int
    """Both orders a tie, one of them a tie, or answers that are alike."""
    flips: Interval
    """Share of the pairs asked about on which the other one won when the order was turned; they
    count as ties, and are among them."""
    preferred: Interval
    """Share for a, a tie as one half; n_failed are pairs without a verdict in both orders."""


@dataclass(frozen=True, slots=True)
class Judged:
    """`judge/result.json`: everything a page or a report says of a judge."""

    schema: int
    judge: str
    """Address and model; empty where only people have looked."""
    asked: tuple[str, ...]
    """Every judge that was ever sent answers of the run."""
    prompt: str
    labels: int
    """Answers that people called right or not right."""
    unsure: int
    labellers: tuple[str, ...]
    """Untrusted text."""
    checked: int
    """Of the labels, those that the judge has given a verdict on."""
    agreement: Agreement | None
    unusable: tuple[str, ...]
    """Why the judge cannot be relied on: few_labels, one_sided, chance, kappa. Empty: usable."""
    rungs: dict[str, RungJudged]
    differences: tuple[CorrectedDifference, ...]
    preferences: tuple[Preference, ...] = ()
    failures: dict[str, int] = field(default_factory=dict)
    """Class of what went wrong to verdicts that are missing for it."""


def judged_of(run: Run) -> Judged | None:
    """What people and the judge that was asked last say of a run; None where nobody looked.

    Raises:
        UserError: a file is damaged.
    """
    if not any((run.folder / name).is_file() for name in ("labels.jsonl", "judge/answers.jsonl")):
        return None
    if run.plan().spec.kind in CLOSED:
        return None
    store = JudgeStore(run)
    labels, judge = store.labels(), store.newest()
    if not labels and not judge:
        return None
    verdicts = store.verdicts(judge) if judge else {}
    said = store.material.said
    rungs = store.material.rungs
    checked = _checked(said, labels, verdicts)
    found = agreement(checked) if judge else None
    seen = {name: _seen(said, name, verdicts) for name in rungs}
    shares = corrected(checked, seen) if judge else None
    lost = [*store.failures(judge).values(), *store.failures(judge, 2).values()] if judge else []
    return Judged(
        schema=SCHEMA,
        judge=judge,
        asked=store.asked(),
        prompt=rendering() if judge else "",
        labels=counted(labels),
        unsure=sum(label.opinion == "unsure" for label in labels),
        labellers=tuple(dict.fromkeys(label.by for label in labels)),
        checked=len(checked),
        agreement=found,
        unusable=unusable(found) if found else (),
        rungs={
            name: RungJudged(
                labelled=_by_hand(said, name, labels),
                judged=_by_judge(said, name, seen[name]) if judge else None,
                corrected=shares.rungs.get(name) if shares else None,
                unanswered=store.material.failed[name],
            )
            for name in rungs
        },
        differences=shares.differences if shares else (),
        preferences=_preferences(store, judge) if judge else (),
        failures=dict(Counter(one.failure for one in lost)),
    )


def write_judged(run: Run) -> Judged | None:
    """The same, kept in `judge/result.json` for other programs."""
    found = judged_of(run)
    if found is not None:
        write_json(run.folder / FILE, found)
    return found


def unusable(found: Agreement) -> tuple[str, ...]:
    """Why a judge cannot be relied on; see `Judged.unusable`."""
    if found.share.n < NEEDED:
        return ("few_labels",)
    if found.tpr.mean is None or found.tnr.mean is None:
        return ("one_sided",)
    reasons = []
    if found.tpr.mean + found.tnr.mean <= 1:
        reasons.append("chance")
    if found.kappa.low is None or found.kappa.low < LEAST_KAPPA:
        reasons.append("kappa")
    return tuple(reasons)


def _checked(
    said: Sequence[Said], labels: Sequence[Label], verdicts: Mapping[tuple[str, str], Verdict]
) -> list[Checked]:
    clusters = {one.key: one.cluster for one in said}
    return [
        Checked(
            clusters[label.key],
            human=label.opinion == "right",
            judge=verdicts[label.key].verdict == "right",
        )
        for label in labels
        if label.opinion in ("right", "wrong") and label.key in verdicts and label.key in clusters
    ]


def _seen(
    said: Sequence[Said], rung: str, verdicts: Mapping[tuple[str, str], Verdict]
) -> list[Seen]:
    return [
        Seen(one.item, one.cluster, verdicts[one.key].verdict == "right")
        for one in said
        if one.rung == rung and one.key in verdicts
    ]


def _by_hand(said: Sequence[Said], rung: str, labels: Sequence[Label]) -> Interval:
    marks = {"right": 1.0, "wrong": 0.0, "unsure": None}
    told = {label.key: marks[label.opinion] for label in labels}
    mine = [one for one in said if one.rung == rung and one.key in told]
    return mean_interval([told[one.key] for one in mine], [one.cluster for one in mine])


def _by_judge(said: Sequence[Said], rung: str, seen: Sequence[Seen]) -> Interval:
    right = {one.item: float(one.judge) for one in seen}
    mine = [one for one in said if one.rung == rung]
    scores = [right.get(one.item) for one in mine]
    return mean_interval(scores, [one.cluster for one in mine])


def _preferences(store: JudgeStore, judge: str) -> tuple[Preference, ...]:
    """Of every pair of rungs that the judge was asked about."""
    asked = store.preferences(judge)
    found = (_preference(store, pair, asked) for pair in store.pairs(judge))
    return tuple(one for one in found if one is not None)


def _preference(
    store: JudgeStore, pair: Pair, asked: Mapping[tuple[str, str, str], Verdict]
) -> Preference | None:
    outcomes: list[str | None] = []
    clusters = []
    for one, other in both(store.material, pair):
        a, b = checksum(one.answer), checksum(other.answer)
        clusters.append(one.cluster)
        if a == b:
            outcomes.append("alike")
            continue
        there, back = asked.get((one.item, a, b)), asked.get((one.item, b, a))
        outcomes.append(outcome(there.verdict, back.verdict) if there and back else None)
    real = [one for one in outcomes if one not in (None, "alike")]
    if not real:
        return None
    points = {"a": 1.0, "b": 0.0}
    scores = [None if one is None else points.get(one, 0.5) for one in outcomes]
    return Preference(
        *pair,
        a_better=outcomes.count("a"),
        b_better=outcomes.count("b"),
        ties=sum(one in ("tie", "flip", "alike") for one in outcomes),
        flips=wilson(outcomes.count("flip"), len(real)),
        preferred=mean_interval(scores, clusters),
    )


def outcome(there: str, back: str) -> str:
    """Two verdicts on answers a and b, shown as a, b and as b, a: a, b, tie or flip.

    One that is preferred wherever it stands wins. A preference that goes with the place is no
    preference; one that is a tie the other way round is not enough of one.
    """
    first = {"first": "a", "second": "b", "tie": "tie"}[there]
    second = {"first": "b", "second": "a", "tie": "tie"}[back]
    if first == second:
        return first
    return "tie" if "tie" in (first, second) else "flip"
