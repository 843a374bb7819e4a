"""Tests of what training left in a model: the trained one and its base, asked the same.

The run's own models are only asked. A test that needs a model trained otherwise has it trained in
its own folder (`Bed.train`), and it is thrown away. `harness.trained_cell` does the asking, one
trained rung and seed in a process of its own; each test says what is asked (`jobs`) and what it
comes to (`measure`).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, runtime_checkable

from harness.answering import Asked
from harness.experiment import Estimate
from harness.intervals import Interval
from harness.probe import Change, Probe
from harness.rung import Rung
from harness.store import Cell
from harness.types import Example, Preparation, Query, TrainView
from harness.workbench import Workbench
from tuning.recipe import TuningSettings

BASE = "base"
"""The cell, and the column, of the model as it was before any training."""


@dataclass(frozen=True, slots=True)
class Item:
    """One item, asked of one model."""

    id: str
    part: str
    """Which of the test's kinds of items it belongs to."""
    base: bool
    """Asked of the base model, where a trained rung's cell asks both."""
    value: float | None = None
    """A share in 0..1, or nats; None where it failed or is undefined."""
    tokens: int = 0
    """Of the answer that was read, where one was."""
    rest_from: int | None = None
    """From this token of it on, greedy decoding gives it back word for word; 0 = from the prompt
    alone."""
    text: str = ""
    """What was answered. Untrusted text."""
    failed: str = ""
    """Why there is no answer."""
    seconds: float = 0.0
    """Of the batch that it came with; on its first item only."""


@dataclass(frozen=True, slots=True)
class CellTested:
    """A finished cell of such a test."""

    cell: str
    rung: str
    seed: int
    items: tuple[Item, ...]
    left_out: dict[str, int] = field(default_factory=dict)
    """Why rows could not be asked about, with how many."""
    trained: Preparation | None = None
    """Of the model that was trained for the test alone, where one was."""
    peak_memory_bytes: int | None = None
    """While that was done; None where nothing was trained or nothing is measured."""


@runtime_checkable
class Asks(Protocol):
    """A rung that says what it would put before the model."""

    def asked(self, queries: Sequence[Query]) -> list[Asked]:
        """Prompts, with passages where the rung reads any."""
        ...


ITEMS = ".items.jsonl"
"""Ending of the file that grows while a cell is asked."""


@dataclass(frozen=True, slots=True)
class Bed:
    """What a test works with in its cell."""

    bench: Workbench
    rung: Rung | None
    """Opened with what it learned; None in the cell of the base."""
    view: TrainView
    queries: tuple[Query, ...]
    """The held-out questions."""
    heldout: Callable[[], tuple[Example, ...]]
    """Opens the references; only for a test that reads them. No training is given them."""
    count: int
    """Items of a part at most."""
    seed: int
    train: Callable[[TrainView, TuningSettings], Rung]
    """The cell's rung trained anew on other rows or by other settings, beside the run. It takes the
    place of the model that was open; what an earlier process trained is not trained again."""
    recipe: TuningSettings
    """How the cell's own adapter was trained in the end."""
    secrets: bool = False
    """Made-up secrets are wanted, and this is the cell to plant them in."""


class Job(NamedTuple):
    """Items of one part, all asked of the trained model or all of its base."""

    part: str
    base: bool
    ids: tuple[str, ...]
    do: Callable[[Sequence[str]], Iterator[list[Item]]]
    """Asks those of these ids, batch by batch."""
    left_out: dict[str, int]
    """Why further items were not taken, with how many."""
    trains: bool = False
    """It leaves another model behind, so it comes last."""


class Material(NamedTuple):
    """What was found about one trained rung, for `measure`."""

    cells: tuple[CellTested, ...]
    """One a seed."""
    base: CellTested | None
    """Where the test has the base asked in a cell of its own."""
    checked: tuple[Cell, ...]
    """The rung's cells of the check, with the answers given there."""
    view: TrainView
    heldout: tuple[Example, ...]
    seed: int
    margin: float = 0.03
    """Greatest difference that does not matter to the user."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One measure of a trained rung."""

    value: Estimate
    before: Estimate | None = None
    """The same of the untrained base."""
    control: Estimate | None = None
    """The same on rows that it never saw."""
    change: Change | None = None
    """The value less the one it is held against: `before`, or else `control`."""
    note: str = ""
    """What to know before reading the figure."""


@dataclass(frozen=True, slots=True)
class Case:
    """One item that shows what the figures mean. Untrusted text."""

    rung: str
    part: str
    asked: str
    before: str
    now: str


@dataclass(frozen=True, slots=True)
class Secrets:
    """Made-up secrets that stood in equally many training rows."""

    rows: int
    planted: int
    given_back: int
    """Of these, written word for word when asked for."""
    exposure: float
    """Mean, in bits."""
    most: float
    """The greatest exposure that could be seen."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What one training took; None where it was not measured."""

    seconds: float | None
    peak_memory_bytes: int | None


@dataclass(frozen=True, slots=True)
class RungTested:
    """One trained rung over all its seeds."""

    title: str
    seeds: tuple[int, ...]
    level: str
    """The verdict, in a word or two."""
    overall: Estimate | None
    """The figure that the verdict goes by, where there is one."""
    found: dict[str, Finding]
    """By name of the measure."""
    reasons: tuple[str, ...] = ()
    """Names of the measures that the verdict rests on."""
    counted: dict[str, int] = field(default_factory=dict)
    """Occurrences by kind, where the test counts some."""
    cases: tuple[Case, ...] = ()
    n_failed: int = 0
    secrets: tuple[Secrets, ...] = ()
    """By rows, rising; empty where none were planted."""
    spent: tuple[Spent, Spent] | None = None
    """One training of the check and one of the test's, where they are compared."""


@dataclass(frozen=True, slots=True)
class TrainedResult:
    """Everything a page or a report needs, written to probe.json."""

    schema: int
    probe: str
    run: str
    created: str
    fingerprint: str
    seed: int
    count: int
    n_items: dict[str, int]
    """By part: items asked."""
    rungs: dict[str, RungTested]
    """In order of effort."""
    left_out: dict[str, int]
    failed: dict[str, str]
    """Cells that ended in an error, with the message."""
    facts: tuple[str, ...]
    """What the verdict goes by, in sentences."""
    seconds: float


ALL = 1_000_000
"""More items than any check holds: by default all of them are asked."""


@dataclass(frozen=True, slots=True)
class TrainedProbe(Probe):
    """A test of what training left in a model. Declared as `PROBE`."""

    default: int
    """Items of a part asked at most, unless the user says otherwise."""
    base_apart: bool
    """The base is asked in a cell of its own, once for all rungs."""
    jobs: Callable[[Bed], list[Job]]
    """Those of the trained model first."""
    measure: Callable[[Material], RungTested]
    facts: tuple[str, ...]
    trains: bool = False
    """It asks a model that it trains itself; the run's adapter is not opened, and rungs that learn
    from more than training rows are left alone."""
    plants: bool = False
    """It can plant made-up secrets among the training rows as well."""


def estimate_of(found: Interval, n_failed: int = 0) -> Estimate:
    """An interval as it is stored."""
    return Estimate(found.mean, found.low, found.high, found.n, n_failed)
