"""The retrieval measurement itself: its data, its judges and its fair comparison by length."""

import numpy as np
import pytest

from bench import retrieval, retrieval_scale, retrieval_spans
from bench.retrieval import TERMS, Judged
from bench.retrieval_data import Corpus, corpora, data_folder, spans
from bench.retrieval_spans import Span, fitting, overlap, sentences
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
    monkeypatch.setattr(retrieval_scale, "LARGE", 1200)
    monkeypatch.setattr(retrieval_scale, "ASKED", 5)
    monkeypatch.setattr(retrieval_scale, "SIZES", (200, 1200))
    monkeypatch.setattr("rag.dense.HALVED_FROM", 1200)
    monkeypatch.setattr("rag.dense.LISTED_FROM", 1200)
    found = retrieval_scale.measure()
    speed = found["search"]
    assert all(0 < speed[name]["p50_ms"] <= speed[name]["p95_ms"] for name in RETRIEVERS)
    assert speed["passages"] == 1200 and speed["on_disk_mb"] >= 1
    small, large = (found["recall against exact search"][n] for n in ("200", "1200"))
    graphs = [f"graph, {n} in sight" for n in (64, 128, 512)]
    assert list(small) == ["exact", "half precision", *graphs]
    assert small[graphs[0]]["mb"] > small["exact"]["mb"] > small["half precision"]["mb"]
    assert all(small[name]["recall_at_10"] > 0.9 for name in graphs)
    lists = [f"lists, {n} read" for n in (16, 32, 64)]
    assert list(large) == ["exact", "half precision", *lists, "lists in 8 bits, 64 read", *graphs]
    assert small["half precision"]["recall_at_10"] >= 0.99
    shares = [large[f"lists, {n} read"]["recall_at_10"] for n in retrieval_scale.READ]
    assert shares == sorted(shares) and shares[-1] > 0.9


def test_drawn_vectors_have_length_one_and_lie_near_real_ones():
    real = HashEmbedder().embed([f"topic{i % 20} page{i}" for i in range(200)])
    drawn = retrieval_scale.drawn(400, real)
    np.testing.assert_allclose(np.linalg.norm(drawn, axis=1), 1, atol=1e-5)
    assert (drawn @ real.T).max(axis=1).mean() > 0.5
    np.testing.assert_array_equal(drawn, retrieval_scale.drawn(400, real))


# Letters shown beside letters wanted


def test_overlap_is_counted_in_letters_and_what_is_shown_twice_counts_twice():
    wanted = [Span("a", 5, 15), Span("a", 10, 25), Span("b", 0, 5)]
    shown = [Span("a", 0, 10), Span("a", 0, 10), Span("b", 0, 5)]
    found = overlap(shown, wanted)
    assert found.recall == 10 / 25 and found.precision == 10 / 25
    assert found.iou == 10 / (25 + 25 - 10)
    assert overlap([], wanted) == (0.0, 0.0, 0.0) and overlap(wanted[:1], wanted[:1]) == (1, 1, 1)


def test_space_is_filled_with_what_fits_or_up_to_the_first_that_does_not():
    parts = [Span("a", 0, 60), Span("a", 60, 120), Span("a", 120, 160)]
    assert fitting(parts, 100) == [parts[0], parts[2]]
    assert fitting(parts, 100, skip=False) == parts[:1]


def test_sentences_keep_their_places_and_lose_no_letter():
    text = "The pods are closed. No. They stay closed for good!\n| a | b |\n| a row | of a table |"
    parts = sentences(text, Span("a.md", 100, 100 + len(text)))
    said = [text[one.start - 100 : one.end - 100] for one in parts]
    assert said[0] == "The pods are closed." and said[1].startswith("No. They stay closed")
    assert "".join(said).replace("\n", "").replace(" ", "") == "".join(text.split())
    assert sentences("", Span("a", 3, 3)) == []


def test_cuts_and_choices_are_measured_side_by_side(monkeypatch):
    pages = [
        Document(f"{i}.md", f"== Part {i} ==\n\n" + f"Part {i} costs {i} coins. " * 9, f"{i}.md",
                 None, "") for i in range(12)
    ]  # fmt: skip
    rows = [
        {"question": f"What does part {i} cost?", "doc": f"{i}.md",
         "references": [{"start_index": 15, "end_index": 30}]} for i in range(12)
    ]  # fmt: skip
    made = []

    def corpus(marked=str.upper):
        made.append(marked)
        return Corpus("spans", "en", pages, rows, lambda r, c, _: c.source == r["doc"])

    monkeypatch.setattr(retrieval_spans, "spans", corpus)
    monkeypatch.setattr(retrieval_spans, "kept_embedder", HashEmbedder)
    found = retrieval_spans.measure()
    ways = [way for way in found if isinstance(found[way], dict)]
    assert len(ways) == 2 * len(retrieval_spans.SIZES) + len(RETRIEVERS) - 1 + 2
    assert all(0 < found[way]["recall"] <= 1 for way in ways) and len(made) == 2


def test_places_hold_whether_headings_are_marked_or_not(tmp_path, monkeypatch):
    folder = tmp_path / "chunking_eval"
    (folder / "docs").mkdir(parents=True)
    (folder / "docs" / "a.md").write_text("= Tea =\n\nTea is drunk hot.\n", encoding="utf-8")
    row = '{"question": "?", "doc": "a.md", "references": [{"start_index": 9, "end_index": 12}]}'
    (folder / "questions.jsonl").write_text(row + "\n", encoding="utf-8")
    monkeypatch.setenv("RUNGWISE_REAL_DATA", str(tmp_path))
    marked, plain = spans(), spans(lambda text: text)
    assert marked.documents[0].text.startswith("# Tea ")
    assert plain.documents[0].text.startswith("= Tea =")
    assert {one.documents[0].text[9:12] for one in (marked, plain)} == {"Tea"}


def test_without_the_real_data_no_spans_are_measured(monkeypatch):
    monkeypatch.setenv("RUNGWISE_REAL_DATA", "/nowhere")
    assert retrieval_spans.measure() == {"skipped": "the real data sets are not on this machine"}
