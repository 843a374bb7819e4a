"""A judge's verdicts on disk, appended as they come, and what somebody agreed to have sent.

judge/agreed.jsonl   who said yes to what
judge/answers.jsonl  verdicts on single answers
judge/pairs.jsonl    verdicts on two answers, in one order each
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from harness.disk import append_lines, whole_lines
from harness.errors import Problem
from harness.judge.labels import Label, labels_of
from harness.judge.material import Material, Said, checksum, material_of
from harness.judge.prompts import rendering
from harness.locking import alone, is_held
from harness.store import Run

LOCK = "judge.lock"

Pair = tuple[str, str]
"""Two rungs."""
SingleKey = tuple[str, str]
"""Item, and check sum of the answer."""
PairKey = tuple[str, str, str]
"""Item, and check sums of the answers in the order in which they were shown."""


@dataclass(frozen=True, slots=True)
class Sending:
    """What a judge would be sent: to be shown, and agreed to, before anything is."""

    endpoint: str
    host: str
    model: str
    answers: int
    """Answers with their questions and references that it has not looked at."""
    pairs: int
    """Pairs of answers that it has not looked at in both orders."""
    requests: int
    leaves: bool
    """The host is not this machine."""
    encrypted: bool
    pair: Pair | None = None
    """The two rungs whose answers are compared."""


@dataclass(frozen=True, slots=True)
class Consent:
    """Somebody has seen what would be sent where, and said yes; kept with the run."""

    sending: Sending
    by: str
    at: str
    """UTC, ISO 8601."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a judge said of one answer, or of two in one order; or why it said nothing."""

    judge: str
    """Address and model."""
    prompt: str
    """Check sum of what it was asked with."""
    item: str
    answers: tuple[str, ...]
    """Check sums: one, or two in the order in which they were shown."""
    verdict: str
    """right, not right; first, second, tie; empty where there is none."""
    reason: str
    """In the judge's words. Untrusted text."""
    failure: str
    """Class of what went wrong; empty where nothing did."""
    message: str
    at: str
    """UTC, ISO 8601."""


class JudgeStore:
    """Reads and writes one run's verdicts; its answers and labels are read once."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.folder = run.folder / "judge"

    @cached_property
    def material(self) -> Material:
        """The run's answers."""
        return material_of(self.run)

    def labels(self) -> tuple[Label, ...]:
        """What people said."""
        return labels_of(self.run)

    @property
    def stop_file(self) -> Path:
        """Its presence asks the process that judges to stop."""
        return self.folder / "stop"

    def alone(self, busy: Problem) -> AbstractContextManager[None]:
        """Held while a process judges; see `harness.locking.alone`."""
        self.folder.mkdir(parents=True, exist_ok=True)
        return alone(self.folder / LOCK, busy)

    def is_running(self) -> bool:
        """True while a process judges."""
        return self.folder.is_dir() and is_held(self.folder / LOCK)

    def add(self, found: Sequence[Verdict]) -> None:
        """Keep some verdicts."""
        for size in (1, 2):
            if some := [one for one in found if len(one.answers) == size]:
                append_lines(self._file(size), *some)

    def newest(self) -> str:
        """The judge that was asked last; empty where none ever was."""
        asked = self.asked()
        return asked[-1] if asked else ""

    def asked(self) -> tuple[str, ...]:
        """Every judge that was ever sent anything, in the order in which it last was."""
        lines = [one for size in (1, 2) for one in whole_lines(self._file(size), Verdict)]
        lines.sort(key=lambda one: one.at, reverse=True)
        return tuple(dict.fromkeys(one.judge for one in lines))[::-1]

    def agree(self, consent: Consent) -> None:
        """Keep who said yes to what."""
        append_lines(self._agreed, consent)

    def consents(self) -> list[Consent]:
        """The oldest first."""
        return whole_lines(self._agreed, Consent)

    def pairs(self, judge: str) -> tuple[Pair, ...]:
        """Pairs of rungs that a judge was to compare."""
        agreed = (one.sending for one in self.consents() if one.sending.endpoint == judge)
        found: dict[frozenset[str], Pair] = {}
        for one in agreed:
            if one.pair is not None:
                found.setdefault(frozenset(one.pair), one.pair)  # one pair, however it was named
        return tuple(found.values())

    @property
    def _agreed(self) -> Path:
        return self.folder / "agreed.jsonl"

    def verdicts(self, judge: str) -> dict[SingleKey, Verdict]:
        """A judge's verdicts on single answers."""
        kept = self._kept(judge, 1)
        return {(item, answers[0]): one for (item, answers), one in kept.items()}

    def preferences(self, judge: str) -> dict[PairKey, Verdict]:
        """A judge's verdicts on pairs of answers."""
        kept = self._kept(judge, 2)
        return {(item, answers[0], answers[1]): one for (item, answers), one in kept.items()}

    def failures(self, judge: str, size: int = 1) -> dict[tuple[str, tuple[str, ...]], Verdict]:
        """What it gave no verdict on, last time it was asked; asked again when it is next."""
        return {key: one for key, one in self._last(judge, size).items() if one.failure}

    def _kept(self, judge: str, size: int) -> dict[tuple[str, tuple[str, ...]], Verdict]:
        return {key: one for key, one in self._last(judge, size).items() if not one.failure}

    def _last(self, judge: str, size: int) -> dict[tuple[str, tuple[str, ...]], Verdict]:
        asked = rendering()
        found = whole_lines(self._file(size), Verdict)
        return {
            (one.item, one.answers): one
            for one in found
            if (one.judge, one.prompt) == (judge, asked)
        }

    def _file(self, size: int) -> Path:
        return self.folder / ("answers.jsonl" if size == 1 else "pairs.jsonl")


def single_keys(material: Material) -> list[SingleKey]:
    """Every answer once, also where several rungs say the same."""
    return list(dict.fromkeys(one.key for one in material.said))


def both(material: Material, pair: Sequence[str]) -> list[tuple[Said, Said]]:
    """The answers of two rungs to the questions that both have answered."""
    first, second = ({s.item: s for s in material.said if s.rung == rung} for rung in pair)
    return [(one, second[item]) for item, one in first.items() if item in second]


def pairs_of(material: Material, pair: Sequence[str]) -> list[PairKey]:
    """Every pair of answers that differ, in both orders."""
    keys: dict[PairKey, None] = {}
    for one, other in both(material, pair):
        a, b = checksum(one.answer), checksum(other.answer)
        if a != b:
            keys[one.item, a, b] = keys[one.item, b, a] = None
    return list(keys)
