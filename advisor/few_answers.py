"""Free answers of which there are only a few: the task may be one of labels."""

from collections.abc import Sequence

from harness.types import Example, TaskSpec

FEWEST_ROWS = 20
"""Rows below which a few answers may be chance."""
ROWS_PER_ANSWER = 10
"""So many rows an answer, on average, are more than free answers repeat."""
LONGEST_LABEL = 60
"""Characters of an answer that can be a label; a new project takes no longer one for such."""


def few_answers_sentence(spec: TaskSpec, examples: Sequence[Example]) -> str:
    """'Only 2 different answers in 148 rows …'; empty where that is not so.

    Args:
        spec: of the task; labels and JSON are closed already.
        examples: all of them; those that nothing answers do not count.
    """
    if spec.kind not in ("answer", "text"):
        return ""
    rows = [one for one in examples if one.references]
    answers = {one.references[0].casefold() for one in rows}
    few = max(2, len(rows) // ROWS_PER_ANSWER)
    if len(rows) < FEWEST_ROWS or not 1 < len(answers) <= few:
        return ""
    if any(len(answer) > LONGEST_LABEL for answer in answers):
        return ""
    return (
        f"Only {len(answers):,} different answers in {len(rows):,} rows, all of them short: is "
        f'this kind = "label"? As kind = "{spec.kind}" a model may write anything, and is told of '
        "no list to choose from."
    )
