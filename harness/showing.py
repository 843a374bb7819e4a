"""Which difference between two rungs a held-out set can show, before anything has run.

What is not known yet is taken as usual: how often two rungs disagree (by the metric), and how far
questions about one document fall out alike. So it is about so much, and no promise.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from harness.clusters import clusters_of
from harness.scoring import headline
from harness.stats.power import ALPHA, discordant_needed, minimum_detectable_difference
from harness.types import Example, TaskSpec

ALIKE = 0.1
"""Correlation, within a document or group, of the differences between two rungs: an assumption. The
comparison itself measures it."""


@dataclass(frozen=True, slots=True)
class Showing:
    """What a held-out set can show."""

    questions: int
    groups: int | None
    """Documents or groups that they belong to; None where each stands alone."""
    effective: float
    """Questions that would show as much if each stood alone (Kish's design effect)."""
    discordance: float
    """Mean squared difference of two rungs' scores on a question."""

    def smallest(self, rungs: int) -> float | None:
        """Smallest difference that is shown with 80 % power, in 0..1; None where none can be.

        Args:
            rungs: how many are planned; each above the first is one decision (`harness.climb`).
        """
        units = self.questions if self.groups is None else self.groups
        if units < self.needed(rungs):
            return None
        alpha = ALPHA / _decisions(rungs)
        return minimum_detectable_difference(int(self.effective), self.discordance, alpha)

    def needed(self, rungs: int) -> int:
        """Fewest questions, or groups, that must differ before anything can be shown."""
        # as harness.compare counts them: groups by their signs, single questions by mid-p
        sides = 1 if self.groups is None else 2
        return discordant_needed(contrasts=sides * _decisions(rungs))


def showing(heldout: Sequence[Example], spec: TaskSpec) -> Showing:
    """What held-out questions can show on the headline metric of their task."""
    n, clusters = len(heldout), clusters_of(heldout)
    sizes = list(Counter(clusters).values()) if clusters else [1] * n
    mean_size = sum(size * size for size in sizes) / n if n else 1.0
    return Showing(
        questions=n,
        groups=len(sizes) if clusters else None,
        effective=n / (1 + (mean_size - 1) * ALIKE),
        discordance=headline(spec).discordance,
    )


def _decisions(rungs: int) -> int:
    return max(1, rungs - 1)
