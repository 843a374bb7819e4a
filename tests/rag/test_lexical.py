import math
import random
from collections import Counter

import numpy as np
import pytest

from rag.lexical import Lexical
from rag.terms import terms

TEXTS = [
    "Opened pods can be sent back within 14 days.",
    "Machines that were used are taken back only with a fault, a fault, a fault.",
    "İade süresi on dört gündür; kargoyu biz öderiz.",
    "",
    "Pods, pods and more pods: opened pods, closed pods.",
    "?!",
    "退货政策：十四天内可以退货。",
]
QUERIES = [
    "Are opened pods sent back?",
    "pods pods",
    "kargonun iadesi",
    "退货",
    "fault of a machine",
]


def by_hand(texts: list[str], query: str) -> list[float]:
    """The formula in the docstring, term by term."""
    bags = [Counter(terms(text)) for text in texts]
    mean = sum(bag.total() for bag in bags) / len(bags)
    scores = []
    for bag in bags:
        score = 0.0
        for term in terms(query):
            df = sum(term in other for other in bags)
            if df:
                idf = math.log(1 + (len(bags) - df + 0.5) / (df + 0.5))
                norm = 1 - Lexical.B + Lexical.B * bag.total() / mean
                score += idf * bag[term] / (bag[term] + Lexical.K1 * norm)
        scores.append(score)
    return scores


@pytest.mark.parametrize("query", QUERIES)
def test_scores_are_those_of_the_formula(query):
    np.testing.assert_allclose(Lexical.build(TEXTS).scores(query), by_hand(TEXTS, query), rtol=1e-5)


def test_scores_are_those_of_the_formula_on_many_random_passages():
    rng = random.Random(1)
    kinds = [f"word{i}" for i in range(80)]
    texts = [" ".join(rng.choices(kinds, k=rng.randint(1, 60))) for _ in range(150)]
    lexical = Lexical.build(texts)
    for _ in range(10):
        query = " ".join(rng.choices([*kinds, "unknown"], k=6))
        expected = by_hand(texts, query)
        np.testing.assert_allclose(lexical.scores(query), expected, rtol=1e-4, atol=1e-5)
        found = [one.score for one in lexical.search([query], 20)[0]]
        np.testing.assert_allclose(found, sorted(expected, reverse=True)[:20], rtol=1e-4)


def test_scores_are_those_of_another_library():
    bm25s = pytest.importorskip("bm25s")
    rng = random.Random(2)
    kinds = [f"w{i}" for i in range(300)]
    texts = [" ".join(rng.choices(kinds, k=rng.randint(1, 80))) for _ in range(400)]
    store = bm25s.BM25(k1=Lexical.K1, b=Lexical.B, method="lucene", backend="numpy")
    store.index([terms(text) for text in texts], show_progress=False)
    lexical = Lexical.build(texts)
    for _ in range(10):
        query = " ".join(rng.choices([*kinds, "unknown"], k=8))
        expected = store.get_scores([term for term in terms(query) if term in store.vocab_dict])
        np.testing.assert_allclose(lexical.scores(query), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("cut", [str.split, lambda text: [w[:3] for w in text.split()]])
def test_other_terms_are_counted_as_they_are_cut(cut):
    found = Lexical.build(["apple apply pear", "pear", "plum plum"], cut)
    assert found.search(["apple"], 3)[0][0].row == 0
    assert found.scores("plum")[2] > 0 and not found.scores("pl").any()


def test_only_passages_that_share_a_term_are_found_best_first():
    (found,) = Lexical.build(TEXTS).search(["opened pods"], 10)
    assert [one.row for one in found][:2] == [4, 0]
    assert {one.row for one in found} <= {0, 1, 4}
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    assert all(one.score > 0 for one in found)


@pytest.mark.parametrize("query", ["", " ", "?!", "zyx"])
def test_a_question_without_a_known_word_finds_nothing(query):
    assert Lexical.build(TEXTS).search([query], 3) == [[]]


def test_a_question_in_another_script_finds_nothing():
    assert Lexical.build(TEXTS[:3]).search(["возврат товара"], 3) == [[]]


@pytest.mark.parametrize("texts", [[""], ["?!", "…"]])
def test_passages_without_any_word_are_never_found(texts, tmp_path):
    lexical = Lexical.build(texts)
    assert lexical.search(["pods", ""], 5) == [[], []]
    lexical.save(tmp_path / "words")
    assert Lexical.load(tmp_path / "words", len(texts)).search(["pods"], 5) == [[]]


def test_one_passage_is_found():
    (found,) = Lexical.build(["Opened pods."]).search(["pods"], 5)
    assert [one.row for one in found] == [0] and found[0].score > 0


def test_equals_come_in_the_order_of_the_documents():
    (found,) = Lexical.build(["pods"] * 40).search(["pods"], 7)
    assert [one.row for one in found] == list(range(7))


def test_what_was_saved_gives_the_same_scores_and_holds_no_pickle(tmp_path):
    lexical = Lexical.build(TEXTS)
    lexical.save(tmp_path / "words")
    loaded = Lexical.load(tmp_path / "words", len(TEXTS))
    assert loaded.search(QUERIES, 5) == lexical.search(QUERIES, 5)
    files = sorted(tmp_path.glob("words/*"))
    assert loaded.scores("pods").dtype == np.float32
    assert files and {file.suffix for file in files} <= {".npy", ".json"}
    for file in files:
        if file.suffix == ".npy":
            np.load(file, allow_pickle=False)


@pytest.mark.parametrize("name", ["indices", "indptr"])
def test_damaged_places_are_refused_and_not_read_past_the_end(name, tmp_path):
    Lexical.build(TEXTS).save(tmp_path)
    file = tmp_path / f"{name}.npy"
    places = np.load(file)
    places[-1] += 10_000
    np.save(file, places)
    with pytest.raises(ValueError, match="ind"):
        Lexical.load(tmp_path, len(TEXTS))
