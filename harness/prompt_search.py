"""A search over wordings and worked examples on dev, with a fixed number of candidates.

First the wordings, without examples; then the best of them with sets of examples. In both the
plain one stands first and another is taken only where it leads by more than one standard error
(`harness.choosing.taken`): of many candidates one is ahead by luck. Seeded; nothing here sees the
held-out rows.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from harness.choosing import taken
from harness.demonstrations import FIXED, NEAREST, Chosen
from harness.instructions import Source, Wording, moves, plain, worded
from harness.scoring import Scored
from harness.types import Example, Json, TaskSpec
from harness.workbench import Say

_NEAREST: Final = Chosen(NEAREST)


@dataclass(frozen=True, slots=True)
class Shown:
    """Worked examples before each question."""

    count: int = 0
    chosen: Chosen = _NEAREST


def in_words(wording: Wording, shown: Shown) -> str:
    """A prompt as it is recorded, and told in tables."""
    if not shown.count:
        return wording.name
    which = f" (set {shown.chosen.draw + 1})" if shown.chosen.way == FIXED else ""
    examples = f"{shown.count} example{'s' if shown.count != 1 else ''}"
    return f"{wording.name}; {examples}, {shown.chosen.way}{which}"


@dataclass
class Search:
    """One search; `run` does it."""

    spec: TaskSpec
    train: Sequence[Example]
    candidates: int
    """Prompts that are tried in all, the plain one too; at least 2."""
    score: Callable[[Wording, Shown], Scored]
    """What dev gives a prompt."""
    say: Say
    proposed: Sequence[Wording] = ()
    """Somebody else's wordings, tried before the moves; fewer than half of the candidates."""
    tried: list[Json] = field(default_factory=list)

    def run(self, counts: Sequence[int], known: Scored | None = None) -> tuple[Wording, Shown]:
        """The prompt to use.

        Args:
            counts: numbers of worked examples to try.
            known: what dev gives the plain prompt, where it has been answered already.
        """
        wording, usual = self._wording(known)
        with_sets = self._sets(wording, counts)[: self.candidates - len(self.tried)]
        scored = [usual, *(self._try(*one) for one in with_sets)]
        return ((wording, Shown()), *with_sets)[taken([one.rows for one in scored])]

    def _wording(self, known: Scored | None) -> tuple[Wording, Scored]:
        """The plain wording, or a better one."""
        found = [(plain(self.spec), self._try(plain(self.spec), Shown(), known))]
        for wording in self._wordings(found):
            found.append((wording, self._try(wording, Shown())))
        return found[taken([scored.rows for _, scored in found])]

    def _wordings(self, found: Sequence[tuple[Wording, Scored]]) -> Iterator[Wording]:
        """Candidates one by one, drawn while the results of the earlier ones come in."""
        most = max(1, self.candidates // 2 - 1)
        yield from self.proposed
        rng = random.Random(0)
        names = list(moves(self.spec.kind))
        rng.shuffle(names)
        source = Source(self.spec, self.train)
        singles = [one for name in names if (one := worded(source, [name]))]
        left = most - len(self.proposed)
        several = 1 if left > 2 and len(singles) > 1 else 0
        alone = singles[: left - several]
        yield from alone
        gained = self._gained(found, alone)
        seen = {frozenset[str](), *(frozenset([one.name]) for one in alone)}
        for drawn in [gained, *self._draws(rng, [one.name for one in singles])]:
            if len(found) > most:
                return
            together = frozenset(drawn)
            if together in seen:
                continue
            seen.add(together)
            joined = worded(source, together)
            if joined is not None:
                yield joined

    def _gained(
        self, found: Sequence[tuple[Wording, Scored]], alone: Sequence[Wording]
    ) -> list[str]:
        """The moves that alone gave more than the plain wording."""
        scores = {wording.name: scored.score for wording, scored in found}
        usual = found[0][1].score
        gave = [(scores.get(one.name), one.name) for one in alone]
        return [name for got, name in gave if got is not None and (usual is None or got > usual)]

    def _draws(self, rng: random.Random, names: Sequence[str]) -> Iterator[list[str]]:
        """Sets of two or three moves."""
        for _ in range(20 * self.candidates if len(names) > 1 else 0):
            yield rng.sample(names, min(len(names), rng.choice((2, 3))))

    def _sets(self, wording: Wording, counts: Sequence[int]) -> list[tuple[Wording, Shown]]:
        """The nearest ones first, in the plain wording too; then the same for all, by draws.

        What helps without examples may stand in their way. Where there are fewer rows than any
        number, all of them are shown.
        """
        usual, most = plain(self.spec), len(self.train)
        fitting = [count for count in counts if count <= most] or [most]
        sizes = [count for count in fitting if count > 0]
        found = [(wording, Shown(count)) for count in sizes[:2]]
        found += [(usual, Shown(count)) for count in sizes[:1] if wording != usual]
        for draw in range(self.candidates if sizes else 0):
            found.append((wording, Shown(sizes[draw % len(sizes)], Chosen(FIXED, draw))))
        return found

    def _try(self, wording: Wording, shown: Shown, known: Scored | None = None) -> Scored:
        self.say(f"Trying a prompt on dev, {len(self.tried) + 1} of {self.candidates}", {})
        scored = known or self.score(wording, shown)
        self.tried.append({"prompt": in_words(wording, shown), "dev_score": scored.score})
        return scored
