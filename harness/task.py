"""The user's files to a task: imported, checked, split, fingerprinted."""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from harness.data import Imported, fingerprint, import_examples, unique_ids
from harness.data_columns import Columns, PairColumns, is_unmapped
from harness.errors import Problem
from harness.known_labels import named_or_found, undescribed, with_labels
from harness.preferences import CutPairs, ImportedPairs, cut_pairs, import_preferences
from harness.scoring import by_facts
from harness.split import at_most, take, tied, without_leaks
from harness.types import Example, Preference, Task, TaskSpec
from rag.errors import DocumentError
from rag.load import load_folder
from rag.types import Document

SMALLEST_HELDOUT = 10
"""Held-out rows below which nothing at all can be said."""
SMALLEST_TRAIN = 8
_FINER = (
    "rows of one group or question are never parted: name a finer column as group under [data] in "
    "rungwise.toml, or add rows of other groups"
)


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the data is; paths are checked to lie inside the project by whoever builds this."""

    root: Path
    """The project folder; paths are shown relative to it."""
    train: Path
    """All examples, or the training part where `heldout_file` is given."""
    heldout_file: Path | None = None
    documents: Path | None = None
    columns: Columns = Columns()  # noqa: RUF009 - a frozen value
    heldout: float = 0.25
    """Share (below 1) or count of rows to hold out; used when there is no held-out file."""
    dev: float = 0.15
    """Share of what is left that settings are chosen on, between 10 and 96 rows."""
    max_train: int | None = None
    """Use at most so many training rows, drawn at random; None = all."""
    max_heldout: int | None = None
    seed: int = 0
    preferences: Path | None = None
    preference_columns: PairColumns = PairColumns()  # noqa: RUF009 - a frozen value
    max_preferences: int | None = None
    """Use at most so many preference pairs, drawn at random; None = all."""
    leave_out: bool = False
    """Rows without a question or an answer are left out and counted, instead of refused."""


class Loaded(NamedTuple):
    """A task, or what stands against one."""

    task: Task | None
    problems: tuple[Problem, ...]
    """Each must be mended before a check."""
    leaked: tuple[Example, ...]
    """Training rows left out because they are also held out."""
    examples: tuple[Example, ...]
    """All rows that could be read, train before held-out."""
    documents: tuple[Document, ...]
    columns: Columns
    names: tuple[str, ...] = ()
    """Of all columns in the file of examples."""
    pairs: tuple[Preference, ...] = ()
    """All preference pairs that could be read."""
    leaked_pairs: tuple[Preference, ...] = ()
    """Pairs left out because their question or their group is held out."""
    pair_columns: PairColumns = PairColumns()
    left_out: tuple[Problem, ...] = ()
    """What rows lack that were left out for it, as the sources allow; one a row."""
    gaps: tuple[Problem, ...] = ()
    """Parts of documents that were read but for them: scanned pages, attachments. None stops a
    check."""


def load_task(
    spec: TaskSpec, sources: Sources, on_document: Callable[[int, int], None] | None = None
) -> Loaded:
    """Import, check and split; every problem of every file is in the result.

    Args:
        spec: without labels, the label set is taken from the rows that are learned from, once the
            held-out ones are taken out; without a metric, key facts are what counts where the rows
            name them.
        sources: the files.
        on_document: told before each document which one it is, from 1, and of how many.
    """
    shown = _Shown(sources.root)
    first = _import(sources, sources.train, sources.columns, spec, shown)
    problems = list(first.problems)
    train: tuple[Example, ...] = first.examples
    heldout: tuple[Example, ...] = ()
    second: Imported | None = None
    problems.extend(undescribed(spec, train))
    if sources.heldout_file is not None:
        # columns that were only guessed are guessed anew: the held-out file may lack one of them
        columns = sources.columns if is_unmapped(sources.columns) else first.columns
        # a label that no row of the other file has is a slip, most likely
        known = dataclasses.replace(spec, labels=named_or_found(spec, train))
        second = _import(sources, sources.heldout_file, columns, known, shown)
        problems.extend(second.problems)
        heldout = _distinct_ids(second.examples, {example.id for example in train})
    texts = _documents(sources.documents, shown, on_document)
    problems.extend(texts.problems)
    given = _pairs(sources, shown)
    problems.extend(given.problems)
    examples = (*train, *heldout)
    cut = _cut(spec, sources, train, heldout)
    spec = with_labels(by_facts(spec, examples), (*cut.train, *cut.dev))
    # a file with rows to mend is measured once they are mended
    whole_train = not first.problems
    whole_heldout = not second.problems if second else whole_train
    problems.extend(_too_small(cut, sources, shown, train=whole_train, heldout=whole_heldout))
    if whole_train:
        problems.extend(_all_alike(spec, train, shown(sources.train)))
    left_out = first.left_out + (second.left_out if second else ()) + given.left_out
    task, pairs = None, CutPairs()
    if not problems:
        learning = (*cut.train, *cut.dev)
        most = sources.max_preferences
        pairs = cut_pairs(given.pairs, learning, cut.heldout, sources.seed, most)
        parts = (spec, cut.train, cut.dev, cut.heldout, texts.documents)
        mark = fingerprint(*parts, *((pairs.parts,) if given.pairs else ()))
        task = Task(*parts, mark, preferences=pairs.parts, left_out=len(left_out))
    found = tuple(problems)
    read = (examples, texts.documents, first.columns, first.names)
    of_pairs = (given.pairs, pairs.leaked, given.columns, left_out)
    return Loaded(task, found, cut.leaked, *read, *of_pairs, texts.gaps)


def _import(
    sources: Sources, file: Path, columns: Columns, spec: TaskSpec, shown: "_Shown"
) -> Imported:
    return import_examples(file, columns, spec, shown(file), leave_out=sources.leave_out)


def _pairs(sources: Sources, shown: "_Shown") -> ImportedPairs:
    """Preference pairs, where there is a file of them."""
    file = sources.preferences
    if file is None:
        return ImportedPairs()
    columns = sources.preference_columns
    return import_preferences(file, columns, shown(file), leave_out=sources.leave_out)


class _Cut(NamedTuple):
    train: tuple[Example, ...]
    dev: tuple[Example, ...]
    heldout: tuple[Example, ...]
    leaked: tuple[Example, ...]


def _cut(
    spec: TaskSpec, sources: Sources, train: tuple[Example, ...], heldout: tuple[Example, ...]
) -> _Cut:
    """Held-out, dev and train; training rows that are also held out are left out."""
    if sources.heldout_file is None:
        share = sources.heldout
        count = round(share * len(train)) if share < 1 else int(share)
        # two groups stay: one to learn from, one to choose settings on
        train, heldout = take(train, count, spec.kind, sources.seed, groups_left=2)
    if sources.max_heldout is not None and len(heldout) > sources.max_heldout:
        heldout = at_most(heldout, sources.max_heldout, spec.kind, sources.seed)
    train, leaked = without_leaks(train, heldout)
    if sources.max_train is not None and len(train) > sources.max_train:
        train = at_most(train, sources.max_train, spec.kind, sources.seed + 1)
    wanted = min(96, max(10, round(sources.dev * len(train))))
    train, dev = take(train, min(wanted, len(train) // 3), spec.kind, sources.seed + 2)
    return _Cut(train, dev, heldout, leaked)


def _too_small(
    cut: _Cut, sources: Sources, shown: "_Shown", *, train: bool, heldout: bool
) -> list[Problem]:
    """What is too small of the parts to look at."""
    problems = []
    if heldout and len(cut.heldout) < SMALLEST_HELDOUT:
        more = "add rows to it"
        drawn = sources.heldout_file is None or sources.max_heldout is not None
        if sources.heldout_file is None:
            more = "add examples, or raise heldout under [data] in rungwise.toml"
        problems.append(
            Problem(
                f"the held-out set has {len(cut.heldout)} rows; below {SMALLEST_HELDOUT} nothing "
                "can be said, below 30 only very large differences can be seen",
                (_finer_groups(cut) if drawn else "") or more,
                shown(sources.heldout_file or sources.train),
            )
        )
    if train and len(cut.train) < SMALLEST_TRAIN:
        problems.append(
            Problem(
                f"{len(cut.train)} rows are left to learn from; at least {SMALLEST_TRAIN} are "
                "needed",
                _finer_groups(cut)
                or "add examples, or lower heldout under [data] in rungwise.toml",
                shown(sources.train),
            )
        )
    elif train and not cut.dev and not problems:
        problems.append(
            Problem(
                f"no rows can be set aside to choose settings on: all {len(cut.train)} to learn "
                "from have one group or question in common",
                _FINER,
                shown(sources.train),
            )
        )
    return problems


def _finer_groups(cut: _Cut) -> str:
    """The fix where rows are many enough and only their few groups stand in the way."""
    rows = (*cut.train, *cut.dev, *cut.heldout)
    enough = len(rows) >= 2 * (SMALLEST_HELDOUT + SMALLEST_TRAIN)
    return _FINER if enough and len(tied(rows)) < len(rows) / 4 else ""


def _all_alike(spec: TaskSpec, train: Sequence[Example], where: str) -> list[Problem]:
    """One answer to everything: whoever always gives it is right, and nothing can be compared."""
    if len(train) < SMALLEST_TRAIN or len({example.references for example in train}) > 1:
        return []
    (answer, *_) = (*train[0].references, "I do not know")
    named = f" ({answer})" if spec.kind == "label" or not train[0].references else ""
    words = f"every row has the same answer{named}: there is nothing to learn"
    return [Problem(words, "add rows with other answers, or choose another column", where)]


class _Shown:
    """Paths as the user wrote them."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def __call__(self, path: Path) -> str:
        inside = path.is_relative_to(self.root)
        return path.relative_to(self.root).as_posix() if inside else str(path)


class _Texts(NamedTuple):
    documents: tuple[Document, ...] = ()
    problems: tuple[Problem, ...] = ()
    """One for each file that cannot be read."""
    gaps: tuple[Problem, ...] = ()


def _documents(
    path: Path | None, shown: _Shown, on_document: Callable[[int, int], None] | None
) -> _Texts:
    """Documents, and what of them cannot be read."""
    if path is None:
        return _Texts()
    try:
        loaded = load_folder(path, on_file=on_document)
    except DocumentError as error:
        return _Texts(problems=(Problem(error.reason, error.fix, shown(path)),))
    base = path if path.is_dir() else path.parent
    problems, gaps = (
        tuple(Problem(error.reason, error.fix, shown(base / error.source)) for error in errors)
        for errors in (loaded.problems, loaded.gaps)
    )
    return _Texts(loaded.documents, problems, gaps)


def _distinct_ids(examples: tuple[Example, ...], taken: set[str]) -> tuple[Example, ...]:
    """Two files may number their rows alike; ids identify items, so the second file's give way."""
    return unique_ids(
        (dataclasses.replace(e, id=f"heldout-{e.id}") if e.id in taken else e for e in examples),
        taken,
    )
