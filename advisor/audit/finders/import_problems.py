"""What the import could not use: rows, files, sets that are too small. Each stops a check.

Incomplete rows do not where the user lets them be left out, nor do parts of a document.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from advisor.audit.finding import Finder, Finding, Material, Mend, finding, out_of
from advisor.numbers import left_out_sentence
from harness.data import LEAVE_OUT
from harness.errors import Problem

_PHRASES: Final = (
    ("too_few", ("the held-out set has", "rows are left to learn from", "nothing to learn")),
    ("no_text_layer", ("only pictures", "pictures and no text", "which letters its signs")),
    ("encoding", ("encoding", "replaced by u+fffd", "lone surrogates", "it is utf-8 with bytes")),
    ("malformed", ("no column looks like", "there is no column")),
    ("empty", ("holds no rows", "it has no content", "there is no text in it", "no file in it")),
    ("unsupported", ("not read", "save it as", "without the password", "split it", "a sample of")),
)
"""Code and what the import's words for it contain; a problem carries no code of its own."""
_SHOWN_GAPS: Final = 3
_LONGEST: Final = 120
"""Letters of a gap that are shown: a mail can have a hundred attachments."""


def find(material: Material) -> Iterator[Finding]:
    """One finding for each kind of problem: the same code and the same thing to do."""
    for (code, fix), problems in _alike(material.problems):
        first = problems[0].message
        more = f" – and {len(problems) - 1:,} more like it" if len(problems) > 1 else ""
        where = [each.where for each in problems]
        yield finding(code, "error", where, f"{first}{more}", fix, mend_of(fix))
    yield from _unread(material)
    if gone := material.left_out:
        total = len(material.examples) + len(material.pairs) + len(material.problems) + len(gone)
        yield finding(
            "empty",
            "warning",
            [each.where for each in gone],
            f"{left_out_sentence(len(gone))} That is {out_of(len(gone), total)}: if they are a "
            "kind of their own, every score is of an easier set than yours.",
            'Fill them in, or write incomplete = "refuse" under [data] in rungwise.toml.',
        )


def _unread(material: Material) -> Iterator[Finding]:
    """Parts of documents: what stands there only, no rung finds."""
    total = len({document.source for document in material.documents})
    for (code, fix), gaps in _alike(material.gaps):
        parts = [f"{gap.where}: {_cut(gap.message)}" for gap in gaps[:_SHOWN_GAPS]]
        if len(gaps) > _SHOWN_GAPS:
            parts.append(f"and {len(gaps) - _SHOWN_GAPS:,} more")
        yield finding(
            code,
            "warning",
            [gap.where for gap in gaps],
            f"Documents that were read in part: {out_of(len(gaps), total, 'documents')} "
            f"({'; '.join(parts)}). Search cannot find what stands there, and a question about it "
            "is answered as if it were written nowhere.",
            f"{fix[:1].upper()}{fix[1:]}.",
        )


def _cut(message: str) -> str:
    return message if len(message) <= _LONGEST else f"{message[: _LONGEST - 1]}…"


def _alike(problems: Sequence[Problem]) -> list[tuple[tuple[str, str], list[Problem]]]:
    """Problems of one code with one cure together."""
    alike: dict[tuple[str, str], list[Problem]] = defaultdict(list)
    for problem in problems:
        alike[code_of(problem), problem.fix].append(problem)
    return list(alike.items())


def mend_of(fix: str) -> Mend | None:
    """What a press can do of a fix: to go on without rows that lack something."""
    if LEAVE_OUT not in fix:
        return None
    return Mend("Leave incomplete rows out", (("data", "incomplete", "leave_out"),))


def code_of(problem: Problem) -> str:
    """The code that fits a problem best."""
    said = f"{problem.message} {problem.fix}".lower()
    for code, phrases in _PHRASES:
        if any(phrase in said for phrase in phrases):
            return code
    return "empty" if problem.message.startswith("no ") else "malformed"


FINDER = Finder(("empty", "malformed", "encoding", "no_text_layer", "unsupported", "too_few"), find)
