"""An adapter against all weights, in tables and sentences. Pure; figures are the harness's."""

from collections.abc import Callable

from advisor.money_tables import Rows
from advisor.numbers import (
    capital,
    count,
    in_points,
    interval,
    percent,
    points_range,
    seconds,
    size,
)
from harness.experiment import Estimate
from harness.trained import RungTested, Spent, TrainedResult

SAYS = {
    "better": "All weights do better",
    "worse": "All weights do worse",
    "equivalent": "It makes no difference that matters",
    "inconclusive": "Too close to call",
}
SETTLED = ("worse", "equivalent")
ONE_TRAINING = (
    "One training each: another seed, or another learning rate, could give another result. A check "
    "with seeds = 3 and more effort would show how much."
)


def figures(result: TrainedResult) -> Rows:
    """One row a rung: both scores, their difference and ratio, what each training took."""
    head = (
        "Rung",
        "Adapter",
        "All weights",
        "Difference",
        "Adapter's share of it",
        "One training",
        "Peak memory",
        "Verdict",
    )
    rows = []
    for one in result.rungs.values():
        score, share = one.found["score"], one.found["ratio"].value
        change = score.change
        difference = "–"
        if change is not None and change.difference is not None:
            span = points_range(change.low, change.high)
            difference = f"{in_points(change.difference)} ({span})"
        rows.append(
            (
                one.title,
                _share(score.before),
                _share(score.value),
                difference,
                _share(share),
                _both(one, lambda spent: seconds(spent.seconds)),
                _both(one, _memory),
                SAYS[one.level].lower(),
            )
        )
    asked = count(result.n_items.get("heldout", 0), "held-out question")
    scored = dict.fromkeys(one.found["score"].note for one in result.rungs.values())
    caption = ", ".join([*filter(None, scored), asked, "with 95 % intervals"])
    return Rows(capital(caption), head, tuple(rows), 1)


def _share(found: Estimate | None) -> str:
    if found is None or found.mean is None:
        return "–"
    return f"{percent(found.mean)} ({interval(found.low, found.high)})"


def _both(one: RungTested, told: Callable[[Spent], str]) -> str:
    if one.spent is None:
        return "–"
    return f"{told(one.spent[0])}, then {told(one.spent[1])}"


def _memory(spent: Spent) -> str:
    return size(spent.peak_memory_bytes) if spent.peak_memory_bytes else "not measured"


def sentences(result: TrainedResult) -> list[str]:
    """The verdict of each rung with its figures, then advice."""
    told = []
    for one in result.rungs.values():
        score, share = one.found["score"], one.found["ratio"].value
        before, value, change = score.before, score.value, score.change
        if before is None or change is None or change.difference is None:
            told.append(f"{one.title}: no question was scored with both, so nothing can be said.")
            continue
        text = (
            f"{one.title}: {percent(value.mean)} with all weights trained, "
            f"{percent(before.mean)} with the adapter, a difference of "
            f"{in_points(change.difference)} ({points_range(change.low, change.high)}). "
            f"{SAYS[one.level]}."
        )
        if share.mean is not None:
            text += (
                f" The adapter reaches {percent(share.mean)} of the score with all weights "
                f"({interval(share.low, share.high)})."
            )
        told.append(text)
        if one.spent is not None:
            told.append(
                f"One training took {seconds(one.spent[0].seconds)} with the adapter and "
                f"{seconds(one.spent[1].seconds)} with all weights; peak memory "
                f"{_memory(one.spent[0])} and {_memory(one.spent[1])}."
            )
    if any(len(one.seeds) == 1 for one in result.rungs.values()):
        told.append(ONE_TRAINING)
    if any(one.level == "better" for one in result.rungs.values()):
        told.append(
            "All weights also forget more of what the base could do and are a whole model to "
            "store for each task: the probe forgetting tells the first, after a check with "
            'method = "full" under [tuning].'
        )
    elif result.rungs and all(one.level in SETTLED for one in result.rungs.values()):
        told.append("Nothing here speaks for training all weights: the adapter is the lighter one.")
    return told
