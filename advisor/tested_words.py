"""What training left in a model, in tables and sentences. Pure; figures are the harness's."""

import math
from collections.abc import Callable, Mapping, Sequence

from advisor import full_tuning_words
from advisor.money_tables import Rows
from advisor.numbers import count, in_points, in_sentence, interval, percent, points_range
from harness.cell import parse_cell
from harness.experiment import Estimate
from harness.personal import PERSONAL_KINDS
from harness.probes import probe_type
from harness.rungs import rungs, title_of
from harness.trained import BASE, Finding, RungTested, TrainedResult

TEXTS = "text"
"""The measure that is no share: nats a token, told as perplexity."""
FORGOT = {
    "little": "forgot little",
    "some": "forgot some of what the base could do",
    "much": "forgot much of what the base could do",
    "cannot be told": "may have forgotten something or not: it cannot be told",
}
RISK = {
    "low": "low risk of giving back training rows",
    "medium": "medium risk of giving back training rows",
    "high": "high risk of giving back training rows",
    "cannot be told": "the risk of giving back training rows cannot be told",
}


def figures(result: TrainedResult) -> Rows:
    """One row a rung, one column a measure, and the verdict."""
    if result.probe == "full_tuning":
        return full_tuning_words.figures(result)
    measures = probe_type(result.probe).measures
    last = "Forgot" if result.probe == "forgetting" else "Risk"
    head = ("Rung", *(one.title for one in measures), last)
    rows = []
    if result.probe == "forgetting" and result.rungs:
        befores = next(iter(result.rungs.values())).found
        cells = [_base_cell(one.name, befores[one.name]) for one in measures]
        rows.append(("Base model", *cells, "–"))
    for one in result.rungs.values():
        cells = [_cell(m.name, one.found[m.name]) for m in measures if m.name in one.found]
        rows.append((one.title, *cells, one.level))
    asked = sum(result.n_items.values())
    caption = f"{count(asked, probe_type(result.probe).unit)} asked, with 95 % intervals"
    if result.probe == "forgetting":
        caption += "; a rung's is that of its change from the base, in points (texts: a factor)"
    return Rows(caption, head, tuple(rows), 1)


def _base_cell(name: str, one: Finding) -> str:
    before = one.before
    if before is None or before.mean is None:
        return "–"
    if name == TEXTS:
        return f"perplexity {_perplexity(before):.1f}"
    return f"{percent(before.mean)} ({interval(before.low, before.high)})"


def _cell(name: str, one: Finding) -> str:
    value, change = one.value, one.change
    if value.mean is None:
        return "–"
    if name == TEXTS and change is not None:
        return f"{_perplexity(value):.1f} ({_times(change.low, change.high)})"
    if change is not None and one.control is None:
        return f"{percent(value.mean)} ({points_range(change.low, change.high)})"
    text = f"{percent(value.mean)} ({interval(value.low, value.high)})"
    if one.control is not None and one.control.mean is not None:
        text += f", unseen {percent(one.control.mean)}"
    return text


def _perplexity(value: Estimate) -> float:
    return math.exp(value.mean) if value.mean is not None else math.nan


def _times(low: float | None, high: float | None) -> str:
    """Interval of a difference in nats, less is worse, as a factor of perplexity."""
    if low is None or high is None:
        return "no interval"
    return f"× {math.exp(-high):.2f} to {math.exp(-low):.2f}"


def meanings(result: TrainedResult) -> tuple[tuple[str, str], ...]:
    """What each column counts."""
    return tuple((one.title, one.what) for one in probe_type(result.probe).measures)


def sentences(result: TrainedResult) -> list[str]:
    """What it comes to: the verdict of each rung, what it rests on, what to do about it."""
    told = ABOUT[result.probe](result)
    for one in result.rungs.values():
        if one.n_failed:
            failed = count(one.n_failed, "answer")
            told.append(f"{one.title}: {failed} failed and count for nothing here.")
    for cell, why in result.failed.items():
        rung, seed = parse_cell(cell)
        name = "The base model" if rung == BASE else f"{title_of(rung)}, seed {seed},"
        told.append(f"{name} could not be asked: {why.rstrip('.')}.")
    for why, n in result.left_out.items():
        told.append(f"Left out: {count(n, 'row')}, because {why}.")
    return told


