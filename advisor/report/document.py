"""What a report is: a finished value of plain blocks. Formats set it; they compute nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from advisor.axes import Located
from advisor.charts import Theme
from advisor.charts.style import Chart
from advisor.decision import Decision
from advisor.recommendation import Recommendation
from advisor.triggers import Fired
from advisor.weighed import Weighed
from harness.experiment import Experiment
from harness.exporting import Record
from harness.judge.measure import Judged
from harness.learning.result import CurveResult
from harness.probe_result import AnyResult

Audience = Literal["technical", "executive"]
AUDIENCES: tuple[Audience, ...] = ("technical", "executive")
Tone = Literal["right", "partly", "wrong", "none"]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph."""

    text: str


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list."""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table; the first column names the row."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: int = 1
    """How many columns at the left are words; the rest are figures, set to the right."""
    strong: int | None = None
    """Index of the row to find first."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture."""

    draw: Callable[[Theme], Chart | None]
    """None where there is nothing to draw: then the figure is left out."""
    caption: str


@dataclass(frozen=True, slots=True)
class Commands:
    """Lines to type into a terminal."""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Terms:
    """Words and what they mean, or names and values."""

    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Blanks:
    """Fields to fill in by hand."""

    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage that was put before the model. Untrusted text."""

    source: str
    title: str
    page: int | None
    start: int
    """Character offset in the page's text."""
    end: int
    """Offset behind the last character; 0 where that is not known."""
    place: str
    """Where it stands, in words."""
    text: str
    cited: bool
    """The answer names it; otherwise it is the best match of those that were put before it."""
    is_gold: bool | None
    """It is from the document that holds the answer; None where that is not known."""


@dataclass(frozen=True, slots=True)
class Given:
    """What one rung answered to an item. Untrusted text."""

    rung: str
    title: str
    text: str
    """Empty where the answer failed."""
    mark: str
    """Right, wrong, a share, or why there is no score."""
    tone: Tone
    passage: Passage | None


@dataclass(frozen=True, slots=True)
class Item:
    """A held-out question with every rung's answer. Untrusted text."""

    id: str
    number: int
    """Place in the held-out set, from 1."""
    why: str
    """What it shows."""
    question: str
    references: tuple[str, ...]
    """Empty: nothing answers it."""
    abstention: str
    """What is right to say when nothing answers it; empty when that is not part of the task."""
    given: tuple[Given, ...]
    """In order of effort."""


@dataclass(frozen=True, slots=True)
class Items:
    """Questions with their answers."""

    items: tuple[Item, ...]


Block: TypeAlias = Paragraph | Bullets | Table | Figure | Commands | Terms | Blanks | Items


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the report."""

    key: str
    """Stable name: an anchor, a slide, a sheet."""
    title: str
    blocks: tuple[Block, ...]
    folded: bool = False
    """Long and for few: a screen may fold it, paper shows it."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One of the facts of the first screen."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Report:
    """Everything a format needs."""

    audience: Audience
    project: str
    note: str
    """The project's remark, such as that its data was made up; empty when there is none."""
    run: str
    date: str
    """Of the check, UTC, ISO 8601."""
    headline: str
    sentence: str
    mind: tuple[str, ...]
    """What limits the claim, failures first."""
    picture: Figure
    facts: tuple[Fact, ...]
    sections: tuple[Section, ...]
    experiment: Experiment
    prior: Recommendation | None
    items: tuple[Item, ...]
    """The most telling ones."""
    decisions: tuple[Decision, ...] = ()
    """Every version of what was decided, the oldest first. Untrusted text."""
    fired: tuple[Fired, ...] = ()
    """What reopens the one in force, by now. Untrusted text."""
    probes: tuple[AnyResult, ...] = ()
    """What finished probes found. Untrusted text."""
    exports: tuple[Record, ...] = ()
    """What was exported, the oldest first; folders as seen from the project."""
    curve: CurveResult | None = None
    """Would more data help; None where that was not asked."""
    judged: Judged | None = None
    """What people and a judge said of answers. Untrusted text."""
    weighed: Weighed | None = None
    """The rungs by what matters; None where they cannot be weighed. Names are untrusted text."""

    axes: tuple[Located, ...] = ()
    """Every rung between the need for knowledge and that for behaviour, by its errors."""

    @property
    def title(self) -> str:
        """Project and advice."""
        return f"{self.project}: {self.headline}"
