"""Sentences on what reads: the ceiling of search, knowledge conflicts, and sources."""

from collections.abc import Iterator

from advisor.measured import TUNED, inline
from advisor.numbers import count, percent
from harness.diagnosis.read_findings import Citations, Handed
from harness.diagnosis.share import Share
from harness.diagnosis.slices import SMALLEST
from harness.experiment import ArmResult, Experiment
from harness.metrics import metrics

MANY_UNSUPPORTED, MANY_STRAY, MANY_MISCITED, MANY_AGAINST = 0.1, 0.05, 0.2, 0.1
"""Shares from which it is worth a sentence."""


CONFLICT = ": what the model knows and what it reads get in each other's way"


def about_ceiling(experiment: Experiment, rung: str) -> str:
    """What perfect search is worth to a rung, as measured; empty where it was not."""
    found = experiment.diagnostics.rungs[rung].handed
    if found is None or not found.given.n:
        return ""
    what = "the right passage" if found.by_document < found.given.n else "the right document"
    text = f"Tried with {what} in hand, the model {did(experiment, found.given)}"
    if found.given.n < SMALLEST:
        return f"{text}, on {count(found.given.n, 'question')} only."
    gain, now = found.gain.mean or 0.0, f"against {percent(found.own.mean)} now"
    points = round(100 * gain)
    if points <= 0:
        return f"{text}, {now}: on these questions a better search would have brought nothing."
    chance = "" if (found.gain.low or 0.0) > 0 else ", which may be chance"
    return (
        f"{text}, {now}: a better search cannot bring more than that, {count(points, 'point')}"
        f"{chance}."
    )


def about_reading(experiment: Experiment, rung: str) -> Iterator[str]:
    """Answers that go against the right passage, and answers whose sources do not hold."""
    one = experiment.diagnostics.rungs[rung]
    if one.handed is not None:
        yield from _conflicts(experiment, rung, one.handed)
    if one.citations is not None:
        yield from _sources(one.citations)
    if said := about_room(experiment.rungs[rung]):
        yield said


def another_training(rung: str) -> str:
    """That what a trained rung is held against is another training, other by chance as well."""
    if rung not in TUNED:
        return ""
    return " (another training, which by chance alone would not have the same answers right)"


def _conflicts(experiment: Experiment, rung: str, found: Handed) -> Iterator[str]:
    """Right without passages, wrong with the right one: the passage spoils what was known."""
    against = found.contradicted
    if against.n < SMALLEST or (against.mean or 0.0) < MANY_AGAINST:
        return
    other = inline(experiment.rungs[found.against])
    yield (
        f"Even the right passage spoiled {part(against, f'answers that {other} had right')}"
        f"{another_training(rung) or CONFLICT}."
    )


def _sources(found: Citations) -> Iterator[str]:
    if found.unsupported.n >= SMALLEST and (found.unsupported.mean or 0.0) >= MANY_UNSUPPORTED:
        yield f"{part(found.unsupported, 'answers')} rest on no passage that was shown."
    if found.stray.n >= SMALLEST and (found.stray.mean or 0.0) >= MANY_STRAY:
        named = part(found.stray, "answers that name a source")
        yield f"{named} name one that was not shown to the model."
    if found.right.n >= SMALLEST and 1 - (found.right.mean or 0.0) >= MANY_MISCITED:
        yield (
            f"Of the passages that answers rest on, {percent(found.right.mean)} hold the answer to "
            "the question."
        )


def about_room(arm: ArmResult) -> str:
    """Passages that were found and not shown; empty where all of them fitted."""
    gone, budget = arm.did_not_fit, arm.settings.get("context_tokens")
    if not gone.passages:
        return ""
    too_long = "a prompt was longer than the model can read at once"
    if budget:
        too_long = f"passages were longer than the {budget:,} tokens that you set, or than fits"
    were = "was" if gone.passages == 1 else "were"
    return (
        f"{count(gone.passages, 'passage')} found for {count(gone.answers, 'answer')} {were} not "
        f"shown, the farthest first: {too_long}."
    )


def did(experiment: Experiment, score: Share) -> str:
    """'answered right 41 % of the time', or for graded scores 'scored 41 % on right facts'."""
    if not experiment.diagnostics.graded:
        return f"answered right {percent(score.mean)} of the time"
    return f"scored {percent(score.mean)} on {metrics()[experiment.diagnostics.metric].title}"


def part(share: Share, what: str) -> str:
    """'18 of 20 questions (90 %)'; without the count where it is a mean over seeds."""
    hits = (share.mean or 0.0) * share.n
    if abs(hits - round(hits)) > 1e-6:
        return f"{percent(share.mean)} of {share.n:,} {what}"
    return f"{round(hits):,} of {share.n:,} {what} ({percent(share.mean)})"
