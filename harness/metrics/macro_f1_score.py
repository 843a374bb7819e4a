"""F1 averaged over labels, each label counting the same however rare."""

from collections import Counter
from collections.abc import Sequence

from harness.metric import Metric, references_of
from harness.types import Answer, Example, Score, TaskSpec


def score(pairs: Sequence[tuple[Example, Answer]], spec: TaskSpec) -> Score:
    """Unweighted mean of F1 over the labels that occur among the references.

    F1 = 2 TP / (2 TP + FP + FN). An answer outside the label set is a miss for its right label and
    a false alarm for none. Where one label is frequent, accuracy can be high by always naming it;
    this cannot.
    """
    if not pairs:
        return Score(None, "no answers")
    truths = [references_of(example, spec)[0].casefold() for example, _ in pairs]
    said = [answer.text.strip().casefold() for _, answer in pairs]
    hits = Counter(t for t, s in zip(truths, said, strict=True) if t == s)
    there, named = Counter(truths), Counter(said)
    values = [2 * hits[label] / (there[label] + named[label]) for label in sorted(there)]
    return Score(sum(values) / len(values))


METRIC = Metric("macro_f1_score", "F1, every label equal", frozenset({"label"}), whole=score)
