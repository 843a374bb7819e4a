import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import label_ranking_average_precision_score, ndcg_score

from rag.measure import ndcg, recall, reciprocal_rank


@given(st.lists(st.booleans(), min_size=2, max_size=30).filter(any), st.integers(1, 35))
def test_ndcg_is_that_of_scikit_learn(right, k):
    order = -np.arange(len(right))[None]
    expected = ndcg_score(np.array([right], dtype=float), order, k=k)
    assert ndcg(right, k, sum(right)) == pytest.approx(expected)


@given(st.integers(0, 19), st.integers(1, 20))
def test_with_one_right_passage_the_reciprocal_rank_is_the_average_precision(place, length):
    right = [at == place for at in range(length)]
    if not any(right):
        assert reciprocal_rank(right) == 0.0
    elif length > 1:
        order = -np.arange(length)[None]
        expected = label_ranking_average_precision_score(np.array([right]), order)
        assert reciprocal_rank(right) == pytest.approx(expected) == 1 / (place + 1)


@pytest.mark.parametrize(
    ("right", "k", "found"),
    [([False, True], 1, 0.0), ([False, True], 2, 1.0), ([], 3, 0.0), ([True] * 3, 1, 1.0)],
)
def test_recall_asks_for_one_right_passage_among_the_first(right, k, found):
    assert recall(right, k) == found


def test_right_passages_that_were_not_found_lower_the_gain():
    assert ndcg([True], 3, 1) == 1.0
    assert ndcg([True], 3, 3) == pytest.approx(1 / (1 + 1 / np.log2(3) + 0.5))
    assert ndcg([False, False], 2, 4) == 0.0


def test_where_nothing_is_right_there_is_no_gain_to_speak_of():
    assert ndcg([False], 3, 0) is None
