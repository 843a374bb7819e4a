"""Preference pairs as rows of text: what a check makes of the held-out ones. Pure."""

from typing import NamedTuple

from advisor.numbers import count, in_points, interval, percent, points_range
from harness.experiment import Contrast, Experiment, PairResult
from harness.preferences import USUAL

TITLE = "The better of two answers"
NAMES = {
    "base": "The model as it comes",
    "finetune": "After fine-tuning",
    "preference": "After preference alignment",
}
SETTLED = {
    "better": "a real gain",
    "worse": "a real loss",
    "equivalent": "no difference that matters",
    "inconclusive": "not settled by these pairs",
}
MANY = 0.6
"""Share of pairs whose better answer is the longer one, from which length may be learned."""


class PairWords(NamedTuple):
    """A table, and what follows from it."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]


def pair_words(experiment: Experiment) -> PairWords | None:
    """A row a state of the model; None where no pairs were learned from."""
    found = experiment.pairs
    if found is None:
        return None
    rows = tuple(
        (
            NAMES.get(state, state),
            f"{percent(one.accuracy.mean)} ({interval(one.accuracy.low, one.accuracy.high)})",
            f"{one.chosen:.1f}",
            f"{one.rejected:.1f}",
        )
        for state, one in found.states.items()
    )
    head = ("State", "Better answer likelier", "Log-likelihood: better", "worse")
    return PairWords(head, rows, tuple(_notes(experiment, found)))


def pair_caution(experiment: Experiment) -> list[str]:
    """That alignment gained on pairs what the score does not show; nothing where it did not."""
    found = experiment.pairs
    if found is None:
        return []
    step = ("preference", "finetune")
    gain = next((one for one in found.gains if (one.a, one.b) == step), None)
    if gain is None or gain.verdict != "better":
        return []
    contrast = experiment.contrast("preference", "finetune")
    if contrast is None or contrast.verdict == "better":
        return []
    return [
        f"On {count(gain.n, 'held-out pair')} preference alignment finds the better "
        f"answer likelier more often than fine-tuning alone: {_figures(gain)}. The score above "
        "does not show it: whether taste counts beside it is yours to say."
    ]


def _notes(experiment: Experiment, found: PairResult) -> list[str]:
    notes = [
        f"{count(found.n_heldout, 'held-out pair')}, {found.n_train:,} to learn from and "
        f"{found.n_dev:,} to choose the state on. The model reads both answers without being told "
        "which one is the better."
    ]
    for gain in found.gains:
        one = NAMES.get(gain.a, gain.a)
        other = NAMES.get(gain.b, gain.b)
        words = SETTLED[gain.verdict]
        notes.append(f"{one} against {other[0].lower()}{other[1:]}: {_figures(gain)}, {words}.")
    if found.also_trained:
        notes.append(
            f"The questions of {count(found.also_trained, 'held-out pair')} are among the examples "
            "that fine-tuning learned from, so its row may flatter."
        )
    if unread := max(one.accuracy.n_failed for one in found.states.values()):
        notes.append(
            f"{count(unread, 'held-out pair')} could not be read (too long for the model): neither "
            "right nor wrong."
        )
    n_pairs = found.n_train + found.n_dev + found.n_heldout
    if n_pairs < USUAL:
        notes.append(
            f"Published recipes begin at {USUAL} pairs; with {n_pairs:,} little can be "
            "expected, and a failure says little about what more would do."
        )
    if kept := experiment.rungs["preference"].settings.get("kept"):
        notes.append(f"State that was kept: {kept}.")
    return [*notes, *_length(experiment, found), *_decay(found)]


def _length(experiment: Experiment, found: PairResult) -> list[str]:
    """What learning from pairs is known to do: answers grow longer."""
    arms = experiment.rungs
    notes = []
    if found.longer >= MANY:
        notes.append(
            f"In {percent(found.longer)} of the pairs the better answer is the longer one: length "
            "may be a part of what was learned."
        )
    own = arms["preference"].completion_tokens
    text = f"Answers after preference alignment have {own:.0f} tokens on average"
    if "finetune" in arms:
        text += f", those of fine-tuning alone {arms['finetune'].completion_tokens:.0f}"
    return [*notes, f"{text}. Learning from pairs tends to make answers longer."]


def _decay(found: PairResult) -> list[str]:
    before, after = found.states.get("finetune"), found.states.get("preference")
    if before is None or after is None or after.chosen >= before.chosen:
        return []
    return [
        f"The better answers themselves became less likely ({before.chosen:.1f} to "
        f"{after.chosen:.1f} nats): usual with this method, and a warning where it is much."
    ]


def _figures(gain: Contrast) -> str:
    return f"{in_points(gain.difference)} ({points_range(gain.low, gain.high)})"
