"""A decision in sentences: the same on a page, in a terminal and in the report."""

from collections.abc import Sequence

from advisor.criteria import criterion
from advisor.decision import NONE, OPEN, Decision, Triggers, changed
from advisor.numbers import as_set, count, in_sentence, percent
from advisor.triggers import Fired
from advisor.verdict import ADVICE
from advisor.weighed import Weighed
from harness.rungs import title_of

NOT_DECIDED = "Nothing has been decided yet."
ANYWAY = (
    "A later check points elsewhere, or the questions on volume and on how often the knowledge "
    "changes are answered otherwise."
)
"""What always reopens a decision."""


def choice(rung: str) -> str:
    """What was decided, as a short sentence."""
    if rung == OPEN:
        return "Not decided yet: left open for now."
    if rung == NONE:
        return "None of these for now."
    if rung == "prompt":
        return "Use a good prompt."  # whether it is enough is the verdict's to say
    return ADVICE.get(rung, f"Use {in_sentence(title_of(rung))}.")


def trigger_sentences(triggers: Triggers) -> list[str]:
    """What reopens it."""
    told = []
    if triggers.changes_above is not None:
        told.append(f"The documents change more often than {triggers.changes_above:g} a month.")
    if triggers.volume_above is not None:
        told.append(f"More than {triggers.volume_above:,.0f} answers are needed a month.")
    if triggers.volume_below is not None:
        told.append(f"Fewer than {triggers.volume_below:,.0f} answers are needed a month.")
    if triggers.price_moves is not None:
        told.append(f"The cost of an answer moves by more than {triggers.price_moves:g} %.")
    if triggers.score_below is not None:
        share = as_set(triggers.score_below)
        told.append(f"Fewer than {share} of newer questions are answered right.")
    if triggers.other_model:
        told.append("Another base model is used.")
    if triggers.new_data:
        told.append("The data is changed.")
    if triggers.review is not None:
        told.append(f"The review date is reached: {triggers.review}.")
    return told


def record_pairs(decision: Decision) -> list[tuple[str, str]]:
    """Names and values of a record. Some are untrusted text."""
    evidence = decision.evidence
    pairs = [
        ("Decision", choice(decision.rung)),
        ("Decided by", decision.by),
        ("Date", f"{decision.at[:16].replace('T', ' ')} UTC"),
        ("Why", decision.why),
        ("Verdict of the check", evidence.verdict),
        ("Check", f"{evidence.run}, fingerprint {evidence.fingerprint}, model {evidence.model}"),
    ]
    weighed = [
        f"{in_sentence(criterion(key).title)} {percent(share)}"
        for key, share in evidence.weights.items()
        if share > 0
    ]
    if weighed:
        first = f"; first with these: {in_sentence(title_of(evidence.first or ''))}"
        pairs.append(("Weights", f"{', '.join(weighed)}{first}"))
    pairs.append(("Reopened if", " ".join([*trigger_sentences(decision.triggers), ANYWAY])))
    return pairs


def changes_sentence(versions: Sequence[Decision]) -> str:
    """How often it was changed; empty where it never was."""
    times = changed(versions)
    if not times:
        return ""
    before = versions[-2]
    return (
        f"Changed {count(times, 'time')}; before: {choice(before.rung)} "
        f"({before.by}, {before.at[:10]})"
    )


def fired_sentence(fired: Sequence[Fired]) -> str:
    """Whether to look at it again."""
    if not fired:
        return "Nothing that would reopen it is known to have happened."
    return f"Look at it again: {' '.join(one.text for one in fired)}"


def standing_sentence(rung: str, fired: Sequence[Fired]) -> str:
    """What was decided, and whether to look at it again."""
    return f"Decided: {choice(rung)} {fired_sentence(fired)}"


def decision_text(
    versions: Sequence[Decision], fired: Sequence[Fired], unseen: Sequence[str] = ()
) -> str:
    """A record for a terminal."""
    lines = [f"{name}: {value}" for name, value in record_pairs(versions[-1])]
    more = [changes_sentence(versions), fired_sentence(fired), *unseen]
    return "\n".join([*lines, *(line for line in more if line)])


def proposal_text(advised: str, weighed: Weighed | None, run: str) -> str:
    """What could be decided, before anybody has.

    The command names what the check advises, unless somebody wrote down what matters to them: the
    usual weights, or those that answers propose, are nobody's decision.
    """
    lines = [NOT_DECIDED, f"The check advises: {choice(advised)}"]
    rung = advised
    if weighed is not None and advised != NONE:  # weights make no rung good enough
        first = weighed.weighing.first.rung
        whose = "With weights that nobody has set yet" if weighed.proposed else "With your weights"
        lines.append(f"{whose}: {choice(first)}")
        rung = advised if weighed.proposed else first
    lines.append(f'To record it: rungwise decide {run} --rung {rung} --by "Name" --why "…"')
    return "\n".join(lines)
