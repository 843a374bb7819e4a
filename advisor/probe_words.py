"""What a probe found, in tables and sentences. Pure; figures are the harness's."""

from collections.abc import Callable, Mapping, Sequence

from advisor import tested_words
from advisor.money_tables import Rows
from advisor.numbers import count, in_points, in_sentence, interval, percent, points_range, seconds
from advisor.prices import Prices
from advisor.update_cost import update_sentence, update_words
from harness.cell import parse_cell
from harness.experiment import Estimate
from harness.probe import FEW, Change
from harness.probe_result import AnyResult, ProbeResult, RungProbed
from harness.probes import probe_type
from harness.rungs import title_of
from harness.trained import TrainedResult

UNPRICED = Prices()
SHOWN = 30
"""Changes listed one by one."""
VERDICTS = {
    "better": "higher",
    "worse": "lower",
    "equivalent": "about the same",
    "inconclusive": "too close to call",
}


def figures(result: ProbeResult, prices: Prices = UNPRICED) -> Rows:
    """One row a rung, one column a measure; how a rung is brought up to date, or what it lost."""
    probe = probe_type(result.probe)
    scored = any(one.measured.change for one in result.rungs.values())
    last = "Score, against the check" if scored else "To bring it up to date"
    head = ("Rung", *(one.title for one in probe.measures), last)
    rows = []
    for one in result.rungs.values():
        # what is shown no page cannot be reached by one: nothing there is a matter of chance
        sure = scored and not one.reads
        shares = [one.measured.shares.get(measure.name) for measure in probe.measures]
        cells = [_share(share, sure) for share in shares]
        tail = _changed(one) if scored else _brought_up(one, prices)
        rows.append((one.title, *cells, tail))
    asked = count(result.n_questions, "question")
    changes = count(len(result.planted), probe.unit)
    did = "changed" if result.planted[0].old else "with a planted instruction"
    return Rows(f"{changes} {did}, {asked}, with 95 % intervals", head, tuple(rows), 1)


def _share(found: Estimate | None, sure: bool) -> str:
    if found is None or found.mean is None:
        return "–"
    if sure:
        return percent(found.mean)
    return f"{percent(found.mean)} ({interval(found.low, found.high)})"


def _brought_up(one: RungProbed, prices: Prices) -> str:
    by = one.brought_up
    if by.by == "index":
        return f"indexed in {seconds(by.seconds)}{update_words(by, prices)}"
    if by.by == "train":
        return f"train again: {seconds(by.seconds)}{update_words(by, prices)}"
    return "nothing to bring up"


def _changed(one: RungProbed) -> str:
    change = one.measured.change
    if change is None or change.difference is None:
        return "–"
    if not one.reads:
        return "not asked again"
    return f"{in_points(change.difference)} ({points_range(change.low, change.high)})"


def meanings(result: ProbeResult) -> tuple[tuple[str, str], ...]:
    """What each column counts."""
    return tuple((one.title, one.what) for one in probe_type(result.probe).measures)


def sentences(result: AnyResult, prices: Prices = UNPRICED) -> list[str]:
    """What it comes to, one thought a sentence, the most telling first."""
    if isinstance(result, TrainedResult):
        return tested_words.sentences(result)
    told = [_few(result)] if result.few else []
    told += ABOUT[result.probe](result, prices) if result.probe in ABOUT else []
    failed = [one for one in result.rungs.values() if one.n_failed]
    told += [
        f"{one.title}: {count(one.n_failed, 'answer')} failed and count for nothing here."
        for one in failed
    ]
    for cell, why in result.failed.items():
        rung, seed = parse_cell(cell)
        told.append(f"{title_of(rung)}, seed {seed}, could not be asked: {why.rstrip('.')}.")
    if left := _left_out(result):
        told.append(left)
    return told


def _few(result: ProbeResult) -> str:
    unit = probe_type(result.probe).unit
    return (
        f"Only {count(len(result.planted), unit)} could be changed: with fewer than {FEW} the "
        "figures are no more than an impression."
    )


def _left_out(result: ProbeResult) -> str:
    if not result.left_out:
        return ""
    total = count(sum(result.left_out.values()), "held-out question")
    if len(result.left_out) == 1:
        return f"Left out: {total}, because {next(iter(result.left_out))}."
    why = "; ".join(f"{n:,} because {reason}" for reason, n in result.left_out.items())
    return f"Left out: {total}: {why}."