def _forgetting(result: TrainedResult) -> list[str]:
    """One line a rung, then what could not be forgotten, then advice."""
    titles = {one.name: one.title for one in probe_type("forgetting").measures}
    told = []
    for one in result.rungs.values():
        text = f"{one.title} {FORGOT.get(one.level, one.level)}."
        if one.reasons:
            lost = "; ".join(_lost(titles, name, one.found[name]) for name in one.reasons)
            text += f" Shown to be worse: {lost}."
        overall = one.overall
        if overall is not None and overall.mean is not None:
            # losses are counted from 0 up, so that chance alone lifts the mean and its lower end
            text += " Over all skills that the base had, " + (
                f"{percent(overall.mean)} is gone ({interval(overall.low, overall.high)})."
                if one.reasons
                else f"no more than about {percent(overall.high)} is gone."
            )
        told.append(text)
    rungs = list(result.rungs.values())
    if rungs:
        none = [titles[name] for name, one in rungs[0].found.items() if one.note]
        if none:
            names = ", ".join(in_sentence(name) for name in none)
            told.append(
                f"The base could not do enough of this either, so there is nothing there to "
                f"forget: {names}."
            )
    if any(one.level in ("some", "much") for one in rungs):
        told.append(
            "If the model is asked for this task alone, that need not matter. Otherwise: train "
            "fewer passes or at a lower learning rate, an adapter rather than all weights, or mix "
            "general examples into the training rows."
        )
    if any(one.level == "cannot be told" for one in rungs):
        told.append("So few items tell large losses only; that none is shown does not mean none.")
    return told


def _lost(titles: Mapping[str, str], name: str, one: Finding) -> str:
    title, before, change = in_sentence(titles[name]), one.before, one.change
    if change is None or change.difference is None or before is None:
        return title
    if name == TEXTS:
        return f"{title} (perplexity × {math.exp(-change.difference):.2f})"
    return f"{title} ({percent(before.mean)} before, {percent(one.value.mean)} now)"


def _memorisation(result: TrainedResult) -> list[str]:
    """The verdict of each rung with its figures, then advice."""
    told = []
    for one in result.rungs.values():
        told.append(f"{one.title}: {RISK.get(one.level, one.level)}.")
        said = (_given_back(one), _recognised(one), _personal(one), _secrets(one))
        told += [text for text in said if text]
    ladder = rungs()
    plants = any("preferences" not in ladder[name].needs for name in result.rungs if name in ladder)
    if plants and not any(one.secrets for one in result.rungs.values()):
        told.append(
            f"From how many rows on a secret comes back was not tried: rungwise probe {result.run} "
            "memorisation --canaries trains once more for that, with made-up secrets among the "
            "rows."
        )
    if any(one.level in ("medium", "high") for one in result.rungs.values()):
        told.append(
            "Before the model is given away, or strangers may ask it: replace personal data in the "
            "training rows (rungwise anonymise), take out rows that occur more than once, train "
            "fewer passes or with a smaller rank, and leave what is private to retrieval, where "
            "access can be refused."
        )
    return told


def _given_back(one: RungTested) -> str:
    found = one.found["extracted"]
    value, control, base = found.value, found.control, found.before
    if found.note or value.mean is None or control is None or base is None:
        return f"Whether answers are given back was not looked at: {found.note}."
    text = (
        f"Given the first half, it wrote the rest of {percent(value.mean)} of {value.n:,} training "
        f"answers word for word ({interval(value.low, value.high)}), of {percent(control.mean)} of "
        f"unseen ones, and its base of {percent(base.mean)}."
    )
    if found.change is not None and found.change.difference is not None:
        change = found.change
        text += (
            f" Beyond what can be guessed, that is {in_points(change.difference)} "
            f"({points_range(change.low, change.high)})."
        )
    return text


