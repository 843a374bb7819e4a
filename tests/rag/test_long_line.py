"""A document of ten megabytes without a line break: read, cut, indexed and found again."""

import random
import string
from pathlib import Path

import pytest

from rag.chunk import chunk_documents, count_words
from rag.errors import DocumentError
from rag.index import Index
from rag.load import load_documents
from rag.types import Limits
from tests.rag.fake_embedder import HashEmbedder

LETTERS = 10 * 2**20
MOST = 160


def solid() -> str:
    """No space at all, as in a file that is no text."""
    return "".join(random.Random(0).choices(string.ascii_lowercase + string.digits, k=LETTERS))


def spoken() -> str:
    """Words without a full stop, of which no two openings are alike."""
    chance = random.Random(1)
    return " ".join(f"word{chance.randrange(3000)}" for _ in range(LETTERS // 7))[:LETTERS]


@pytest.mark.parametrize(
    "line", [solid, pytest.param(spoken, marks=pytest.mark.slow)], ids=["solid", "spoken"]
)
def test_one_line_of_ten_megabytes_is_read_cut_and_found_again(tmp_path: Path, line) -> None:
    text = line()
    (tmp_path / "a.txt").write_text(text, encoding="utf-8")
    (document,) = load_documents(tmp_path)
    assert document.text == text.strip()
    chunks = chunk_documents([document], count_words, MOST)
    assert max(count_words(chunk.text) for chunk in chunks) <= MOST
    assert sum(len(chunk.text.replace(" ", "")) for chunk in chunks) == len(text.replace(" ", ""))
    index = Index.build(chunks, HashEmbedder())
    for wanted in (chunks[0], chunks[len(chunks) // 2], chunks[-1]):
        ((best,),) = index.search([wanted.text], 1)
        assert best.chunk == wanted


def test_one_line_longer_than_the_limits_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("word " * (LETTERS // 5), encoding="utf-8")
    for limits in (Limits(max_characters=LETTERS // 2), Limits(max_file_bytes=LETTERS // 2)):
        with pytest.raises(DocumentError) as caught:
            load_documents(tmp_path / "a.txt", limits=limits)
        assert caught.value.code == "too_large"
        assert "split it" in caught.value.fix
