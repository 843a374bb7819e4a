"""The result of a run as plain values: what is written to experiment.json, the verdict apart."""

from dataclasses import dataclass, field, replace

from harness.diagnosis.findings import Diagnostics
from harness.types import Json


@dataclass(frozen=True, slots=True)
class Estimate:
    """A score with its 95 % interval."""

    mean: float | None
    low: float | None
    high: float | None
    n: int
    """Items with a score."""
    n_failed: int
    """Items without one; they are not in the mean."""


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds from question to answer, one question at a time."""

    p50: float | None
    p95: float | None
    """None below 20 timed questions: a tail cannot be read off fewer."""
    slowest: float | None
    n: int


@dataclass(frozen=True, slots=True)
class DidNotFit:
    """Passages that were found and left out of the prompt, the farthest of a question."""

    passages: int = 0
    answers: int = 0
    """Answers that had at least one fewer."""


@dataclass(frozen=True, slots=True)
class ArmResult:
    """A rung, a floor or a ceiling, over all its seeds."""

    title: str
    scores: dict[str, Estimate]
    """By metric, the headline first."""
    latency_s: Latency
    prompt_tokens: float
    """Mean per answer."""
    completion_tokens: float
    prepare_s: float
    """Learning and choosing, mean over seeds."""
    answer_s: float
    """Answering the whole held-out set, mean over seeds."""
    peak_memory_bytes: int
    seeds: tuple[int, ...]
    settings: dict[str, Json]
    effort: dict[str, Json]
    failures: dict[str, int]
    """Kind of failure to how many answers, over all seeds."""
    truncated: int
    """Answers cut at the token limit."""
    path: str
    """Which implementation of the model ran."""
    answer_joules: float | None = None
    """Energy of the machine while answering the held-out set, mean over seeds; None where its
    counters cannot be read."""
    prepare_joules: float | None = None
    seed_scores: tuple[float | None, ...] = ()
    """Headline score of each seed by itself; empty in runs from before it was kept."""
    did_not_fit: DidNotFit = DidNotFit()
    """Over all seeds; none in runs from before this was counted."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What a rung took, beside what was foretold before the check."""

    seconds: float
    """Preparing and answering, over its seeds and its ceiling; without the start of processes."""
    memory_bytes: int
    """The most that one of its processes held."""
    foretold_s: float
    foretold_bytes: float


@dataclass(frozen=True, slots=True)
class Contrast:
    """One rung against another on the same items."""

    a: str
    b: str
    metric: str
    difference: float | None
    """Mean of a minus mean of b."""
    low: float | None
    high: float | None
    p: float | None
    p_adjusted: float | None
    """p, corrected: a step of the climb for the number of steps (`harness.climb`), any other pair
    for the number of pairs (Holm)."""
    verdict: str
    """Of a: better, worse, equivalent or inconclusive."""
    non_inferior: bool
    """a is shown to be no worse than b by the margin or more."""
    n: int
    n_needed: int | None
    """Items in all that would about settle it; None where it is settled or cannot be said."""
    test: str
    note: str
    non_superior: bool = False
    """a is shown to be no better than b by the margin or more."""
    planned: bool = False
    """A step of the climb: the recommendation rests on it."""
    low_90: float | None = None
    """Of the 90 % interval: one within the margin is the two one-sided tests of equivalence."""
    high_90: float | None = None
    p_exact: float | None = None
    """By the exact McNemar test where `p` is mid-p; the verdict rests on the latter."""
    units: int | None = None
    """What the n items count as: documents or groups, where these are not independent; None in
    experiments of before 2026-11-27."""


@dataclass(frozen=True, slots=True)
class PairState:
    """A model before or after a step of training, on held-out preference pairs."""

    accuracy: Estimate
    """Share of pairs whose better answer it finds likelier."""
    chosen: float
    """Mean log-likelihood of the better answers, nats: one that falls far is a sign of decay."""
    rejected: float


