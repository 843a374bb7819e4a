"""Held-out preference pairs: how often a model finds the better answer likelier, state by state.

Likelier is meant of the whole answer, as a model would give it: a longer answer starts at a
disadvantage, in every state alike. Which answer is the better one is known here only, in the
process that runs the check.
"""

from collections.abc import Sequence

from harness.compare import holm, paired
from harness.experiment import Check, Estimate, PairResult, PairState
from harness.family import contrast_of
from harness.intervals import mean_interval
from harness.split import without_leaks
from harness.store import Cell, Run
from harness.text import normalise
from harness.types import Example, Preference, TrainView

STATES = ("base", "finetune", "preference")
"""In the order in which a model goes through them."""
STEPS = (("finetune", "base"), ("preference", "finetune"), ("preference", "base"))
"""What is compared: each state with those before it."""
METRIC = "pair_accuracy"


def pair_result(run: Run, view: TrainView, cells: Sequence[Cell]) -> PairResult | None:
    """What a run's cells make of the held-out pairs; None where none has read any.

    Args:
        run: with the pairs.
        view: what was learned from.
        cells: finished ones.
    """
    pairs = run.heldout_pairs()
    read = [cell for cell in cells if cell.pairs]
    if not pairs or not read:
        return None
    margins = [_margins(cell, pairs) for cell in read]
    rows = {
        state: [
            [None if one is None else float(one > 0) for one in found[state]] for found in margins
        ]
        for state in STATES
        if any(state in found for found in margins)
    }
    clusters = [pair.group or pair.question for pair in pairs]
    tied = clusters if len(set(clusters)) < len(clusters) else None
    compared = [(a, b) for a, b in STEPS if a in rows and b in rows]
    margin = run.plan().margin
    found = holm([paired(rows[a], rows[b], margin=margin, clusters=tied) for a, b in compared])
    return PairResult(
        n_train=len(view.preferences),
        n_dev=len(view.dev_preferences),
        n_heldout=len(pairs),
        also_trained=_also_trained(pairs, view),
        longer=sum(len(pair.chosen) > len(pair.rejected) for pair in pairs) / len(pairs),
        states={state: _state(some, tied, read, state, pairs) for state, some in rows.items()},
        gains=tuple(
            contrast_of(pair, one, METRIC, False) for pair, one in zip(compared, found, strict=True)
        ),
    )


def _margins(cell: Cell, pairs: Sequence[Preference]) -> dict[str, list[float | None]]:
    """By state: log-likelihood of the better answer less that of the worse one, a pair each.

    None for a pair that was not read, for instance one longer than the model's context.
    """
    found = {(one.state, one.pair_id): one for one in cell.pairs}
    out: dict[str, list[float | None]] = {}
    for state in {one.state for one in cell.pairs}:
        margins: list[float | None] = []
        for pair in pairs:
            one = found.get((state, pair.id))
            sign = 1.0 if pair.chosen <= pair.rejected else -1.0
            margins.append(None if one is None else sign * (one.first - one.second))
        out[state] = margins
    return out


def _state(
    rows: list[list[float | None]],
    clusters: list[str] | None,
    cells: Sequence[Cell],
    state: str,
    pairs: Sequence[Preference],
) -> PairState:
    interval = mean_interval(rows if len(rows) > 1 else rows[0], clusters)
    first = {pair.id: pair.chosen <= pair.rejected for pair in pairs}
    read = [one for cell in cells for one in cell.pairs if one.state == state]
    better = [one.first if first[one.pair_id] else one.second for one in read]
    worse = [one.second if first[one.pair_id] else one.first for one in read]
    return PairState(
        Estimate(interval.mean, interval.low, interval.high, interval.n, interval.n_failed),
        sum(better) / len(better),
        sum(worse) / len(worse),
    )


def _also_trained(pairs: Sequence[Preference], view: TrainView) -> int:
    """Held-out pairs whose question or group the examples that were trained on hold."""
    rows = [Example(one.id, one.question, (one.chosen,), group=one.group) for one in pairs]
    return len(without_leaks(rows, view.train).taken)


def pairs_apart(run: Run, ladder: Sequence[Cell]) -> Check | None:
    """Pairs that are measured on must not be learned from; None where none were."""
    if not any(cell.pairs for cell in ladder):
        return None
    view, heldout = run.view(), run.heldout_pairs()
    learned = {normalise(one.question) for one in (*view.preferences, *view.dev_preferences)}
    asked = {normalise(query.text) for query in run.queries()}
    both = sum(normalise(one.question) in learned for one in heldout)
    leaked = len(learned & asked)
    return Check(
        "Preference pairs are apart as well",
        not both and not leaked,
        f"{len(heldout)} held-out pairs, of which the rung does not know the better answer; "
        f"{both} share a question with those learned from, and {leaked} of these are held-out "
        "questions",
    )
