"""What a diagnosis consists of: plain values, as they stand in experiment.json.

Undefined stays undefined: where nothing was there to count, `Share.mean` is None and `n` is 0.
Every field has a default, so that a run from before it was there can still be read.
"""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from harness.diagnosis.read_findings import Citations, Handed
from harness.diagnosis.share import Share as Share

Cause: TypeAlias = Literal[
    "form", "answered_anyway", "not_found", "refused", "not_used", "wrong_content"
]
CAUSES: tuple[Cause, ...] = (
    "form", "answered_anyway", "not_found", "refused", "not_used", "wrong_content",
)  # fmt: skip
"""Why score was lost. An answer counts under the first that applies, in this order:

form: no label of the list, no JSON by the schema, or nothing at all;
answered_anyway: nothing answers the question, and it did not say so;
not_found: it was read from passages, and none of them held the answer;
refused: it said that it does not know, although there is an answer;
not_used: a passage with the answer was before the model;
wrong_content: none of these.
"""


@dataclass(frozen=True, slots=True)
class Loss:
    """Score lost for one cause."""

    cause: Cause
    share: Share
    """Of the most that could be scored, over all scored questions."""
    answers: int
    """Answers that lost score for it, over all seeds."""


@dataclass(frozen=True, slots=True)
class Retrieval:
    """Search apart from reading: accuracy = recall · used + (1 − recall) · luck."""

    recall: Share
    """Of the answerable questions: a passage with the answer was before the model."""
    used: Share
    """Mean score where it was (U)."""
    luck: Share
    """Mean score where it was not (V)."""
    accuracy: float | None
    """Mean score of these questions, which the three above give back."""
    better_search: float | None
    """What a search that always finds it would add, read as now: (1 − recall) · (U − V)."""
    better_reading: float | None
    """What a reader that always uses it would add, found as now: recall · (1 − U)."""
    reading_over_search: Share
    """The second less the first, with its interval."""
    by_document: int
    """Questions of which only the right document is known, so that any passage of it counts."""
    n_unknown: int
    """Answerable questions of which it is not known what a passage with the answer looks like."""


@dataclass(frozen=True, slots=True)
class Distraction:
    """What passages did to the answers of the same model without them."""

    against: str
    """The rung without passages."""
    distracted: Share
    """Of the questions that it gets right: not right with passages (D)."""
    helped: Share
    """Of the questions that it does not get right: right with passages."""


@dataclass(frozen=True, slots=True)
class GivenPassages:
    """The questions whose passage was found, answered without passages and with them."""

    own: Share
    """Mean score of the rung, which reads none."""
    read: Share
    """Mean score of the model that reads them: in `given_passages` the untrained one."""


@dataclass(frozen=True, slots=True)
class Abstention:
    """Saying 'I do not know' in the wrong place, and not saying it in the right one."""

    refused: Share
    """Of the questions with an answer."""
    answered_anyway: Share
    """Of the questions that nothing answers."""
    answerable: Share = field(default_factory=Share)
    """Mean score of the questions with an answer, apart from the others."""


@dataclass(frozen=True, slots=True)
class BrokenRule:
    """An entry of the task's word lists that answers do not keep."""

    phrase: str
    wanted: bool
    """True: it must be used; False: it must not."""
    broken: Share
    """Of the answers, other than 'I do not know' in the task's own words."""


@dataclass(frozen=True, slots=True)
class Form:
    """Shapes of answers that cannot be used as they are."""

    malformed: Share
    """No label of the list, no JSON by the schema; undefined for free text."""
    malformed_cut: int
    """Of these, cut at the length limit; over all seeds."""
    empty: Share
    truncated: Share
    """Cut at the length limit."""
    copied: Share
    """Of the answers with passages: lifted from one word by word, and not right."""
    recited: Share = field(default_factory=Share)
    """Word for word the answer of a training row, where the right one is another; of the answers of
    a trained rung in free text that are no bare words."""
    too_short: Share = field(default_factory=Share)
    """Fewer words than the middle nine tenths of the training answers; of free text only."""
    too_long: Share = field(default_factory=Share)
    """More words than those."""
    broken_rules: tuple[BrokenRule, ...] = ()
    """Of the task's word lists, those broken at all, the most often broken first."""


@dataclass(frozen=True, slots=True)
class Languages:
    """Which language answers are in."""

    other: Share
    """Of the answers whose language, and that of the right one, is sure: another one."""
    mostly: str
    """Code of the language that these are mostly in; empty where there is none."""


