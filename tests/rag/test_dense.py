"""Approximate search beside an exact one, at a size at which it is quick to try."""

import json

import numpy as np
import pytest

from rag.chunk import Chunk
from rag.dense import Dense
from rag.index import Index
from tests.rag.fake_embedder import HashEmbedder

N, TOPICS = 3000, 60
# passages of a topic lie close together, as those of real documents do
TEXTS = [f"{f'topic{i % TOPICS} ' * 3} kind{i % 7} part{i % 11}" for i in range(N)]
QUERIES = [f"{f'topic{i} ' * 3} kind{i % 5}" for i in range(0, TOPICS, 2)]


@pytest.fixture(scope="module")
def embedder():
    return HashEmbedder()


@pytest.fixture
def listed(embedder, monkeypatch):
    few(monkeypatch)
    return Dense.build(TEXTS, embedder)


def few(monkeypatch):
    """So many passages are kept in lists."""
    monkeypatch.setattr("rag.dense.HALVED_FROM", 100)
    monkeypatch.setattr("rag.dense.LISTED_FROM", N)
    monkeypatch.setattr("rag.dense.TRAINED_ON", 13)  # all of them; as many a list as there are


def test_the_nearest_lists_hold_nearly_all_of_the_closest_passages(listed, embedder):
    asked = embedder.embed(QUERIES)
    cosines = asked @ embedder.embed(TEXTS).T
    shares = []
    for row, hits in zip(cosines, listed.search(asked, 10), strict=True):
        least = np.sort(row)[-10]
        shares.append(sum(row[hit.row] >= least - 1e-3 for hit in hits) / 10)
        np.testing.assert_allclose(
            [hit.score for hit in hits], row[[h.row for h in hits]], atol=2e-3
        )
    assert np.mean(shares) >= 0.97


def test_reading_fewer_lists_misses_passages(listed, embedder):
    """So the test above can fail."""
    asked = embedder.embed(QUERIES)
    all_of_them = listed.search(asked, 50)
    listed._store.nprobe = 1
    fewer = listed.search(asked, 50)
    found = sum(
        len({a.row for a in one} & {b.row for b in other})
        for one, other in zip(fewer, all_of_them, strict=True)
    )
    assert found < 0.9 * 50 * len(QUERIES)


def test_where_the_lists_read_hold_fewer_no_passage_is_made_up(listed, embedder):
    listed._store.nprobe = 1
    for hits in listed.search(embedder.embed(QUERIES[:5]), N):
        assert 0 < len(hits) < N and all(0 <= hit.row < N for hit in hits)


def test_lists_survive_the_disk_and_give_their_vectors_back(listed, embedder, tmp_path):
    listed.save(tmp_path / "vectors.faiss")
    loaded = Dense.load(tmp_path / "vectors.faiss", embedder)
    asked = embedder.embed(QUERIES)
    assert loaded.search(asked, 10) == listed.search(asked, 10)
    rows = np.array([5, 2999, 0])
    expected = embedder.embed(TEXTS)
    np.testing.assert_allclose(loaded.cosines(asked[0], rows), expected[rows] @ asked[0], atol=2e-3)


def test_below_the_measured_size_search_is_exact(embedder):
    dense = Dense.build(TEXTS[:500], embedder)
    asked = embedder.embed(QUERIES)
    cosines = asked @ embedder.embed(TEXTS[:500]).T
    for row, hits in zip(cosines, dense.search(asked, 10), strict=True):
        np.testing.assert_allclose([h.score for h in hits], np.sort(row)[::-1][:10], atol=1e-6)


# What a search that reads some lists only misses is measured when the index is built


def test_what_is_missed_is_measured_beside_all_cosines(embedder, monkeypatch):
    few(monkeypatch)
    right = Dense.build(TEXTS, embedder).nearest
    assert right.looked_for == 300 * 10 and 0.95 * right.looked_for < right.found
    monkeypatch.setattr("rag.dense.READ_LISTS", 1)
    assert Dense.build(TEXTS, embedder).nearest.found < 0.9 * right.found


def test_where_all_vectors_are_read_there_is_nothing_to_miss(embedder):
    assert Dense.build(TEXTS[:50], embedder).nearest is None


def test_an_index_on_disk_says_what_was_measured_and_an_older_one_nothing(
    embedder, monkeypatch, tmp_path
):
    few(monkeypatch)
    chunks = [Chunk(f"c{i}", "c", None, "", "", text, 0, 1) for i, text in enumerate(TEXTS)]
    built = Index.build(chunks, embedder)
    built.save(tmp_path)
    assert Index.load(tmp_path, embedder).nearest == built.nearest is not None
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest.pop("nearest") == list(built.nearest)
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    assert Index.load(tmp_path, embedder).nearest is None
