"""The values that cross module borders. All frozen; no dict takes their place.

Two absences are the point of this file: `TrainView` has no held-out part and `Query` has no
reference, so a rung cannot see what it is scored against.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from rag.types import Document

Json: TypeAlias = Any
"""What can be written to a JSON file; its recursive type is beyond the JSON library in use."""

Kind = Literal["label", "json", "answer", "text"]
KINDS: tuple[Kind, ...] = ("label", "json", "answer", "text")


@dataclass(frozen=True, slots=True)
class Example:
    """One item with its known right answers."""

    id: str
    question: str
    references: tuple[str, ...]
    """Accepted answers; empty = no document answers this, the right reaction is to say so."""
    context_ids: tuple[str, ...] = ()
    """Sources of the documents that hold the answer; empty = not known."""
    group: str = ""
    """Rows with the same value never straddle a split; empty = a group of its own."""
    key_facts: tuple[str, ...] = ()
    """Strings that a right answer must contain; empty = not given."""
    tags: tuple[tuple[str, str], ...] = ()
    """(name, value) pairs to slice results by."""

    @property
    def answerable(self) -> bool:
        """False where the right reaction is to say that the answer is not known."""
        return bool(self.references)


@dataclass(frozen=True, slots=True)
class Preference:
    """Two answers to one question, of which somebody marked the better one."""

    id: str
    question: str
    chosen: str
    """The better one."""
    rejected: str
    group: str = ""
    """See `Example`."""


@dataclass(frozen=True, slots=True)
class Preferences:
    """A task's preference pairs, split; no question and no group is in two parts."""

    train: tuple[Preference, ...] = ()
    dev: tuple[Preference, ...] = ()
    heldout: tuple[Preference, ...] = ()


@dataclass(frozen=True, slots=True)
class PairQuery:
    """One held-out pair. Which of the answers is the better one is not in it."""

    id: str
    question: str
    first: str
    second: str


@dataclass(frozen=True, slots=True)
class PairReading:
    """How likely a model in some state finds the answers of a held-out pair."""

    pair_id: str
    state: str
    """``base``, ``finetune`` or ``preference``: the base, and what was trained last."""
    first: float
    """Log-likelihood of `PairQuery.first`, nats."""
    second: float


@dataclass(frozen=True, slots=True)
class TaskSpec:
    """What is asked of the model: everything a prompt may contain apart from data."""

    name: str
    kind: Kind
    instruction: str
    language: str = "en"
    """ISO 639-1 code of questions and answers."""
    labels: tuple[str, ...] = ()
    """The label set; only for kind ``label``."""
    schema: str = ""
    """JSON Schema as compact text; only for kind ``json``."""
    abstention: str = ""
    """The sentence for 'I do not know'; empty = abstaining is not part of the task."""
    metric: str = ""
    """Name of the headline metric."""
    must_use: tuple[str, ...] = ()
    """Words or phrases that every answer has to use; checked, never told to the model."""
    must_not_use: tuple[str, ...] = ()
    """Words or phrases that no answer may use; checked, never told to the model."""
    descriptions: tuple[tuple[str, str], ...] = ()
    """(label, what it means), for those that have such words."""


@dataclass(frozen=True, slots=True)
class Task:
    """A task with its data, split; `fingerprint` is a hash of all of it."""

    spec: TaskSpec
    train: tuple[Example, ...]
    dev: tuple[Example, ...]
    heldout: tuple[Example, ...]
    documents: tuple[Document, ...]
    fingerprint: str
    preferences: Preferences = Preferences()
    left_out: int = 0
    """Rows of the files that lack a question or an answer, and are in none of the parts."""


@dataclass(frozen=True, slots=True)
class TrainView:
    """What a rung may learn from. There is no held-out part in it."""

    spec: TaskSpec
    train: tuple[Example, ...]
    dev: tuple[Example, ...]
    documents: tuple[Document, ...]
    preferences: tuple[Preference, ...] = ()
    """Pairs to learn from."""
    dev_preferences: tuple[Preference, ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """One held-out question. There is no reference in it."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Context:
    """One passage that was put before the model."""

    source: str
    text: str
    score: float
    """What the retriever ordered by, higher is closer; `rag.retrievers.Retriever.score` says what
    it is. It orders the passages of one question, and says nothing across questions."""
    title: str = ""
    page: int | None = None
    start: int = 0
    """Character offset in the document's text."""
    end: int = 0
    """Offset behind its last character; 0 in runs from before it was kept."""
    also_in: tuple[str, ...] = ()
    """Other documents with the same passage; it was shown once."""

    @property
    def sources(self) -> tuple[str, ...]:
        """Every document that holds it."""
        return (self.source, *self.also_in)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model said to one query."""

    query_id: str
    text: str
    contexts: tuple[Context, ...] = ()
    citations: tuple[int, ...] = ()
    """Indices into `contexts` of the passages the answer rests on."""
    latency_s: float | None = None
    """Seconds from query to answer, timed alone; None for items answered in a batch."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    truncated: bool = False
    """True when the answer was cut at the token limit."""
    dropped_contexts: int = 0
    """Passages that were found and left out, for they did not fit; the farthest ones."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A query without an answer: never a zero, never dropped."""

    query_id: str
    kind: str
    """Class of what went wrong, for instance ``out_of_memory`` or ``prompt_too_long``."""
    message: str


@dataclass(frozen=True, slots=True)
class Score:
    """One metric's value for one item; None = undefined, with the reason."""

    value: float | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Preparation:
    """What a rung did before its first answer."""

    settings: Mapping[str, Json] = field(default_factory=dict)
    """The settings it answers with."""
    effort: Mapping[str, Json] = field(default_factory=dict)
    """What was tried on dev to choose them: candidates, scores, number of dev answers."""
    seconds: float = 0.0
    joules: float | None = None
    """Energy of the machine meanwhile; None where its counters cannot be read."""
