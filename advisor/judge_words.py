"""What people and a judge say of a run, in words and tables: the same everywhere. Pure."""

from collections.abc import Mapping

from advisor.money_tables import Rows
from advisor.numbers import count, in_sentence, interval, percent, points, points_range
from harness.generators.endpoint import PREFIX
from harness.intervals import Interval
from harness.judge.labels import NEEDED
from harness.judge.measure import LEAST_KAPPA, Judged
from harness.judge.store import Sending
from harness.rungs import rungs

BY_PEOPLE, BY_BOTH = "Answers looked at by people", "Answers looked at by people, and by a judge"
NOT_USABLE = "This judge is not usable here"
FEW_OF_ONE = 10
"""Right or not right ones among the labels, below which a rate of the judge is hardly known."""
ASK = (
    "Whether an answer is right is not always a matter of its words. Say it of some answers "
    "yourself: you see question, reference and answer, and not which rung it comes from."
)


def sending_lines(wanted: Sending) -> list[str]:
    """What would be sent where, before anybody says yes."""
    what = []
    if wanted.answers:
        what.append(f"{count(wanted.answers, 'answer')} with question and reference")
    if wanted.pairs:
        what.append(f"{count(wanted.pairs, 'pair')} of answers, each in both orders")
    if not what:
        return [f"Nothing is left to send: {wanted.model} at {wanted.host} has seen everything."]
    lines = [
        f"To be sent to {wanted.host}, model {wanted.model}: {' and '.join(what)}.",
        f"That takes {count(wanted.requests, 'request')}, some a second time where a reply cannot "
        "be read. Documents are not sent.",
    ]
    if wanted.leaves:
        lines.append("That is not this machine: the texts leave it.")
        if not wanted.encrypted:
            lines.append("The connection is not encrypted: others can read along.")
    return lines


def title(found: Judged) -> str:
    """Who looked."""
    return BY_BOTH if found.judge else BY_PEOPLE


def lead(found: Judged) -> str:
    """What the judge is worth, in plain words; or how far the labels are."""
    if not found.judge or found.agreement is None:
        return (
            f"People have looked at {count(found.labels, 'answer')}. No judge was asked: these "
            "figures are theirs alone."
        )
    share = found.agreement.share
    agreed = (
        f"It agrees with people on {percent(share.mean)} of the {count(share.n, 'answer')} that "
        "both have looked at"
    )
    if not found.unusable:
        return (
            f"{agreed}, clearly more than by chance. Its figures stand beside the headline score; "
            "the verdict does not rest on them."
        )
    return f"{NOT_USABLE}: {_why(found)} Its figures are shown, and nothing rests on them."


def _why(found: Judged) -> str:
    reasons = []
    if "few_labels" in found.unusable:
        reasons.append(
            f"only {count(found.checked, 'answer')} of at least {NEEDED} were looked at by people "
            "and by the judge."
        )
    if "one_sided" in found.unusable:
        reasons.append(
            "people found no answer right, or none not right, so one kind of its errors cannot be "
            "seen."
        )
    if "chance" in found.unusable:
        reasons.append("it tells right from wrong no better than a coin.")
    if "kappa" in found.unusable and found.agreement is not None:
        kappa = found.agreement.kappa
        told = "is not known" if kappa.low is None else f"may be as low as {kappa.low:.2f}"
        reasons.append(
            f"its agreement with people beyond chance (kappa) {told}; it must be surely above "
            f"{LEAST_KAPPA}."
        )
    return " ".join([reasons[0], *(f"{one[:1].upper()}{one[1:]}" for one in reasons[1:])])


def agreement_rows(found: Judged) -> Rows | None:
    """The judge against people; None where it has not been checked."""
    checked = found.agreement
    if checked is None:
        return None
    kappa = checked.kappa
    spread = (
        "no interval" if kappa.low is None or kappa.high is None
        else f"{kappa.low:.2f} to {kappa.high:.2f}"
    )  # fmt: skip
    rows = (
        ("Says the same as people", *_figures(checked.share)),
        ("The same, beyond chance (kappa)",
         "not known" if kappa.mean is None else f"{kappa.mean:.2f}", spread, f"{kappa.n:,}"),
        ("Calls a right answer right (TPR)", *_figures(checked.tpr)),
        ("Calls a wrong answer wrong (TNR)", *_figures(checked.tnr)),
    )  # fmt: skip
    return Rows("The judge against people", ("Measure", "Value", "95 % interval", "Answers"), rows)


def _figures(found: Interval) -> tuple[str, str, str]:
    return percent(found.mean), interval(found.low, found.high), f"{found.n:,}"


