"""BM25: passages that share rare terms with the question. Knows nothing of meaning."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rag.ranking import Ranked, best
from rag.terms import terms

Scores = npt.NDArray[np.float32]
Cut = Callable[[str], Sequence[str]]
"""A text to its terms."""


class Lexical:
    """BM25 scores of passages, computed beforehand for every term.

    The variant is Lucene's (Kamphuis et al., ECIR 2020): with `tf` the times a term stands in a
    passage, `df` the passages it stands in, N passages and a passage's length relative to the mean,

        score = sum over the question's terms of
                log(1 + (N - df + 0.5) / (df + 0.5)) * tf / (tf + K1 * (1 - B + B * length / mean))
    """

    K1, B = 1.2, 0.75

    def __init__(self, store: Any | None, size: int, cut: Cut = terms) -> None:
        self._store, self._size, self._cut = store, size, cut

    @classmethod
    def build(cls, texts: Sequence[str], cut: Cut = terms) -> "Lexical":
        """Index passages; those without any word are never found.

        Args:
            texts: passages.
            cut: other terms than those of `rag.terms`, to compare them; such an index cannot be
                saved.
        """
        import bm25s

        numbers: dict[str, int] = {}
        # numbers instead of terms: as strings, 100,000 passages would hold gigabytes
        found = [[numbers.setdefault(term, len(numbers)) for term in cut(text)] for text in texts]
        if not numbers:
            return cls(None, len(texts), cut)  # the library divides by the mean length
        # named, or a machine where numba is installed would compile for seconds
        store = bm25s.BM25(k1=cls.K1, b=cls.B, method="lucene", backend="numpy")
        store.index((found, numbers), show_progress=False)
        return cls(store, len(texts), cut)

    def scores(self, query: str) -> Scores:
        """(passages,) scores of all passages; 0 where no term is shared."""
        if self._store is None:
            return np.zeros(self._size, dtype=np.float32)
        known = self._store.get_tokens_ids(self._cut(query))
        scores: Scores = self._store.get_scores_from_ids(known)
        return scores

    def search(self, queries: Sequence[str], k: int) -> list[list[Ranked]]:
        """The k best passages of each query, best first; only those that share a term."""
        return [best(self.scores(query), k) for query in queries]

    def save(self, folder: Path) -> None:
        """Write the scores as plain arrays and the terms as JSON; nothing is pickled."""
        if self._store is not None:
            self._store.save(folder, show_progress=False)

    @classmethod
    def load(cls, folder: Path, size: int) -> "Lexical":
        """Read what `save` wrote; an absent folder means that no passage has a word.

        Raises:
            OSError, ValueError: a file is missing or damaged.
        """
        import bm25s

        if not folder.is_dir():
            return cls(None, size)
        return cls(bm25s.BM25.load(folder, allow_pickle=False, show_progress=False), size)
