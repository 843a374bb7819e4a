"""Retrieval without a reader: what is found, by retriever, by terms, by passage length.

A passage is right when it holds the answer (the sample, XQuAD) or most of the answering paragraph
(DBank, Debian). Recall of passages of different lengths is compared at the same number of words
shown, for a reader pays by length. Real data sets are left out, with the reason, where they are
not on this machine; vectors are kept, so a second run is quick.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.retrieval_data import Corpus, corpora, data_folder
from harness.device import pick_device
from harness.effort import CHUNK_WORDS
from harness.looking_up import quality
from harness.models import cache_folder, resolve
from harness.retrieval import as_context
from harness.types import Json
from rag.chunk import chunk_documents, count_words
from rag.dense import Dense
from rag.embed import Embedder
from rag.index import Hit, Index
from rag.lexical import Lexical
from rag.retrievers import DEFAULT, RETRIEVERS
from rag.terms import terms, words

KS = (1, 2, 3, 5)
SIZES = (40, 60, 80, 120, 160)
BUDGETS = (80, 160, 240, 320)
"""Words of passages put before the model."""
Cut = Callable[[str], list[str]]


def measure() -> dict[str, Json]:
    """Recall, MRR and nDCG by corpus."""
    embedder = kept_embedder()
    found = [(corpus, [Judged(corpus, embedder, size) for size in SIZES]) for corpus in corpora()]
    usual = [one for _, many in found for one in many if one.words == CHUNK_WORDS]
    return {
        "skipped": {} if data_folder() else {"real data": "RUNGWISE_REAL_DATA names no folder"},
        "corpora": {one.corpus.name: one.facts() for one in usual},
        "retrievers": {
            name: {one.corpus.name: one.quality(one.index.using(name)) for one in usual}
            for name in RETRIEVERS
        },
        "terms": {
            name: {
                one.corpus.name: {
                    side: one.quality(index.using(side)) for side in ("bm25", DEFAULT)
                }
                for one in usual
                for index in (one.with_terms(_cut(name, one.corpus.language)),)
            }
            for name in TERMS
        },
        "passage words": {
            corpus.name: {str(one.words): one.by_budget() for one in many} for corpus, many in found
        },
    }


KEPT = cache_folder() / "bench"
"""Where measurements keep their vectors."""


def kept_embedder(cache: Path | None = KEPT) -> Embedder:
    """The embedder, with a cache of its own for measurements, or none."""
    ref, device = resolve("all-minilm-l6-v2", "embedder", Path.cwd()), pick_device()
    return Embedder(
        ref.folder,
        f"{ref.name}@{ref.revision}",
        cache=cache,
        device=device.kind,
        precision=device.precision,
    )


@dataclass
class Judged:
    """A corpus cut and indexed, with the right passages of each question."""

    corpus: Corpus
    embedder: Embedder
    words: int

    def __post_init__(self) -> None:
        corpus = self.corpus
        self.chunks = chunk_documents(corpus.documents, count_words, self.words)
        self.index = Index.build(self.chunks, self.embedder)
        self.questions = [row["question"] for row in corpus.rows]
        contexts = [as_context(Hit(chunk, 0.0)) for chunk in self.chunks]
        self.lengths = {
            c.id: len(context.text.split())
            for c, context in zip(self.chunks, contexts, strict=True)
        }
        self.right = [
            {
                chunk.id
                for chunk, context in zip(self.chunks, contexts, strict=True)
                if corpus.right(row, chunk, context)
            }
            for row in corpus.rows
        ]

    def facts(self) -> dict[str, Json]:
        """What it is made of."""
        found = sum(bool(right) for right in self.right) / len(self.right)
        return {
            "questions": len(self.questions),
            "documents": len({document.source for document in self.corpus.documents}),
            "passages": len(self.chunks),
            "answer in one passage": round(found, 4),
        }

    def places(self, index: Index, k: int) -> list[list[bool]]:
        """Which of the k best passages of each question are right."""
        return [
            [hit.chunk.id in right for hit in hits]
            for hits, right in zip(index.search(self.questions, k), self.right, strict=True)
        ]

    def quality(self, index: Index) -> dict[str, Json]:
        """Recall, MRR, nDCG; a question without a right passage counts 0."""
        return quality(self.places(index, 10), [len(right) for right in self.right], KS)

    def with_terms(self, cut: Cut) -> Index:
        """The same passages found by other terms."""
        texts = [chunk.with_headings for chunk in self.chunks]
        return Index(self.chunks, Dense.build(texts, self.embedder), Lexical.build(texts, cut))

    def by_budget(self) -> dict[str, Json]:
        """Recall by words shown: as many whole passages, best first, as fit."""
        found = self.index.search(self.questions, 40)
        out: dict[str, Json] = {"passages": len(self.chunks)}
        for side in (DEFAULT, "bm25"):
            places = self.places(self.index.using(side), 3)
            out[f"{side}, in 3 passages"] = round(sum(map(any, places)) / len(places), 4)
        for budget in BUDGETS:
            hit = 0
            for hits, right in zip(found, self.right, strict=True):
                total = np.cumsum([self.lengths[one.chunk.id] for one in hits])
                fits = [
                    one.chunk.id for one, upto in zip(hits, total, strict=True) if upto <= budget
                ]
                hit += bool(right.intersection(fits))
            out[f"in {budget} words"] = round(hit / len(self.questions), 4)
        return out


def _runs(*sizes: int, whole: bool = False) -> Cut:
    def cut(text: str) -> list[str]:
        out = []
        for word in words(text):
            marked = f"_{word}_"
            out += [f"={word}"] * whole
            out += [marked[a : a + n] for n in sizes for a in range(max(1, len(marked) - n + 1))]
        return out

    return cut


TERMS: dict[str, Cut | None] = {
    "words": words,
    "stems": None,
    "first 5 letters": lambda text: [word[:5] for word in words(text)],
    "runs of 3": _runs(3),
    "runs of 4": _runs(4),
    "runs of 5": _runs(5),
    "runs of 3 to 5": _runs(3, 4, 5),
    "words and runs of 4": terms,
}
"""None: by the Snowball stemmer of the corpus's language."""


def _cut(name: str, language: str) -> Cut:
    cut = TERMS[name]
    if cut is not None:
        return cut
    import Stemmer

    from harness.text import tokens

    stem = Stemmer.Stemmer(language).stemWords
    return lambda text: list(stem(tokens(text, language)))
