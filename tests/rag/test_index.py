import dataclasses

import numpy as np
import pytest

from rag.chunk import Chunk
from rag.index import Index, IndexMismatchError, corpus_hash
from tests.rag.fake_embedder import HashEmbedder


def chunk(number: int, text: str) -> Chunk:
    return Chunk(f"a.md:{number}", "a.md", None, "Guide", "Section", text, 0, len(text))


CHUNKS = [chunk(i, f"Passage {i} speaks of topic {i * 7 % 50}.") for i in range(120)]
QUERIES = [f"What about topic {i}?" for i in range(12)]


@pytest.fixture
def index() -> Index:
    return Index.build(CHUNKS, HashEmbedder())


@pytest.mark.parametrize("k", [1, 7, 120])
def test_results_equal_an_exact_search_in_numpy(index, k):
    embed = HashEmbedder().embed
    cosines = embed(QUERIES) @ embed([c.with_headings for c in CHUNKS]).T
    for row, hits in zip(cosines, index.search(QUERIES, k), strict=True):
        best = np.argsort(-row, kind="stable")[:k]
        np.testing.assert_allclose([hit.score for hit in hits], row[best], atol=1e-6)
        np.testing.assert_allclose([row[CHUNKS.index(h.chunk)] for h in hits], row[best], atol=1e-6)


def test_the_closest_passage_comes_first_and_scores_are_cosines(index):
    (hits,) = index.search([CHUNKS[17].with_headings], 5)
    assert hits[0].chunk == CHUNKS[17]
    assert hits[0].score == pytest.approx(1.0, abs=1e-6)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_more_than_there_are_gives_all_of_them_once(index):
    (hits,) = index.search(QUERIES[:1], 1000)
    assert sorted(hit.chunk.id for hit in hits) == sorted(one.id for one in CHUNKS)


def test_no_question_gives_no_result(index):
    assert index.search([], 3) == []


def test_nothing_to_index_is_said():
    with pytest.raises(ValueError, match="there is nothing to index"):
        Index.build([], HashEmbedder())


# On disk


def test_a_loaded_index_finds_what_the_saved_one_found(index, tmp_path):
    index.save(tmp_path)
    loaded = Index.load(tmp_path, HashEmbedder(), corpus_hash(CHUNKS))
    assert loaded.chunks == CHUNKS
    assert loaded.search(QUERIES, 5) == index.search(QUERIES, 5)


@pytest.mark.parametrize(
    "text", ["a\u2028b\u2029c\x85d", 'quote " and \\ and \n line', "İğ 漢字 😀"]
)
def test_any_text_is_loaded_as_it_was(text, tmp_path):
    chunks = [dataclasses.replace(chunk(0, text), page=3), chunk(1, "other")]
    Index.build(chunks, HashEmbedder()).save(tmp_path)
    assert Index.load(tmp_path, HashEmbedder()).chunks == chunks


def test_another_embedder_is_refused_and_both_are_named(index, tmp_path):
    index.save(tmp_path)
    with pytest.raises(IndexMismatchError, match="was built with hash@1, not other@2"):
        Index.load(tmp_path, HashEmbedder("other@2"))


def test_another_corpus_is_refused(index, tmp_path):
    index.save(tmp_path)
    changed = [*CHUNKS[:-1], chunk(119, "A changed last passage.")]
    with pytest.raises(IndexMismatchError, match="was built from other documents"):
        Index.load(tmp_path, HashEmbedder(), corpus_hash(changed))


def test_an_empty_folder_holds_no_index(tmp_path):
    with pytest.raises(IndexMismatchError, match="holds no complete index"):
        Index.load(tmp_path / "nowhere", HashEmbedder())


def test_an_index_that_was_not_written_to_its_end_is_not_taken_for_the_older_one(
    index, tmp_path, monkeypatch
):
    import faiss

    index.save(tmp_path)

    def full_disk(store, path):
        raise OSError("no space left")

    monkeypatch.setattr(faiss, "write_index", full_disk)
    with pytest.raises(OSError, match="no space left"):
        index.save(tmp_path)
    with pytest.raises(IndexMismatchError, match="holds no complete index"):
        Index.load(tmp_path, HashEmbedder())


def test_the_hash_of_a_corpus_tells_order_text_and_headings_apart():
    swapped = [CHUNKS[1], CHUNKS[0], *CHUNKS[2:]]
    renamed = [dataclasses.replace(CHUNKS[0], heading="Other"), *CHUNKS[1:]]
    hashes = [corpus_hash(one) for one in (CHUNKS, list(CHUNKS), swapped, renamed, CHUNKS[1:])]
    assert hashes[0] == hashes[1] and len(set(hashes)) == 4
