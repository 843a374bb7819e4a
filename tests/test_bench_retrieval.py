"""The retrieval measurement itself: its data, its judges and its fair comparison by length."""

import pytest

from bench import retrieval
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


def test_speed_is_measured_for_every_retriever(judged, monkeypatch):
    monkeypatch.setattr(retrieval, "LARGE", 300)
    monkeypatch.setattr(retrieval, "ASKED", 5)
    found = retrieval.speed()
    assert all(0 < found[name]["p50_ms"] <= found[name]["p95_ms"] for name in RETRIEVERS)
    assert found["passages"] == 300 and found["on_disk_mb"] >= 1
