"""The part of a report that says what was exported, and whether it answers as it was measured."""

from dataclasses import replace
from pathlib import Path

from advisor.export_words import record_sentence
from advisor.report.document import Bullets, Paragraph, Section
from advisor.report.sources import Sources
from harness.exporting import Record

WHAT = (
    "An export is loaded again by other libraries than those of the check and asked the held-out "
    "questions once more. Verified means: the same answers, and a score that differs by no more "
    "than the margin. Up to rounding: some answers part from the measured ones, each at a place "
    "where two words were so nearly equally likely that rounding decides."
)


def placed(sources: Sources) -> tuple[Record, ...]:
    """What was exported; folders as seen from the project, of others only the name."""
    project = sources.run.project.resolve()

    def place(folder: Path) -> str:
        inside = folder.is_relative_to(project)
        return folder.relative_to(project).as_posix() if inside else folder.name

    return tuple(replace(one, folder=place(Path(one.folder))) for one in sources.exports)


def exported(sources: Sources) -> Section | None:
    """One line an export; None where nothing was exported."""
    if not sources.exports:
        return None
    lines = tuple(record_sentence(record) for record in sources.exports)
    return Section("exported", "What was exported", (Bullets(lines), Paragraph(WHAT)))
