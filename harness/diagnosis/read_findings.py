"""What a diagnosis says of reading and of sources, beside `harness.diagnosis.findings`."""

from dataclasses import dataclass, field

from harness.diagnosis.share import Share


@dataclass(frozen=True, slots=True)
class Handed:
    """The same reader with the right passage handed over: what no search can pass, read as now."""

    given: Share
    """Its mean score with the passage in hand, of the questions of which it is known."""
    own: Share
    """The rung's own, of the same questions."""
    gain: Share
    """The first less the second, paired."""
    given_missed: Share
    """With the passage in hand, of those questions for which the rung's search missed it."""
    by_document: int
    """Questions of which only the right document is known: they were handed its passages."""
    against: str = ""
    """The rung without passages; empty where it was not measured."""
    contradicted: Share = field(default_factory=Share)
    """Of the questions which that one gets right: not right with the right passage in hand."""


@dataclass(frozen=True, slots=True)
class Citations:
    """What answers that were read from passages rest on, and the sources they name themselves."""

    unsupported: Share
    """Of the answers that do not abstain: rest on no passage that was before the model."""
    right: Share
    """Of the passages an answer rests on, mean over answers: hold the answer (precision)."""
    cited: Share
    """Of the answers that had a right passage before them: rest on one (recall)."""
    named: Share = field(default_factory=Share)
    """Of the answers that do not abstain: name a source in square brackets."""
    stray: Share = field(default_factory=Share)
    """Of those: name one that was not before the model."""
