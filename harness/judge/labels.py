"""What people say of single answers: `labels.jsonl` of a run, added to and never changed."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from harness.disk import append_lines, whole_lines
from harness.errors import Problem, UserError
from harness.judge.material import Said, checksum
from harness.store import Run, now

FILE = "labels.jsonl"
NEEDED = 30
"""Answers that people have called right or not right, before a judge is asked at all."""
LONGEST_NAME = 80
Opinion = Literal["right", "wrong", "unsure", "withdrawn"]


@dataclass(frozen=True, slots=True)
class Label:
    """One person's opinion of one answer."""

    item: str
    rung: str
    """Whose answer it is; the person did not see it."""
    answer: str
    """Check sum of the text that was shown."""
    opinion: Opinion
    by: str
    """Untrusted text."""
    at: str
    """UTC, ISO 8601."""

    @property
    def key(self) -> tuple[str, str]:
        """As `Said.key`."""
        return self.item, self.answer


def label_file(run: Run) -> Path:
    """Where they are kept."""
    return run.folder / FILE


def add_label(run: Run, said: Said, opinion: Opinion, by: str) -> Label:
    """Keep an opinion at once; a later one of the same answer counts instead.

    Raises:
        UserError: nobody is named.
        JobError: it cannot be written.
    """
    name = " ".join(by.split())[:LONGEST_NAME]
    if not name:
        raise UserError(Problem("nobody is named", "say who judges the answers", "by"))
    label = Label(said.item, said.rung, checksum(said.answer), opinion, name, now())
    append_lines(label_file(run), label)
    return label


def labels_of(run: Run) -> tuple[Label, ...]:
    """Those in force, the oldest first.

    Raises:
        UserError: the file is damaged.
    """
    found: dict[tuple[str, str], Label] = {}
    for label in whole_lines(label_file(run), Label):
        found.pop(label.key, None)
        found[label.key] = label
    return tuple(label for label in found.values() if label.opinion != "withdrawn")


def counted(labels: Sequence[Label]) -> int:
    """How many say right or not right."""
    return sum(label.opinion in ("right", "wrong") for label in labels)


def in_turn(said: Sequence[Said], seed: int = 0) -> tuple[Said, ...]:
    """Answers in the order in which people see them.

    Rungs take turns, so that any beginning of the order has about as many of each; within a round
    through the questions none comes twice, for two answers to one question tell less than two to
    two. What several rungs say alike comes once.

    Args:
        said: all answers.
        seed: of the order.
    """
    # a generator of its own, of integers alone: the order is the same in every session
    rng = random.Random(seed)
    questions = list(dict.fromkeys(one.item for one in said))
    rng.shuffle(questions)
    rungs = list(dict.fromkeys(one.rung for one in said))
    rng.shuffle(rungs)
    by_place: Mapping[tuple[str, str], Said] = {(one.item, one.rung): one for one in said}
    found: dict[tuple[str, str], Said] = {}
    for turn in range(len(rungs)):
        for number, question in enumerate(questions):
            one = by_place.get((question, rungs[(number + turn) % len(rungs)]))
            if one is not None:
                found.setdefault(one.key, one)
    return tuple(found.values())


def open_ones(said: Sequence[Said], labels: Sequence[Label], seed: int = 0) -> tuple[Said, ...]:
    """Those in turn that nobody has looked at."""
    seen = {label.key for label in labels}
    return tuple(one for one in in_turn(said, seed) if one.key not in seen)
