"""How the house writes: a classifier that tells its answers from plain text on the same matters."""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from harness.text import normalise
from harness.types import TrainView

SMALLEST = 10
"""House answers, and texts of each other sort, below which nothing is learned."""
MOST = 300
"""Texts of each other sort: more change nothing but the time."""
TOLD_APART = 0.75
"""Area under the ROC curve on texts not learned from, below which there is no manner to score."""
SEED = 0
_ENDS = re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+|\n+")
_MARKS = re.compile(r"^[#>|*\-\d.)\s]+")
_SHORTEST = 4
"""Words of a text that can have a manner; shorter ones are names, figures, headings and cells."""


@dataclass(frozen=True, slots=True)
class Manner:
    """What was learned of a house's way of writing."""

    vectorizer: Any
    """Text to weighed character n-grams; scikit-learn's."""
    model: Any
    """Logistic regression, scikit-learn's; its decision value is the log-odds uncalibrated."""
    slope: float
    intercept: float
    """Of Platt's calibration: p = 1 / (1 + exp(−(slope · decision + intercept)))."""

    def likeness(self, texts: Sequence[str]) -> list[float]:
        """Probability, 0–1, that the house wrote a text, were half of all texts the house's."""
        from scipy.special import expit

        odds = self.model.decision_function(self.vectorizer.transform(list(texts)))
        return [float(value) for value in expit(self.slope * odds + self.intercept)]


def learn_manner(view: TrainView) -> Manner | str:
    """Learn how the house writes; or why that cannot be learned.

    The house's texts are the first references of the dev rows: no adapter is trained on those, so
    an adapter gets nothing for having memorised what the classifier memorised. Plain text on the
    same matters are the sentences of the documents and the questions, so that lifting either
    into an answer earns nothing, and the house's own texts with their words out of order, so that
    a heap of the right words earns little. Nothing of the held-out set is looked at, nor any
    rung's answers: the yardstick is the same for all.
    """
    house = distinct([e.references[0] for e in view.dev if e.references])
    if len(house) < SMALLEST:
        return f"fewer than {SMALLEST} different dev answers to learn the manner from"
    if median(len(text.split()) for text in house) < _SHORTEST:
        return "the house's answers are too short to have a manner"
    own = {normalise(text, view.spec.language) for text in house}
    rng = random.Random(SEED)
    sorts: list[list[str]] = []
    sentences = distinct([s for document in view.documents for s in sentences_of(document.text)])
    for texts in (sentences, distinct([e.question for e in (*view.train, *view.dev)])):
        others = [text for text in texts if normalise(text, view.spec.language) not in own]
        sorts.append(rng.sample(others, min(MOST, len(others))))
    if max(len(texts) for texts in sorts) < SMALLEST:
        return f"fewer than {SMALLEST} sentences to compare the manner with"
    mixed = [_out_of_order(text, rng) for text in house]
    # a text of one word cannot be out of order, and must not stand against itself
    return _fitted(house, [*sorts, [text for text in distinct(mixed) if text not in house]])


def _fitted(house: list[str], plain: list[list[str]]) -> Manner | str:
    """Character n-grams across words, weighed; logistic regression; calibrated out of fold.

    Args:
        house: the house's texts.
        plain: texts of each other sort; the last are those of `house` in another order of words.
    """
    import numpy as np
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedGroupKFold

    parts = [house, *(texts for texts in plain if texts)]
    texts = [text for part in parts for text in part]
    sort = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    is_house = sort == 0
    # sorts count alike however many texts they have, and the house as much as all others together
    heavy = np.array([len(parts) - 1, *[1] * (len(parts) - 1)]) / [len(part) for part in parts]
    weight = (heavy * len(texts) / heavy[sort].sum())[sort]
    # a text and itself out of order never lie on two sides of a fold
    bags = [" ".join(sorted(text.split())) for text in texts]
    groups = np.unique(bags, return_inverse=True)[1]
    vectorizer: Any = TfidfVectorizer(
        analyzer="char", ngram_range=(1, 3), sublinear_tf=True, lowercase=False
    )
    rows = vectorizer.fit_transform(texts)  # weighs n-grams by how rare they are; sees no labels
    model: Any = LogisticRegression(C=10.0, max_iter=2000)
    unseen = np.zeros(len(texts))
    folds = StratifiedGroupKFold(5, shuffle=True, random_state=SEED)
    for learned, left in folds.split(rows, is_house, groups):
        model.fit(rows[learned], is_house[learned], weight[learned])
        unseen[left] = model.decision_function(rows[left])
    compared = sort <= sum(bool(texts) for texts in plain[:-1])  # without those out of order
    told_apart = float(roc_auc_score(is_house[compared], unseen[compared]))
    if told_apart < TOLD_APART:
        return "the house's answers cannot be told from the documents and questions by their manner"
    platt = LogisticRegression().fit(unseen.reshape(-1, 1), is_house, weight)
    model.fit(rows, is_house, weight)
    slope, intercept = float(platt.coef_[0, 0]), float(platt.intercept_[0])
    return Manner(vectorizer, model, slope, intercept)


def sentences_of(text: str) -> list[str]:
    """Sentences of a document, without the marks of headings, lists and tables."""
    parts = (_MARKS.sub("", part).strip() for part in _ENDS.split(text))
    return [part for part in parts if len(part.split()) >= _SHORTEST]


def distinct(texts: Sequence[str]) -> list[str]:
    """Each text once, in order of first appearance; empty ones left out."""
    return [text for text in dict.fromkeys(texts) if text.strip()]


def _out_of_order(text: str, rng: random.Random) -> str:
    words = text.split()
    rng.shuffle(words)
    return " ".join(words)