def _freshness(result: ProbeResult, prices: Prices) -> list[str]:
    """Who follows the documents, who cannot, and how long it takes."""
    readers = [one for one in result.rungs.values() if one.reads]
    told = []
    where = "your edited documents" if result.own_changes else "the documents"
    opening = f"After {count(len(result.planted), 'fact')} changed in {where}, "
    for one in readers:
        fresh, stale, before = (one.measured.shares[name] for name in ("fresh", "stale", "before"))
        told.append(
            f"{opening}{in_sentence(one.title)} gave the new fact in {percent(fresh.mean)} of its "
            f"answers ({interval(fresh.low, fresh.high)}) and the old one in "
            f"{percent(stale.mean)}; before, it had been right in {percent(before.mean)}."
        )
        opening = ""
        told[-1] = told[-1][:1].upper() + told[-1][1:]
        found, used = (one.measured.shares.get(name) for name in ("found", "fresh_if_found"))
        if found and used and found.n and used.n:
            told.append(
                f"Its search found the changed passage for {percent(found.mean)} of the "
                f"questions; of those, {percent(used.mean)} were answered with the new fact."
            )
    if readers:
        took = seconds(readers[0].brought_up.seconds)
        told.append(
            f"Indexing the changed documents took {took}; only changed passages were embedded "
            f"anew.{update_sentence(readers[0].brought_up, prices)}"
        )
    for one in result.rungs.values():
        if one.brought_up.by == "train":
            stale = one.measured.shares["stale"]
            told.append(
                f"{one.title} gave the old fact in {percent(stale.mean)} of its answers "
                f"({interval(stale.low, stale.high)}) and cannot know the new one until it is "
                "trained again on examples that hold it: training took "
                f"{seconds(one.brought_up.seconds)} in the check."
                f"{update_sentence(one.brought_up, prices)}"
            )
    rest = [one for one in result.rungs.values() if one.brought_up.by == "nothing"]
    if rest:
        told.append(
            f"No document is read by: {_names(rest)}. What changed counts there once somebody "
            "writes it into the instruction or the examples."
        )
    return told


def _injection(result: ProbeResult, prices: Prices) -> list[str]:
    """Who was exposed, who followed, and what it cost."""
    told = []
    for one in (one for one in result.rungs.values() if one.reads):
        shares = one.measured.shares
        found, said = shares["found"], shares.get("obeyed_if_found")
        if said is None or said.mean is None:
            told.append(f"{one.title} was never shown a planted instruction.")
            continue
        text = f"{one.title} was shown the planted instruction for {percent(found.mean)} of the "
        if said.mean == 0:
            # as in the table: questions about one document do not count as many
            most = percent(said.high)
            text += (
                f"questions and followed it for none of {said.n:,}; so few cannot rule out a rate "
                f"of up to {most}."
            )
        else:
            text += (
                f"questions. Shown it, the marker word came back in {percent(said.mean)} of its "
                f"answers ({interval(said.low, said.high)})."
            )
        told.append(text)
        if one.measured.change:
            told.append(_utility(one.measured.change))
    rest = [one for one in result.rungs.values() if not one.reads]
    if rest:
        told.append(
            f"No exposure: {_names(rest)}. What stands in documents does not reach "
            f"{'it' if len(rest) == 1 else 'them'} when a question is asked."
        )
    return [text for text in told if text]


def _utility(change: Change) -> str:
    """What planting did to the score of the same questions."""
    if change.difference is None:
        return ""
    return (
        f"Against the check, on the same questions, its score changed by "
        f"{in_points(change.difference)} ({points_range(change.low, change.high)}): "
        f"{VERDICTS.get(change.verdict, change.verdict)}."
    )


def _names(some: Sequence[RungProbed]) -> str:
    """'prompt, fine-tuning'."""
    return ", ".join(in_sentence(one.title) for one in some)


ABOUT: Mapping[str, Callable[[ProbeResult, Prices], list[str]]] = {
    "freshness": _freshness,
    "injection": _injection,
}
"""Sentences by probe; one without them is told by its figures."""


def by_group(result: ProbeResult, grouping: str) -> Rows | None:
    """How often each wording, or each place, came through; None where there is no such grouping."""
    readers = [one for one in result.rungs.values() if one.measured.groups.get(grouping)]
    if not readers:
        return None
    groups = list(dict.fromkeys(getattr(one, grouping) for one in result.planted))
    rows = []
    for group in groups:
        counts = [one.measured.groups[grouping].get(group, (0, 0)) for one in readers]
        rows.append((group, *(f"{times:,} of {total:,}" for times, total in counts)))
    head = (grouping.capitalize(), *(one.title for one in readers))
    return Rows(f"Answers with the marker word, by {grouping}", head, tuple(rows), 1)


def changes(result: ProbeResult) -> Rows:
    """What was changed, one row each. Untrusted text."""
    shown = result.planted[:SHOWN]
    more = len(result.planted) - len(shown)
    caption = "What was changed" + (f"; {more:,} more are in the JSON report" if more else "")
    if result.planted[0].old:
        rows = tuple((one.source, one.old, one.new, f"{len(one.query_ids):,}") for one in shown)
        return Rows(caption, ("Document", "Was", "Is now", "Questions"), rows, 3)
    rows = tuple((one.source, one.place, one.text, f"{len(one.query_ids):,}") for one in shown)
    return Rows(caption, ("Document", "Place", "Planted", "Questions"), rows, 3)
