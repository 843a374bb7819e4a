"""The retrieval measurement itself: its data, its judges and its fair comparison by length."""

import numpy as np
import pytest

from bench import retrieval, retrieval_scale
from bench.retrieval import TERMS, Judged
from bench.retrieval_data import Corpus, corpora, data_folder, spans
from rag.retrievers import RETRIEVERS
from rag.types import Document
from tests.rag.fake_embedder import HashEmbedder

PAGES = [
    Document("a.md", "Opened pods are taken back within 14 days.", "a.md", None, "Returns"),
    Document("b.md", "Machines are taken back with a fault only.", "b.md", None, "Machines"),
]
ROWS = [
    {"question": "Are opened pods taken back?", "answer": "14 days", "doc": "a.md"},
    {"question": "When is a machine taken back?", "answer": "with a fault", "doc": "b.md"},
]


@pytest.fixture
def judged(monkeypatch):
    monkeypatch.setenv("RUNGWISE_REAL_DATA", "/nowhere")
    (sample,) = corpora()
    corpus = Corpus("two pages", "en", PAGES, ROWS, lambda r, c, _: c.source == r["doc"])
    return Judged(corpus, HashEmbedder(), 80), sample


def test_without_the_real_data_the_sample_is_measured_alone(judged, monkeypatch):
    _, sample = judged
    assert sample.name == "support-desk" and len(sample.rows) > 300
    assert data_folder() is None and spans() is None


@pytest.mark.parametrize("name", RETRIEVERS)
def test_every_retriever_is_measured_by_what_it_finds(name, judged):
    one, _ = judged
    found = one.quality(one.index.using(name))
    assert found["questions"] == 2 and found["recall"]["1"] == found["mrr_at_10"] == 1.0
    assert one.facts()["answer in one passage"] == 1.0


@pytest.mark.parametrize("name", TERMS)
def test_every_kind_of_terms_finds_the_passage_with_the_same_words(name, judged):
    pytest.importorskip("Stemmer")
    one, _ = judged
    index = one.with_terms(retrieval._cut(name, "en")).using("bm25")
    assert one.quality(index)["recall"]["1"] == 1.0


def test_passages_longer_than_what_is_shown_are_not_found(judged, monkeypatch):
    one, _ = judged
    monkeypatch.setattr(retrieval, "BUDGETS", (7, 8, 16))
    by_budget = one.by_budget()
    assert [by_budget[f"in {n} words"] for n in (7, 8, 16)] == [0.0, 1.0, 1.0]


def test_speed_and_recall_are_measured_at_any_size(monkeypatch):
    pages = [Document(f"{i}.md", f"Topic {i} of part {i % 5}.", "", None, "") for i in range(40)]
    rows = [{"question": f"What of topic {i}?"} for i in range(9)]
    corpus = Corpus("pages", "en", pages, rows, lambda r, c, _: True)
    monkeypatch.setattr(retrieval_scale, "corpora", lambda: [corpus])
    monkeypatch.setattr(retrieval_scale, "kept_embedder", HashEmbedder)
    monkeypatch.setattr(retrieval_scale, "LARGE", 3000)
    monkeypatch.setattr(retrieval_scale, "ASKED", 5)
    monkeypatch.setattr(retrieval_scale, "SIZES", (300, 3000))
    monkeypatch.setattr("rag.dense.HALVED_FROM", 3000)
    monkeypatch.setattr("rag.dense.LISTED_FROM", 3000)
    found = retrieval_scale.measure()
    speed = found["search"]
    assert all(0 < speed[name]["p50_ms"] <= speed[name]["p95_ms"] for name in RETRIEVERS)
    assert speed["passages"] == 3000 and speed["on_disk_mb"] >= 1
    small, large = (found["recall against exact search"][n] for n in ("300", "3000"))
    assert list(small) == ["exact", "half precision", "graph"]
    assert small["half precision"]["recall_at_10"] >= 0.99
    shares = [large[f"lists, {n} read"]["recall_at_10"] for n in retrieval_scale.READ]
    assert shares == sorted(shares) and shares[-1] > 0.9


def test_drawn_vectors_have_length_one_and_lie_near_real_ones():
    real = HashEmbedder().embed([f"topic{i % 20} page{i}" for i in range(200)])
    drawn = retrieval_scale.drawn(400, real)
    np.testing.assert_allclose(np.linalg.norm(drawn, axis=1), 1, atol=1e-5)
    assert (drawn @ real.T).max(axis=1).mean() > 0.5
    np.testing.assert_array_equal(drawn, retrieval_scale.drawn(400, real))