def rung_rows(found: Judged, titles: Mapping[str, str]) -> Rows:
    """Each rung: by people; by the judge as it said, and corrected."""
    head = ["Rung", "Right, by people", "Looked at"]
    if found.judge:
        head += ["The judge says", "Corrected for its errors", "Judged", "No verdict"]
    rows = []
    for name, one in found.rungs.items():
        cells = [titles[name], _with_range(one.labelled), f"{one.labelled.n:,}"]
        if found.judge and one.judged is not None:
            cells += [
                percent(one.judged.mean),
                _with_range(one.corrected),
                f"{one.judged.n:,}",
                f"{one.judged.n_failed:,}",
            ]
        rows.append(tuple(cells))
    return Rows(f"Share of right answers{_warned(found)}", tuple(head), tuple(rows))


def _with_range(found: Interval | None) -> str:
    if found is None or found.mean is None:
        return "not known"
    return f"{percent(found.mean)} ({interval(found.low, found.high)})"


def _warned(found: Judged) -> str:
    return ", by a judge that is not usable" if found.unusable else ""


def difference_rows(found: Judged, titles: Mapping[str, str]) -> Rows | None:
    """Corrected differences of the rungs; None where there are none."""
    rows = tuple(
        (
            f"{titles[one.a]} against {in_sentence(titles[one.b])}",
            points(one.difference),
            points_range(one.low, one.high),
            f"{one.n:,}",
        )
        for one in found.differences
    )
    caption = f"Differences in right answers, corrected, over the same questions{_warned(found)}"
    return Rows(caption, ("Pair", "Points", "95 % interval", "Questions"), rows) if rows else None


def preference_rows(found: Judged, titles: Mapping[str, str]) -> Rows | None:
    """Which rung says it better; None where no pair was asked about."""
    rows = tuple(
        (
            f"{titles[one.a]} against {in_sentence(titles[one.b])}",
            f"{one.a_better:,}", f"{one.b_better:,}", f"{one.ties:,}",
            _with_range(one.preferred), _with_range(one.flips), f"{one.preferred.n_failed:,}",
        )
        for one in found.preferences
    )  # fmt: skip
    head = ("Pair", "First better", "Second better", "Ties", "Preferred first",
            "Turned with the order", "No verdict")  # fmt: skip
    caption = f"Which says it better, asked in both orders{_warned(found)}"
    return Rows(caption, head, rows) if rows else None


def notes(found: Judged) -> tuple[str, ...]:
    """Who looked, how it was asked, on what the figures rest."""
    who = ", ".join(found.labellers)
    told = [f"{count(found.labels, 'answer')} called right or not right by {who}."] if who else []
    if found.unsure:
        told.append(f"On {count(found.unsure, 'answer')} they could not tell; these count nowhere.")
    if not found.judge:
        return tuple(told)
    address, _, model = found.judge.removeprefix(PREFIX).partition("#")
    told.append(f"The judge is {model} at {address}; wording {found.prompt}.")
    if found.agreement is not None:
        sides = (("right", found.agreement.tpr.n), ("not right", found.agreement.tnr.n))
        told += [
            f"Only {count(n, 'answer')} of those checked {'is' if n == 1 else 'are'} {side} by "
            "people: how it does on such answers is hardly known. More labels help."
            for side, n in sides
            if n < FEW_OF_ONE
        ]
    if any(one.corrected for one in found.rungs.values()):
        told.append(
            "Corrected: what people would find, reckoned from how often the judge is right on "
            "right and on wrong answers (Rogan and Gladen). It supposes that the judge errs alike "
            "on every rung; its interval holds the luck in both samples."
        )
    missing = sum(one.judged.n_failed for one in found.rungs.values() if one.judged)
    if missing > sum(found.failures.values()):
        told.append("It has not looked at all answers yet: the figures are of those it has.")
    told += [
        f"{count(n, 'verdict')} missing: {kind.replace('_', ' ')}. Not counted as wrong; asked "
        "again next time."
        for kind, n in found.failures.items()
    ]
    if found.preferences:
        told.append(
            "A preference that turns with the order counts as a tie. Labels say whether answers "
            "are right; how the judge prefers was not checked against people."
        )
    return tuple(told)


def tables(found: Judged, titles: Mapping[str, str]) -> tuple[Rows, ...]:
    """All there are, in order."""
    every = (
        agreement_rows(found),
        rung_rows(found, titles),
        difference_rows(found, titles),
        preference_rows(found, titles),
    )
    return tuple(one for one in every if one is not None)


def titles_of(found: Judged) -> dict[str, str]:
    """Rung to its title."""
    known = rungs()
    return {name: known[name].title if name in known else name for name in found.rungs}
