"""What a probe is: it changes a run's documents and asks the finished rungs again.

Nothing is trained again and no setting is chosen again. A rung that reads no document gets the
same input as in the check, so there its answers of the check count.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from harness.experiment import Estimate
from harness.intervals import mean_interval
from harness.metric import Metric
from harness.text import holds
from harness.types import Answer, Example, TaskSpec
from rag.types import Document

FEW = 5
"""Changes below which the figures are no more than an impression."""
DEFAULT_COUNT = 20
"""Changes made unless the user says otherwise."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What a probe plants in."""

    spec: TaskSpec
    documents: tuple[Document, ...]
    heldout: tuple[Example, ...]
    others: tuple[Example, ...] = ()
    """Train and dev: they tell which facts a document holds more than once."""


@dataclass(frozen=True, slots=True)
class Planted:
    """One change in one document, and the held-out questions that need what was changed."""

    source: str
    query_ids: tuple[str, ...]
    old: str
    """The fact as it was; empty where something was added."""
    new: str
    """The fact as it is now, or the marker word to look for."""
    wording: str = ""
    """Name of the wording, where there are several."""
    place: str = ""
    """Where in the document, in words."""
    text: str = ""
    """What was added."""


@dataclass(frozen=True, slots=True)
class Planting:
    """Changed copies of the documents, and what was changed."""

    documents: tuple[Document, ...]
    """All of them, in the same order; unchanged where nothing was planted."""
    planted: tuple[Planted, ...]
    left_out: dict[str, int] = field(default_factory=dict)
    """Why held-out questions could not be used, with how many."""


@dataclass(frozen=True, slots=True)
class Arm:
    """A rung's answers, one mapping from question to answer a seed; without those that failed."""

    rung: str
    reads: bool
    """It is shown passages of documents."""
    before: tuple[Mapping[str, Answer], ...]
    after: tuple[Mapping[str, Answer], ...]


@dataclass(frozen=True, slots=True)
class Yardstick:
    """How answers are scored, and on what."""

    spec: TaskSpec
    examples: Mapping[str, Example]
    """Held-out, by id."""
    metric: Metric
    """Scores items one by one, and has learned what it must."""
    margin: float


@dataclass(frozen=True, slots=True)
class Change:
    """Mean score with the changed documents less the mean score of the check, same questions."""

    difference: float | None
    low: float | None
    high: float | None
    n: int
    verdict: str
    """Of the score now: better, worse, equivalent or inconclusive."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What a probe found out about one rung."""

    shares: dict[str, Estimate]
    """By name of the measure, in 0..1."""
    change: Change | None = None
    """Of the headline score; None where the probe does not look at it."""
    groups: dict[str, dict[str, tuple[int, int]]] = field(default_factory=dict)
    """By kind of grouping, then by group: how often, of how many answers."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One of the shares that a probe measures."""

    name: str
    title: str
    """Heads a column."""
    what: str
    """What it counts, one sentence."""


@dataclass(frozen=True, slots=True)
class Probe:
    """What all tests of a finished run have; each file in `harness/probes` declares one."""

    name: str
    title: str
    what: str
    """One sentence: what is done and what it tells."""
    unit: str
    """What `count` counts, in the singular."""
    measures: tuple[Measure, ...]
    """In the order in which they are shown."""


@dataclass(frozen=True, slots=True)
class ProbeType(Probe):
    """A test that changes documents. Declared as `PROBE`; see `harness.trained` for the others."""

    plant: Callable[[Ground, int, int], Planting]
    """(ground, most changes, seed). Raises UserError where nothing can be planted."""
    measure: Callable[[Planting, Arm, Yardstick], Measured]
    compare: Callable[[Ground, Sequence[Document], int], Planting] | None = None
    """(ground, the user's own copy, most changes), where a probe can take such changes. Raises
    UserError where nothing has changed."""
    facts: Callable[[TaskSpec], tuple[str, ...]] = lambda spec: ()
    """What holds for the run as a whole and belongs beside the figures, in sentences."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A planted change with one of its questions: an item of the measurement."""

    planted: Planted
    query_id: str


def asked_of(planting: Planting) -> list[Asked]:
    """Every question with its change; the order of all rows of scores."""
    return [Asked(one, query) for one in planting.planted for query in one.query_ids]


def clusters_of(asked: Sequence[Asked]) -> list[str] | None:
    """What each item belongs to: questions on one change stand or fall together."""
    names = [f"{one.planted.source}\0{one.planted.new}" for one in asked]
    return names if len(set(names)) < len(names) else None


Judge = Callable[[Asked, Answer], float | None]
"""A share in 0..1 for one answer; None where it is undefined."""


def shown(one: Asked, answer: Answer) -> bool:
    """Whether what was planted was before the model."""
    source, new = one.planted.source, one.planted.new
    return any(source in c.sources and holds(c.text, new) for c in answer.contexts)


def if_shown(judge: Judge) -> Judge:
    """The same share, of the answers for which `shown` holds."""
    return lambda one, answer: judge(one, answer) if shown(one, answer) else None


def estimate(
    asked: Sequence[Asked], answers: Sequence[Mapping[str, Answer]], judge: Judge
) -> Estimate:
    """A share over all questions and seeds with its interval; questions on one change as one.

    A question without an answer is missing from the mean and counted.
    """
    rows = []
    for given in answers:
        found = [(one, given.get(one.query_id)) for one in asked]
        rows.append([None if answer is None else judge(one, answer) for one, answer in found])
    interval = mean_interval(rows if len(rows) > 1 else rows[0], clusters_of(asked))
    # undefined is not failed: only a question without an answer is
    failed = sum(any(one.query_id not in given for given in answers) for one in asked)
    return Estimate(interval.mean, interval.low, interval.high, interval.n, failed)
