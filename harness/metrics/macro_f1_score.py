"""F1 averaged over labels, each label counting the same however rare."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from harness.metric import Counts, Metric, references_of
from harness.types import Answer, Example, Score, TaskSpec


def score(pairs: Sequence[tuple[Example, Answer]], spec: TaskSpec) -> Score:
    """Unweighted mean of F1 over the labels that occur among the references.

    F1 = 2 TP / (2 TP + FP + FN). An answer outside the label set is a miss for its right label and
    a false alarm for none. Where one label is frequent, accuracy can be high by always naming it;
    this cannot.
    """
    if not pairs:
        return Score(None, "no answers")
    truths, said = _labels(pairs, spec)
    hits = Counter(t for t, s in zip(truths, said, strict=True) if t == s)
    there, named = Counter(truths), Counter(said)
    values = [2 * hits[label] / (there[label] + named[label]) for label in sorted(there)]
    return Score(sum(values) / len(values))


def counts(pairs: Sequence[tuple[Example, Answer]], spec: TaskSpec) -> Any:
    """Hits, references and answers of each label, one row an answer: (answers, 3 x labels)."""
    import numpy as np

    truths, said = _labels(pairs, spec)
    column = {label: at for at, label in enumerate(sorted(set(truths)))}
    found = np.zeros((len(pairs), 3, len(column)))
    for row, (truth, answer) in enumerate(zip(truths, said, strict=True)):
        found[row, 0, column[truth]] = truth == answer
        found[row, 1, column[truth]] = 1
        if answer in column:
            found[row, 2, column[answer]] = 1
    return found.reshape(len(pairs), 3 * len(column))  # -1 cannot be told of no answers at all


def value(sums: Any) -> Any:
    """Scores of (draws, 3 x labels) sums; a label that was not drawn is not in the mean."""
    import numpy as np

    hits, there, named = sums.reshape(len(sums), 3, -1).transpose(1, 0, 2)
    f1 = np.divide(2 * hits, there + named, out=np.zeros_like(hits), where=there > 0)
    occurring = (there > 0).sum(axis=1)
    total = f1.sum(axis=1)
    return np.divide(total, occurring, out=np.full(len(sums), np.nan), where=occurring > 0)


def _labels(pairs: Sequence[tuple[Example, Answer]], spec: TaskSpec) -> tuple[list[str], list[str]]:
    """The right label and the given one of each answer."""
    truths = [references_of(example, spec)[0].casefold() for example, _ in pairs]
    return truths, [answer.text.strip().casefold() for _, answer in pairs]


METRIC = Metric(
    "macro_f1_score",
    "F1, every label equal",
    frozenset({"label"}),
    whole=score,
    counts=Counts(counts, value),
)