@dataclass(frozen=True, slots=True)
class PairResult:
    """What preference alignment changed, measured on pairs that it did not learn from."""

    n_train: int
    n_dev: int
    n_heldout: int
    also_trained: int
    """Held-out pairs whose question the examples that were trained on hold."""
    longer: float
    """Share of held-out pairs whose better answer is the longer one."""
    states: dict[str, PairState]
    """``base``, ``finetune``, ``preference``."""
    gains: tuple[Contrast, ...]
    """Each state against those before it."""


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the fairness checklist."""

    check: str
    holds: bool | None
    """None where that is not known."""
    detail: str


@dataclass(frozen=True, slots=True)
class TaskFacts:
    """What was measured on."""

    name: str
    kind: str
    metric: str
    metric_title: str
    language: str
    n_train: int
    n_dev: int
    n_heldout: int
    n_unanswerable: int
    """Held-out questions that nothing answers."""
    n_documents: int
    fingerprint: str
    margin: float
    target: float | None
    groups: int | None = None
    """Documents or groups that held-out questions belong to; None where each stands alone."""
    detectable: float | None = None
    """Difference between two rungs that the held-out set was large enough to show with 80 % power,
    as it was foretold (`harness.showing`); None where none is."""


@dataclass(frozen=True, slots=True)
class Experiment:
    """Everything a page or a report needs besides the single answers."""

    schema: int
    run: str
    created: str
    task: TaskFacts
    model: dict[str, str]
    environment: dict[str, str]
    rungs: dict[str, ArmResult]
    """In order of effort."""
    floors: dict[str, ArmResult]
    ceilings: dict[str, ArmResult]
    comparisons: tuple[Contrast, ...]
    floor_contrasts: tuple[Contrast, ...]
    """Each rung against the best floor, corrected among themselves."""
    skipped: dict[str, str]
    """Rungs that could not run, with the reason."""
    failed: dict[str, str]
    """Cells that ended in an error, with the message."""
    diagnostics: Diagnostics
    """Why each rung fails where it fails; empty in runs from before there was a diagnosis."""
    fairness: tuple[Check, ...]
    seconds: float
    """Wall time of preparing and answering, summed over cells."""
    not_run: dict[str, str] = field(default_factory=dict)
    """Rungs that were left out because a lower one reached the target, with the words for it."""
    verdict: dict[str, Json] = field(default_factory=dict)
    """Filled by the advisor, which knows the questionnaire."""
    right_answers: dict[str, Estimate] = field(default_factory=dict)
    """By metric, where it is defined item by item: what the right answers themselves score. Empty
    in runs from before this was measured."""
    undefined: dict[str, str] = field(default_factory=dict)
    """Metrics that score nothing in this task, with the reason."""
    pairs: PairResult | None = None
    """Where preference pairs were learned from."""
    index_s: float | None = None
    """Wall time of embedding and indexing, once for all rungs that look passages up; None where
    none does. What an earlier check had embedded took no time here."""
    taken: dict[str, Taken] = field(default_factory=dict)
    """By rung; empty where nothing was foretold."""
    prices: dict[str, Json] = field(default_factory=dict)
    """Those that the verdict was judged by; filled by the advisor."""

    @property
    def scored(self) -> tuple[str, ...]:
        """Rungs with a headline score: where every answer failed there is none to compare."""
        metric = self.task.metric
        return tuple(n for n, arm in self.rungs.items() if arm.scores[metric].mean is not None)

    def contrast(self, a: str, b: str) -> Contrast | None:
        """A against b, turned round where it was measured the other way."""
        for found in self.comparisons:
            if (found.a, found.b) == (a, b):
                return found
            if (found.a, found.b) == (b, a):
                return _reversed(found)
        return None


def _reversed(c: Contrast) -> Contrast:
    turned = {"better": "worse", "worse": "better"}

    def minus(value: float | None) -> float | None:
        return None if value is None else -value

    return replace(
        c,
        a=c.b,
        b=c.a,
        difference=minus(c.difference),
        low=minus(c.high),
        high=minus(c.low),
        low_90=minus(c.high_90),
        high_90=minus(c.low_90),
        verdict=turned.get(c.verdict, c.verdict),
        # runs from before the other side was kept have the word only
        non_inferior=c.non_superior or c.verdict in ("equivalent", "worse"),
        non_superior=c.non_inferior,
    )
