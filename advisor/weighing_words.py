"""A weighing in sentences and tables: the same on a page, in a terminal and in a file."""

from collections.abc import Sequence

from advisor.criteria import criteria, criterion, scale_of
from advisor.numbers import count, in_sentence, percent, seconds
from advisor.sensitivity import Flip
from advisor.terminal import table
from advisor.verdict import Verdict
from advisor.weighing import Grounds, Utility, Weighing
from harness.rungs import title_of

JUDGED = (
    "Freshness, sources, privacy and upkeep are judgements from how a rung works, not measurements."
)
DRAWN = "The intervals carry the uncertainty of quality only: other questions of the same kind."


def figures(one: Utility) -> str:
    """'68 (65–72)': of 100 points, with its interval."""
    return f"{one.utility * 100:.0f} ({one.low * 100:.0f}–{one.high * 100:.0f})"


def lead(found: Weighing) -> str:
    """What comes first with these weights, and how sure that is."""
    first = found.first
    told = f"With these weights {in_sentence(first.title)} comes first: {figures(first)} of 100."
    if len(found.utilities) < 2:
        return f"{told} It is the only rung that could be weighed."
    second = found.utilities[1]
    sure = f"With other questions of the same kind it would come first in {percent(first.best)} "
    return f"{told} Next is {in_sentence(second.title)}, {figures(second)}. {sure}of the cases."


def against_verdict(found: Weighing, verdict: Verdict) -> str:
    """What the verdict, which goes by quality alone, says to that."""
    if verdict.recommended == "none":
        return (
            f"The verdict of the check is: {verdict.headline} Weights only put the rungs in order; "
            "they make none of them good enough."
        )
    if verdict.recommended in found.left_out:
        rung = in_sentence(title_of(verdict.recommended))
        return f"The check advised {rung}, which is not weighed: see what is left out."
    if verdict.recommended == found.first.rung:
        return "The verdict of the check, which goes by quality and effort alone, says the same."
    rung = in_sentence(title_of(verdict.recommended))
    return (
        f"The verdict of the check goes by quality and effort alone and says {rung}. The weights "
        "make the difference: decide whether they are right."
    )


def flip_sentences(found: Weighing) -> list[str]:
    """For each criterion the weight at which another rung comes first."""
    if len(found.utilities) < 2:
        return []
    flips = found.sensitivity.flips
    told = [_flip(flip, in_sentence(found.title(flip.rung))) for flip in flips]
    firm = [one.key for one in criteria() if one.key not in {flip.criterion for flip in flips}]
    names = [in_sentence(criterion(key).title) for key in firm]
    if names:
        told.append(f"However much or little {_listed(names, 'or')} weighs, the first place stays.")
    return told


def _flip(flip: Flip, rung: str) -> str:
    """'Only if waiting time weighed more than 66 % (now 20 %) would prompt come first'."""
    title = in_sentence(criterion(flip.criterion).title)
    digits = 0 if round(flip.at, 2) != round(flip.now, 2) else 1
    at, now = (f"{share * 100:.{digits}f} %" for share in (flip.at, flip.now))
    weight = f"{flip.direction} than {at} (now {now})"
    return f"Only if {title} weighed {weight} would {rung} come first."


def without_sentence(found: Weighing) -> str:
    """Which criteria decide: leaving one of them out puts another rung first."""
    alone = next((key for key, share in found.shares.items() if share == 1), None)
    if alone is not None:
        return f"Only {in_sentence(criterion(alone).title)} counts, so it decides alone."
    changed: dict[str, list[str]] = {}
    for one in found.sensitivity.without:
        if one.rung != found.first.rung:
            changed.setdefault(one.rung, []).append(in_sentence(criterion(one.criterion).title))
    if not changed:
        return "No single criterion decides: leave any one out and the same rung comes first."
    told = [
        f"without {_listed(titles, 'or')} it would be {in_sentence(found.title(rung))}"
        for rung, titles in changed.items()
    ]
    return f"The first place hangs on single criteria: {_listed(told)}."


def measured_sentence(found: Weighing) -> str:
    """Whether judgements decide."""
    if found.measured_first is None:
        return "Nothing that was measured weighs anything here: the order rests on judgements."
    if found.measured_first == found.first.rung:
        return "On what was measured alone the same rung comes first: no judgement decides."
    rung = in_sentence(found.title(found.measured_first))
    return f"On what was measured alone {rung} would come first: the judgements decide here."


def people_sentences(found: Weighing) -> list[str]:
    """What each person's weights put first, and how far they agree; nothing for one set."""
    if len(found.opinions) < 2:
        return []
    firsts = [f"{one.name}: {in_sentence(found.title(one.first))} first" for one in found.opinions]
    told = [f"{count(len(firsts), 'person', 'people')}, each counting alike. {'; '.join(firsts)}."]
    if found.agreement is not None:
        w = f"Kendall’s W {found.agreement.w:.2f}; 1 is the same order, 0 none"
        told.append(f"They {found.agreement.words} about what matters ({w}).")
    return told


def likely_sentence(found: Weighing) -> str:
    """What weights drawn at random say."""
    first = max(found.sensitivity.acceptability, key=lambda one: one.places[0])
    return (
        f"Of {count(found.sensitivity.weightings, 'weighting')} drawn at random, all equally "
        f"likely, {in_sentence(found.title(first.rung))} comes first in {percent(first.places[0])}."
    )


