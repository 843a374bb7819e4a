"""What no language model at all achieves on the same held-out set."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from harness.prompts import target
from harness.rung import Rung
from harness.types import Answer, Failure, Json, Preparation, Query, TrainView
from harness.workbench import Workbench
from rag.terms import UNSPACED

_UNSPACED_RUN = re.compile(f"(?:{UNSPACED.pattern})+")
_LETTERS = (2, 4)
"""Letters in a sequence, at the least and at the most."""


class MajorityFloor:
    """Always the most frequent answer of the training set."""

    def __init__(self, view: TrainView, bench: Workbench) -> None:
        self.view = view

    def prepare(self, settings: Mapping[str, Json] | None) -> Preparation:
        """Count."""
        answers = Counter(target(self.view.spec, example) for example in self.view.train)
        self.text = answers.most_common(1)[0][0]
        return Preparation()

    def answer(self, queries: Sequence[Query], timed: int) -> Iterator[Answer | Failure]:
        """The same text for all."""
        return (Answer(query.id, self.text) for query in queries)


class NearestFloor:
    """The answer of the training question with the most similar words (TF-IDF cosine)."""

    def __init__(self, view: TrainView, bench: Workbench) -> None:
        self.view = view

    def prepare(self, settings: Mapping[str, Json] | None) -> Preparation:
        """Index the training questions by words and word pairs, or letters where there are none."""
        self.vectorizer = _words_or_letters()
        self.pool: Any = self.vectorizer.fit_transform([e.question for e in self.view.train])
        return Preparation()

    def answer(self, queries: Sequence[Query], timed: int) -> Iterator[Answer | Failure]:
        """One look-up a question."""
        if not queries:
            return
        closeness = self.vectorizer.transform([query.text for query in queries]) @ self.pool.T
        for query, row in zip(queries, closeness.argmax(axis=1).A1, strict=True):
            yield Answer(query.id, target(self.view.spec, self.view.train[int(row)]))


class LinearFloor:
    """Logistic regression on TF-IDF: what a classifier without a language model achieves."""

    def __init__(self, view: TrainView, bench: Workbench) -> None:
        self.view = view

    def prepare(self, settings: Mapping[str, Json] | None) -> Preparation:
        """Fit on words, word pairs and character sequences."""
        from sklearn.dummy import DummyClassifier
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline, make_union

        features = make_union(
            _words(),
            TfidfVectorizer(sublinear_tf=True, analyzer="char_wb", ngram_range=_LETTERS),
        )
        train = self.view.train
        labels = [target(self.view.spec, example) for example in train]
        # where all rows have one label there is nothing to tell apart
        several = len(set(labels)) > 1
        classifier = LogisticRegression(C=10.0, max_iter=1000) if several else DummyClassifier()
        self.model: Any = make_pipeline(features, classifier)
        self.model.fit([example.question for example in train], labels)
        return Preparation()

    def answer(self, queries: Sequence[Query], timed: int) -> Iterator[Answer | Failure]:
        """One label a question."""
        said = self.model.predict([query.text for query in queries]) if queries else []
        for query, label in zip(queries, said, strict=True):
            yield Answer(query.id, str(label))


def _words() -> Any:
    """Words and word pairs, weighted; a word may be a single letter, digit or other mark.

    By default the library passes over all of these, and over a text in which there is nothing else.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), token_pattern=r"\w+|[^\w\s]")


def _words_or_letters() -> Any:
    """The same, and sequences of letters of scripts that have no spaces between words.

    A clause is one word there, which hardly two questions share, so that marks alone would count.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    words = _words().build_analyzer()
    letters = TfidfVectorizer(analyzer="char_wb", ngram_range=_LETTERS).build_analyzer()

    def terms(text: str) -> list[str]:
        runs = _UNSPACED_RUN.findall(text)
        if not runs:
            return list(words(text))
        # a foreign word among them is a word of its own
        apart = _UNSPACED_RUN.sub(r" \g<0> ", text)
        return [*words(apart), *letters(" ".join(runs))]

    return TfidfVectorizer(sublinear_tf=True, analyzer=terms)


FLOORS: dict[str, Callable[[TrainView, Workbench], Rung]] = {
    "majority": MajorityFloor,
    "nearest": NearestFloor,
    "linear": LinearFloor,
}
"""By name; ``linear`` is for label tasks only."""
FLOOR_TITLES = {
    "majority": "Always the commonest answer",
    "nearest": "Answer of the most similar question",
    "linear": "Classifier without a language model",
}


def floors_for(kind: str) -> tuple[str, ...]:
    """Names of the floors that make sense for a kind of task."""
    return tuple(name for name in FLOORS if name != "linear" or kind == "label")
