"""BM25: passages that share rare terms with the question. Knows nothing of meaning."""

import json
from array import array
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rag.ranking import Ranked, best
from rag.terms import spelled, terms, words

Scores = npt.NDArray[np.float32]
Cut = Callable[[str], Sequence[str]]
"""A text to its terms."""

_ARRAYS = ("data", "indices", "indptr")
_TERMS = "terms.json"


class Lexical:
    """BM25 scores of passages, computed beforehand for every term.

    The variant is Lucene's (Kamphuis et al., ECIR 2020): with `tf` the times a term stands in a
    passage, `df` the passages it stands in, N passages and a passage's length relative to the mean,

        score = sum over the question's terms of
                log(1 + (N - df + 0.5) / (df + 0.5)) * tf / (tf + K1 * (1 - B + B * length / mean))

    Args:
        postings: (terms, passages) sparse rows of scores.
        numbers: each term's row.
        cut: what made the terms of the passages, to make those of a question.
    """

    K1, B = 1.2, 0.75

    def __init__(self, postings: Any, numbers: dict[str, int], cut: Cut = terms) -> None:
        self._postings, self._numbers, self._cut = postings, numbers, cut

    @classmethod
    def build(cls, texts: Sequence[str], cut: Cut = terms) -> "Lexical":
        """Index passages; those without any word are never found.

        Args:
            texts: passages, at least one.
            cut: other terms than those of `rag.terms`, to compare them; such an index cannot be
                loaded again.
        """
        counts, numbers = _counted(texts, cut)
        return cls(_scored(counts, cls.K1, cls.B).T.tocsr(), numbers, cut)

    def scores(self, query: str) -> Scores:
        """(passages,) scores of all passages; 0 where no term is shared."""
        asked = [self._numbers[term] for term in self._cut(query) if term in self._numbers]
        rows, times = np.unique(np.array(asked, dtype=np.int64), return_counts=True)
        # rows are added up in C: by numpy's indexing it takes twice as long
        found: Scores = times.astype(np.float32) @ self._postings[rows]
        return found

    def search(self, queries: Sequence[str], k: int) -> list[list[Ranked]]:
        """The k best passages of each query, best first; only those that share a term."""
        return [best(self.scores(query), k) for query in queries]

    def save(self, folder: Path) -> None:
        """Write the scores as plain arrays and the terms as JSON; nothing is pickled."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in _ARRAYS:
            np.save(folder / f"{name}.npy", getattr(self._postings, name), allow_pickle=False)
        held = json.dumps(list(self._numbers), ensure_ascii=False)
        (folder / _TERMS).write_text(held, encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, size: int) -> "Lexical":
        """Read what `save` wrote.

        Raises:
            OSError, ValueError: a file is missing or damaged.
        """
        from scipy.sparse import csr_array

        held = json.loads((folder / _TERMS).read_text(encoding="utf-8"))
        arrays = tuple(np.load(folder / f"{name}.npy", allow_pickle=False) for name in _ARRAYS)
        postings = csr_array(arrays, shape=(len(held), size))
        postings.check_format(full_check=True)  # or a damaged file would be read past its end
        return cls(postings, {term: row for row, term in enumerate(held)})


def _counted(texts: Sequence[str], cut: Cut) -> tuple[Any, dict[str, int]]:
    """(passages, terms) sparse counts, and each term's column.

    Passages are read as words, and each word is cut into its terms once: a language repeats its
    words so often that this is most of the work saved.
    """
    units, unit_numbers = _rows(words(text) if cut is terms else cut(text) for text in texts)
    if cut is not terms:
        units.sum_duplicates()
        return units, unit_numbers
    per_word, numbers = _rows(spelled(word) for word in unit_numbers)
    return units @ per_word, numbers


def _rows(lines: Iterable[Sequence[str]]) -> tuple[Any, dict[str, int]]:
    """(lines, names) sparse ones, one for every time a name stands in a line, and its column."""
    from scipy.sparse import csr_array

    numbers: dict[str, int] = {}
    # plain numbers instead of lists: 100,000 passages would hold gigabytes
    columns, ends = array("i"), array("q", [0])
    for line in lines:
        columns.extend(numbers.setdefault(name, len(numbers)) for name in line)
        ends.append(len(columns))
    ones = np.ones(len(columns), dtype=np.float32)
    shape = (len(ends) - 1, len(numbers))
    found = csr_array((ones, np.array(columns, np.int32), np.array(ends, np.int64)), shape=shape)
    return found, numbers


def _scored(counts: Any, k1: float, b: float) -> Any:
    """Counts to scores, in place; see `Lexical` for the formula."""
    n, kinds = counts.shape
    lengths = np.asarray(counts.sum(axis=1), dtype=np.float32)
    df = np.bincount(counts.indices, minlength=kinds)
    idf = np.log1p((n - df + 0.5) / (df + 0.5)).astype(np.float32)
    norms = k1 * (1 - b + b * lengths / max(lengths.mean(), 1e-9))
    tf = counts.data
    tf /= tf + np.repeat(norms, np.diff(counts.indptr))
    tf *= idf[counts.indices]
    return counts
