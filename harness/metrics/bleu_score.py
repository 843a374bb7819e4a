"""Sequences of up to four words shared with the right answers, over all answers together."""

from collections.abc import Sequence
from typing import Any

from harness.metric import Counts, Metric, references_of
from harness.types import Answer, Example, Score, TaskSpec

ORDERS = 4
"""Sequences of one word, of two, and so on."""
TOKENIZERS = {"zh": "zh", "ja": "char"}
"""Sacrebleu's, where words have no spaces between them; mteval's 13a elsewhere."""


def score(pairs: Sequence[tuple[Example, Answer]], spec: TaskSpec) -> Score:
    """Corpus BLEU as sacrebleu computes it (cased, exponential smoothing), divided by 100.

    The geometric mean of the shares of said sequences that stand in a reference (Papineni et al.
    2002), less where the answers are shorter than the references. Where no answer has four words
    the longest sequences there are count as the last. An item without a reference is left out.
    """
    if not pairs:
        return Score(None, "no answers")
    if not any(references_of(example, spec) for example, _ in pairs):
        return Score(None, "no reference")
    return Score(float(value(counts(pairs, spec).sum(axis=0, keepdims=True))[0]))


def counts(pairs: Sequence[tuple[Example, Answer]], spec: TaskSpec) -> Any:
    """Words said and wanted, shared and said sequences of each order: (answers, 2 + 2 x orders)."""
    import numpy as np
    from sacrebleu.metrics.bleu import BLEU

    # by sentence it only counts here; what it makes of the counts is not used
    bleu = BLEU(tokenize=TOKENIZERS.get(spec.language, "13a"), effective_order=True)
    found = np.zeros((len(pairs), 2 + 2 * ORDERS))
    known: dict[tuple[str, tuple[str, ...]], list[float]] = {}  # rungs and seeds often agree
    for row, (example, answer) in enumerate(pairs):
        if references := references_of(example, spec):
            key = (answer.text, tuple(references))
            if key not in known:
                one = bleu.sentence_score(answer.text, list(references))
                known[key] = [one.sys_len, one.ref_len, *one.counts, *one.totals]
            found[row] = known[key]
    return found


def value(sums: Any) -> Any:
    """Scores of (draws, 2 + 2 x orders) sums; nan where there is no word in any reference."""
    import numpy as np

    said, wanted = sums[:, 0], sums[:, 1]
    shared, there = sums[:, 2 : 2 + ORDERS], sums[:, 2 + ORDERS :]
    # the first order of which nothing is shared counts as half a sequence, the next as a quarter
    missed = (shared == 0) & (there > 0)
    hits = np.where(missed, 0.5 ** np.cumsum(missed, axis=1), shared)
    logs = np.log(np.divide(hits, there, out=np.ones_like(hits), where=there > 0))
    precision = np.exp(logs.sum(axis=1) / np.maximum(1, (there > 0).sum(axis=1)))
    longer = np.divide(wanted, said, out=np.full(len(sums), np.inf), where=said > 0)
    found = np.where(shared.any(axis=1), np.exp(np.minimum(0, 1 - longer)) * precision, 0.0)
    return np.where(wanted > 0, found, np.nan)


METRIC = Metric(
    "bleu_score",
    "word sequences of the right answer",
    frozenset({"answer", "text"}),
    whole=score,
    counts=Counts(counts, value),
)