def _recognised(one: RungTested) -> str:
    member, found = one.found["membership"], one.found["found"]
    value = member.value
    if value.mean is None:
        return "Whether training rows are recognised cannot be told: there are too few rows."
    text = (
        f"Of a training row and an unseen one, the gain in likelihood picks the training row in "
        f"{percent(value.mean)} of cases ({interval(value.low, value.high)}; 50 % is guessing)"
    )
    text += f"; {member.note}." if member.note else "."
    if found.value.mean is None:
        return (
            f"{text} How many are found at one false alarm in a hundred is not said: {found.note}."
        )
    low, high = found.value.low, found.value.high
    return (
        f"{text} At one false alarm in a hundred, {percent(found.value.mean)} are found "
        f"({interval(low, high)}; guessing finds 1 to 2 %)."
    )


def _personal(one: RungTested) -> str:
    if not one.counted:
        return ""
    kinds = [f"{PERSONAL_KINDS.get(kind, kind)}: {n:,}" for kind, n in one.counted.items()]
    return f"Personal data of other rows came up in answers of the check: {', '.join(kinds)}."


def _secrets(one: RungTested) -> str:
    """From how many rows on a made-up secret comes back."""
    if not one.secrets:
        return ""
    came = [some for some in one.secrets if some.given_back]
    if came:
        first = came[0]
        text = (
            f"Made-up secrets came back from {count(first.rows, 'row')} on: word for word, "
            f"{first.given_back:,} of {first.planted:,} that stood in so many."
        )
    else:
        total = sum(some.planted for some in one.secrets)
        text = (
            f"Of {total:,} made-up secrets none came back word for word, not even one that stood "
            f"in {count(one.secrets[-1].rows, 'row')}."
        )
    once = one.secrets[0]
    return (
        f"{text} Those of a single row are known by {once.exposure:.1f} of {once.most:.0f} bits "
        "(1.4 by chance)."
    )


def secrets(result: TrainedResult) -> Rows | None:
    """Made-up secrets by the rows they stood in; None where none were planted."""
    rows = tuple(
        (
            one.title,
            f"{some.rows:,}",
            f"{some.given_back:,} of {some.planted:,}",
            f"{some.exposure:.1f} of {some.most:.0f} bits",
        )
        for one in result.rungs.values()
        for some in one.secrets
    )
    if not rows:
        return None
    head = ("Rung", "Rows that hold it", "Given back", "Exposure, on average")
    caption = "Made-up secrets in a copy of the training rows, for a model that was thrown away"
    return Rows(caption, head, rows, 1)


ABOUT: Mapping[str, Callable[[TrainedResult], list[str]]] = {
    "forgetting": _forgetting,
    "full_tuning": full_tuning_words.sentences,
    "memorisation": _memorisation,
}


def cases(result: TrainedResult) -> Rows | None:
    """Items that show what the figures mean; None where there are none. Untrusted text."""
    measures = {one.name: one.title for one in probe_type(result.probe).measures}
    found = [case for one in result.rungs.values() for case in one.cases]
    if not found:
        return None
    if result.probe == "forgetting":
        head: Sequence[str] = ("Rung", "Kind", "Asked", "The base said", "It says now")
        caption = "Answered otherwise than by the base, losses first"
    elif result.probe == "full_tuning":
        head = ("Rung", "By", "Asked", "With the adapter", "With all weights")
        caption = "Answers whose score differs"
    else:
        head = ("Rung", "Kind", "Training row", "Tokens given", "Given back")
        caption = "Training rows given back, by id"
    rows = tuple(
        (title_of(one.rung), measures.get(one.part, one.part), one.asked, one.before, one.now)
        for one in found
    )
    return Rows(caption, tuple(head), rows, len(head))