def scale_sentences(found: Weighing, grounds: Grounds) -> list[str]:
    """How figures become values, and what is judged."""
    waiting = scale_of("latency", grounds.overrides)
    which = "the median" if found.latency == "p50" else "the slowest 5 %"
    told = [
        "Every rung gets 0 to 100 points under each criterion, on fixed scales, so that leaving a "
        "rung out changes no other. Quality: the score as it is.",
        f"Waiting time ({which}): {seconds(waiting.best)} or less is 100, {seconds(waiting.worst)} "
        "or more is 0; each doubling takes the same.",
    ]
    cost = scale_of("cost", grounds.overrides, seconds_for_cost=not found.priced)
    if found.priced:
        told.append(
            f"Cost: {cost.best:g} or less an answer is 100, {cost.worst:g} or more is 0; each "
            "doubling takes the same."
        )
    else:
        told.append(
            "Cost: no prices are known, so measured seconds of computing a question stand for it "
            f"({seconds(cost.best)} is 100, {seconds(cost.worst)} is 0)."
        )
    return [*told, JUDGED, DRAWN]


def left_out_sentences(found: Weighing) -> list[str]:
    """What was not weighed."""
    return [f"{title_of(name)} is left out: {why}." for name, why in found.left_out.items()]


def weights_sentence(found: Weighing, of_answers: bool) -> str:
    """Whose weights these are.

    Args:
        found: the weighing.
        of_answers: nobody has written any.
    """
    if of_answers:
        return (
            "Nobody has set weights yet: these are the usual ones, moved by your answers where "
            "there are any."
        )
    if len(found.opinions) > 1:
        return f"The weights are the mean of {count(len(found.opinions), 'person', 'people')}."
    return "The weights are those in rungwise.toml."


def value_rows(found: Weighing) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Head and rows of the table of values: one row a criterion, a column a rung."""
    rungs = list(dict.fromkeys(one.rung for one in found.values))
    by = {(one.rung, one.criterion): one for one in found.values}
    rows = []
    for one in criteria():
        title = one.title if one.kind == "measured" else f"{one.title} (judged)"
        cells = []
        for rung in rungs:
            value = by[rung, one.key]
            shown = f" ({value.shown})" if value.shown else ""
            cells.append(f"{value.value * 100:.0f}{shown}")
        rows.append((title, percent(found.shares[one.key]), *cells))
    return ("Criterion", "Weight", *(found.title(rung) for rung in rungs)), rows


def judgement_lines(found: Weighing) -> list[str]:
    """The reason of every judgement."""
    titles = {one.key: one.title for one in criteria()}
    return [
        f"{found.title(one.rung)}, {in_sentence(titles[one.criterion])} {one.value * 100:.0f}: "
        f"{one.because}."
        for one in found.values
        if one.because
    ]


def ranked_rows(found: Weighing) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Head and rows of the utilities, the highest first."""
    rows: list[tuple[str, ...]] = [
        (one.title, f"{one.utility * 100:.0f}", f"{one.low * 100:.0f}–{one.high * 100:.0f}",
         percent(one.best))
        for one in found.utilities
    ]  # fmt: skip
    return ("Rung", "Of 100", "95 % interval", "Comes first"), rows


def place_rows(found: Weighing) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Head and rows of how often each rung takes each place under random weights."""
    n = len(found.utilities)
    head = ("Rung", *(f"place {place}" for place in range(1, n + 1)))
    rows = [
        (found.title(one.rung), *(percent(share) for share in one.places))
        for one in found.sensitivity.acceptability
    ]
    return head, rows


def sentences(found: Weighing, verdict: Verdict) -> list[str]:
    """What the weighing says, the most important first."""
    return [
        lead(found),
        against_verdict(found, verdict),
        *flip_sentences(found),
        without_sentence(found),
        measured_sentence(found),
        likely_sentence(found),
        *people_sentences(found),
        *left_out_sentences(found),
    ]


def weighing_text(found: Weighing, grounds: Grounds, verdict: Verdict) -> str:
    """All of it for a terminal."""
    ranked_head, ranked = ranked_rows(found)
    value_head, values = value_rows(found)
    place_head, places = place_rows(found)
    parts = [
        f"{lead(found)}\n{against_verdict(found, verdict)}",
        table(ranked_head, ranked),
        _list("What would change the first place", flip_sentences(found)),
        _list("How firm", [without_sentence(found), measured_sentence(found)]),
        _list("Who weighs", people_sentences(found)),
        f"{likely_sentence(found)}\n{table(place_head, places)}",
        f"Points under each criterion:\n{table(value_head, values)}",
        _list("Left out", left_out_sentences(found)),
        _list("How it is weighed", scale_sentences(found, grounds)),
        _list("Why judged so", judgement_lines(found)),
    ]
    return "\n\n".join(part for part in parts if part)


def _list(title: str, texts: Sequence[str]) -> str:
    return "\n".join([f"{title}:", *(f"  - {text}" for text in texts)]) if texts else ""


def _listed(texts: Sequence[str], last: str = "and") -> str:
    """'a, b and c'."""
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} {last} {texts[-1]}"
