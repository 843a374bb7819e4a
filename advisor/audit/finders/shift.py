"""Held-out questions that are not like those learned from."""

import math
import random
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from advisor.audit.finding import Finder, Finding, Material, asked, listed
from harness.clusters import clusters_of
from harness.text import tokens
from harness.types import Example

_SMALLEST: Final = 60
"""Rows a side below which the test sees only what anyone would see."""
_MOST: Final = 1000
"""Rows a side that are looked at; more would not make the interval tell more."""
_FOLDS: Final = 5
_LEAST: Final = 0.55
"""Lower end of the interval of the AUC from which a difference is reported."""
_LARGE: Final = 0.7
_COMMON: Final = 5
"""Rows that a word must stand in to be shown: a rarer one can be somebody's name."""


class Separation(NamedTuple):
    """How well the two sides can be told apart by their words."""

    auc: float
    """0.5 = not at all, 1 = always."""
    low: float
    high: float
    """95 % interval."""
    learning_words: tuple[str, ...]
    """Words that point most to rows learned from; only words of many rows."""
    heldout_words: tuple[str, ...]


def find(material: Material) -> Iterator[Finding]:
    """A classifier two-sample test: can it be told from the words on which side a row is?"""
    apart = separation(material.learning, material.heldout, material.spec.language)
    if apart is None or apart.low <= _LEAST:
        return
    yield Finding(
        "shift",
        "warning" if apart.auc >= _LARGE else "info",
        len(material.heldout),
        (),
        f"The held-out questions differ from those learned from: a classifier tells them apart "
        f"with AUC {apart.auc:.2f} ({apart.low:.2f}–{apart.high:.2f}; 0.50 is chance){_by(apart)}. "
        "The result then says how a rung does on new kinds of question, which is usually worse "
        "than on known ones.",
        "Keep it if new kinds are what you expect; otherwise draw the held-out rows at random from "
        "all rows.",
    )


def _by(apart: Separation) -> str:
    if not (apart.heldout_words and apart.learning_words):
        return ""
    heldout, learning = listed(apart.heldout_words), listed(apart.learning_words)
    return f", most of all by {heldout} in held-out ones and {learning} in the others"


def separation(
    learning: Sequence[Example], heldout: Sequence[Example], language: str
) -> Separation | None:
    """Cross-validated AUC of learning against held-out rows.

    Rows of one group, document or question are kept in one fold, so that knowing a document does
    not help; the interval counts them as one (DeLong 1988, clustered as Obuchowski 1997). It is
    somewhat narrow, as the folds share training rows: of 180 random halves it left 0.5 out in one
    of six, and 2 were reported.

    Returns:
        None where a side has too few rows, or too few groups to keep apart.
    """
    sides = [_draw(learning), _draw(heldout)]
    groups = [_belonging(side) for side in sides]
    if min(map(len, sides)) < _SMALLEST or min(len(set(group)) for group in groups) < 2 * _FOLDS:
        return None
    words = [tokens(row.question, language) for side in sides for row in side]
    if not any(words):
        return None

    import numpy as np
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import PredefinedSplit, cross_val_predict

    held = np.repeat([False, True], [len(side) for side in sides])
    # The name of the side is part of the group's: a group may not stand on both.
    names = [f"{side}{name}" for side, group in enumerate(groups) for name in group]
    cluster = np.unique(names, return_inverse=True)[1]
    vectorizer = TfidfVectorizer(sublinear_tf=True, analyzer=list)
    features = vectorizer.fit_transform(words)
    model = LogisticRegression(
        solver="sag", tol=1e-2, max_iter=1000, random_state=0, class_weight="balanced"
    )
    folds = list(PredefinedSplit(fold_of(held, cluster)).split())
    if any(len(set(held[rest])) < 2 for rest, _ in folds):
        return None  # one large group is nearly a whole side
    score = cross_val_predict(model, features, held, cv=folds, method="predict_proba")[:, 1]
    auc, error = auc_with_error(score, held, cluster)
    weight = model.fit(features, held).coef_[0]
    shown = np.flatnonzero(np.asarray((features > 0).sum(axis=0)).ravel() >= _COMMON)
    vocabulary = vectorizer.get_feature_names_out()
    order = [str(vocabulary[at]) for at in shown[np.argsort(weight[shown])]]
    return Separation(
        auc,
        max(0.0, auc - 1.96 * error),
        min(1.0, auc + 1.96 * error),
        learning_words=tuple(order[:3]),
        heldout_words=tuple(order[:-4:-1]),
    )


def fold_of(held: Any, cluster: Any) -> Any:
    """The fold of each row: clusters whole, the largest first, where the fewest of their side are.

    sklearn's StratifiedGroupKFold does the same for clusters that may lie on both sides, and takes
    longer for it than everything else here.

    Args:
        held: shape (n,), bool.
        cluster: shape (n,), int from 0; every cluster lies on one side.

    Returns:
        Shape (n,), int from 0 to 4.
    """
    import numpy as np

    size = np.bincount(cluster)
    side = np.zeros(len(size), dtype=int)
    side[cluster] = held
    shuffled = np.random.default_rng(0).permutation(len(size))
    rows = np.zeros((2, _FOLDS), dtype=int)
    fold = np.zeros(len(size), dtype=int)
    for one in shuffled[np.argsort(-size[shuffled], kind="stable")]:
        fold[one] = np.lexsort((rows.sum(axis=0), rows[side[one]]))[0]
        rows[side[one], fold[one]] += size[one]
    return fold[cluster]


def auc_with_error(score: Any, positive: Any, cluster: Any) -> tuple[float, float]:
    """Area under the ROC curve and its standard error, rows of a cluster counted as one.

    Each row's part is the share of the other side that it is ranked above, ties by half; the
    variance of the area is that of the two sides' mean parts. Every cluster lies on one side.

    Args:
        score: shape (n,), higher = rather positive.
        positive: shape (n,), bool; both values occur.
        cluster: shape (n,), int.
    """
    import numpy as np
    from scipy.stats import rankdata

    variance, areas = 0.0, []
    ranks = rankdata(score)
    for side in (positive, ~positive):
        own, other = score[side], (~side).sum()
        above = (ranks[side] - rankdata(own)) / other
        sums = np.bincount(np.unique(cluster[side], return_inverse=True)[1], above - above.mean())
        variance += (sums**2).sum() * len(sums) / (len(sums) - 1) / len(own) ** 2
        areas.append(float(above.mean()))
    return areas[0], math.sqrt(variance)


def _draw(rows: Sequence[Example]) -> Sequence[Example]:
    return random.Random(0).sample(rows, _MOST) if len(rows) > _MOST else rows


def _belonging(rows: Sequence[Example]) -> list[str]:
    """What each row belongs to: as intervals count it, or else its question."""
    clusters = clusters_of(rows) or [row.id for row in rows]
    return [
        cluster if row.group or row.context_ids else asked(row)
        for row, cluster in zip(rows, clusters, strict=True)
    ]


FINDER = Finder(("shift",), find)
