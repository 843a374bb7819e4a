"""What a run's files hold: its plan, its finished cells, what happened."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from harness.contention import Contention
from harness.effort import CHUNK_WORDS
from harness.given import NOTHING, Given
from harness.types import Answer, Failure, Json, PairReading, Preparation, TaskSpec
from harness.work import TIMED
from tuning.recipe import USUAL, USUAL_PREFERENCE, PreferenceSettings, TuningSettings

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run is, fixed before it starts."""

    schema: int
    run: str
    created: str
    """UTC, ISO 8601."""
    spec: TaskSpec
    fingerprint: str
    """Hash of the task with its data and split."""
    generator: str
    generator_revision: str
    """The hub commit asked for; empty takes what is cached."""
    embedder: str
    cells: tuple[str, ...]
    """Names of the cells in the order they run."""
    skipped: dict[str, str]
    """Rungs that were asked for and cannot run, with the reason."""
    seeds: int
    effort: str
    margin: float
    target: float | None
    max_new_tokens: int
    environment: dict[str, str]
    """Versions, device, commit."""
    climb: bool = False
    """Stop at the first rung that reaches the target."""
    tuning: TuningSettings = USUAL
    preference: PreferenceSettings = USUAL_PREFERENCE
    weights: str = ""
    """Of the generator, as they were: a check sum, or the hub's commit. Empty for an endpoint, and
    in older runs."""
    embedder_weights: str = ""
    reranker_weights: str = ""
    """Of the user's cross-encoder; empty where there is none, and in older runs."""
    given: Given = NOTHING
    left_out: int = 0
    """Rows of the files that lack a question or an answer, and were left out for it."""
    timed: int = TIMED
    """Held-out questions that each rung answers one by one, to time them."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One rung at one seed, finished."""

    cell: str
    rung: str
    seed: int
    preparation: Preparation
    answers: tuple[Answer, ...]
    failures: tuple[Failure, ...]
    answer_s: float
    """Seconds spent answering, over all processes that worked on it."""
    peak_memory_bytes: int
    path: str
    """Which implementation of the model ran; empty where none did."""
    device: str
    precision: str = ""
    """Of weights and activations; empty where no model ran here, or in older runs."""
    rendering: str = ""
    """Check sum of the system prompt and layout that it was asked with; empty in older runs."""
    contention: Contention | None = None
    """While answers were timed; None where none was, or not for long enough."""
    answer_joules: float | None = None
    """Energy of the machine while answering; None where its counters cannot be read."""
    pairs: tuple[PairReading, ...] = ()
    """What a rung that learned from preference pairs makes of the held-out ones."""
    weights: str = ""
    """Of the model it was asked of, see `Plan`; empty where none ran, or in older runs."""
    manner: str = ""
    """How an endpoint was asked whose model refuses what is usual; empty where none did."""

    @property
    def prepared_s(self) -> float:
        """Seconds of preparing, with those of another rung that it went on from."""
        return self.preparation.seconds + float(str(self.preparation.effort.get("started_s", 0.0)))


@dataclass(frozen=True, slots=True)
class PassageSize:
    """The longest passage of a run, in words, and how it came about."""

    words: int = CHUNK_WORDS
    tried: tuple[dict[str, Json], ...] = ()
    """Each size with the share of questions whose answer stood within the words compared, the words
    that one of its passages shows on average, and the retriever that finds most."""
    questions: int = 0
    why: str = ""
    """Why nothing was tried, where several sizes were to be."""

    def counts(self, usual: Sequence[int]) -> tuple[int, ...]:
        """As many passages as make about the words that so many of the usual size make.

        Words as the reader sees them, titles and headings included, where that was measured.
        """
        shown = {one["words"]: float(one.get("shown") or one["words"]) for one in self.tried}
        ratio = shown.get(CHUNK_WORDS, CHUNK_WORDS) / shown.get(self.words, self.words)
        return tuple(dict.fromkeys(max(1, round(k * ratio)) for k in usual))


EventKind: TypeAlias = Literal[
    "started", "doing", "answered", "finished", "scored", "failed", "cancelled"
]


@dataclass(frozen=True, slots=True)
class Event:
    """One line of events.jsonl."""

    at: str
    """UTC, ISO 8601."""
    cell: str
    """Empty for the run as a whole."""
    kind: EventKind
    message: str
    figures: dict[str, Any]
