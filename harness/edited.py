"""Documents that the user has edited: which facts of held-out questions changed, and into what.

For probing with changes of one's own instead of made-up ones. A fact has changed when it stood in
one document of its question and no longer does, and the line that stands in its line's place says
something else there.
"""

import re
from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher, get_close_matches

from harness.errors import Problem, UserError
from harness.literal import facts_of, line_around, places
from harness.probe import Ground, Planted, Planting
from harness.types import Example
from rag.types import Document

ALIKE = 0.6
"""Similarity from which a line counts as an old one edited; `difflib`'s own threshold."""
LONGEST = 12
"""Words of a new fact; a longer one is no value but another text."""

REWRITTEN = "the passage with the fact was removed or rewritten, so the new fact cannot be told"

_WORD = re.compile(r"\S+")


def changed_facts(ground: Ground, edited: Sequence[Document], count: int) -> Planting:
    """Compare the user's copy with the run's documents.

    Args:
        ground: the run's documents and questions.
        edited: the copy; files are matched by their path inside the folder.
        count: facts at most.

    Raises:
        UserError: no file is one of the run's, or no fact that a question asks for has changed.
    """
    known = {document.source for document in ground.documents}
    if not known & {document.source for document in edited}:
        raise UserError(
            Problem(
                "none of these files is one of the run's documents",
                "give a copy of the documents folder, its files under the same names; the run has "
                f"{', '.join(sorted(known)[:3])}",
                "--documents",
            )
        )
    left_out: Counter[str] = Counter()
    found: dict[tuple[str, str, str], list[str]] = {}
    for example in ground.heldout:
        rewritten = False
        for source, fact in _stated(example, ground.documents):
            own = [document for document in edited if document.source == source]
            if places(own, fact):
                continue
            new = _new_fact(example, ground.documents, own, fact)
            if new:
                found.setdefault((source, fact, new), []).append(example.id)
                break
            rewritten = True
        else:
            if rewritten:
                left_out[REWRITTEN] += 1
    if not found:
        why = f" ({left_out[REWRITTEN]:,}: {REWRITTEN})" if left_out else ""
        raise UserError(
            Problem(
                f"no fact that a held-out question asks for has changed in these documents{why}",
                "change a number, a date or a name that stands in key_facts, in its line",
                "--documents",
            )
        )
    planted = tuple(
        Planted(source, tuple(ids), fact, new) for (source, fact, new), ids in found.items()
    )
    return Planting(tuple(edited), planted[:count], dict(left_out))


def _stated(example: Example, documents: Sequence[Document]) -> list[tuple[str, str]]:
    """Facts of a question that stand in exactly one source, with it."""
    own = [d for d in documents if not example.context_ids or d.source in example.context_ids]
    stated = []
    for fact in facts_of(example) if example.answerable else ():
        sources = {place.document.source for place in places(own, fact)}
        if len(sources) == 1:
            stated.append((sources.pop(), fact))
    return stated


def _new_fact(
    example: Example, before: Sequence[Document], after: Sequence[Document], fact: str
) -> str:
    """What stands where the fact stood; empty where that cannot be told."""
    own = [d for d in before if not example.context_ids or d.source in example.context_ids]
    place = places(own, fact)[0]
    old = line_around(place)
    at = place.start - (place.document.text.rfind("\n", 0, place.start) + 1)
    # a line that stood there before is another one, however much it looks like this one
    known = {line for document in own for line in document.text.split("\n")}
    lines = [line for document in after for line in document.text.split("\n") if line not in known]
    near = get_close_matches(old, lines, 1, ALIKE)
    if not near:
        return ""
    new = _counterpart(old, (at, at + place.end - place.start), near[0])
    fits = 0 < len(new.split()) <= LONGEST
    return new if fits and not places(own, new) else ""


def _counterpart(old: str, span: tuple[int, int], new: str) -> str:
    """The words of a new line that stand where a span of the old one stood."""
    a, b = list(_WORD.finditer(old)), list(_WORD.finditer(new))
    first = next(i for i, word in enumerate(a) if word.end() > span[0])
    last = max(i for i, word in enumerate(a) if word.start() < span[1])
    match = SequenceMatcher(None, [w[0] for w in a], [w[0] for w in b], autojunk=False)
    taken: list[int] = []
    for tag, a1, a2, b1, b2 in match.get_opcodes():
        if a2 <= first or a1 > last:
            continue
        if tag == "equal":
            taken += range(b1 + max(first, a1) - a1, b1 + min(last + 1, a2) - a1)
        else:
            taken += range(b1, b2)
    if not taken:
        return ""
    return new[b[taken[0]].start() : b[taken[-1]].end()].strip(" .,;:!?|*_()[]\"'“”’")