@dataclass(frozen=True, slots=True)
class Confusion:
    """One label taken for another."""

    right: str
    said: str
    n: int
    """Answers, over all seeds."""
    n_right: int
    """Answers to questions of the right label."""


@dataclass(frozen=True, slots=True)
class Labels:
    """Which labels are mixed up."""

    confusions: tuple[Confusion, ...]
    """The commonest, at most five."""
    most_said: str
    """The label that is named most often."""
    said: Share
    """How often."""
    deserved: float | None
    """How often it would be right."""
    in_train: float | None = None
    """How often training rows have it."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a JSON object."""

    path: str
    wrong: Share
    """Of the valid answers to questions whose right answer has it."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Questions on documents that training rows also ask about, against questions on others."""

    touched: Share
    untouched: Share
    difference: Share
    """Touched less untouched."""


@dataclass(frozen=True, slots=True)
class Overfitting:
    """What the curve of a training says; with several seeds, of the one that is worst."""

    trainings: int
    """Seeds."""
    rising: int
    """Looks at dev in a row at which its loss rose while loss on training rows fell."""
    train_loss: float
    """Nats a token at the state that was kept; the mean of the steps before that look at dev."""
    dev_loss: float
    """There."""
    looks: int = 0
    """At dev; 0 in runs from before this was counted."""


SliceKind: TypeAlias = Literal["tag", "document", "label", "length"]


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of the questions, against all others."""

    kind: SliceKind
    name: str
    """The tag's name; short, middle or long; else empty."""
    value: str
    """The tag's value, the document, the label, or the lengths in words."""
    score: Share
    rest: Share
    difference: Share
    stands_out: bool
    """The difference leaves out zero even when all parts that were looked at are counted."""


@dataclass(frozen=True, slots=True)
class Missed:
    """Where another rung of the run is right and this one is not."""

    n: int = 0
    alone: int = 0
    """The reverse: questions that only this rung gets right."""
    ids: tuple[str, ...] = ()
    """The first ten, those first where most others are right."""


@dataclass(frozen=True, slots=True)
class RungDiagnosis:
    """Why one rung fails where it fails."""

    n: int = 0
    """Questions with a score in every seed."""
    n_answers: int = 0
    """Answers to them, over all seeds."""
    score: Share = field(default_factory=Share)
    losses: tuple[Loss, ...] = ()
    """The largest first; with the mean score they add up to 1."""
    retrieval: Retrieval | None = None
    """None for rungs without passages, and where nothing is known of the right ones."""
    distraction: Distraction | None = None
    """None where no rung without passages was measured beside it."""
    handed: Handed | None = None
    """None for rungs without passages, and where the ceiling was not measured."""
    citations: Citations | None = None
    """None for rungs without passages."""
    given_passages: GivenPassages | None = None
    """Of rungs without passages only, where one that reads was measured beside them."""
    own_reader: GivenPassages | None = None
    """The same, read by this very model: the untrained one, or the one trained to read."""
    abstention: Abstention | None = None
    """None where 'I do not know' is not part of the task."""
    form: Form | None = None
    labels: Labels | None = None
    """Of label tasks only."""
    fields: tuple[Field, ...] = ()
    """Of JSON tasks only: those wrong most often, at most five."""
    seen: Seen | None = None
    """None where it is not known which document answers which question."""
    slices: tuple[Slice, ...] = ()
    """The most telling first, at most eight."""
    n_slices: int = 0
    """Parts that were large enough to look at."""
    overfitting: Overfitting | None = None
    """Of trained rungs only."""
    languages: Languages | None = None
    """Of free text only."""
    missed: Missed = field(default_factory=Missed)


@dataclass(frozen=True, slots=True)
class Diagnostics:
    """The diagnosis of a run. Without rungs: the run is from before there was one."""

    metric: str = ""
    """Metric whose scores were looked at: the headline, where it scores items one by one."""
    right_from: float = 1.0
    """Score from which an answer counts as right, where right answers are counted."""
    graded: bool = False
    """Some scores lie between 0 and 1, so that a mean score is not a share of right answers."""
    rungs: dict[str, RungDiagnosis] = field(default_factory=dict)
    disagreed: tuple[str, ...] = ()
    """Ids of the ten questions on which the rungs' scores lie farthest apart."""
