import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.ranking import Ranked, best, reciprocal_rank, standard

ORDERS = st.lists(
    st.lists(st.integers(0, 30), unique=True, max_size=20), min_size=1, max_size=3
).map(lambda lists: [[Ranked(row, float(-at)) for at, row in enumerate(rows)] for rows in lists])


@given(ORDERS, st.integers(1, 25))
def test_fused_ranks_are_the_sum_of_reciprocals(orders, k):
    rows = {one.row for order in orders for one in order}
    expected = {
        row: sum(
            1 / (60 + place)
            for order in orders
            for place, one in enumerate(order, start=1)
            if one.row == row
        )
        for row in rows
    }
    fused = reciprocal_rank(orders, k)
    assert len(fused) == min(k, len(rows)) == len({one.row for one in fused})
    for one in fused:
        assert one.score == pytest.approx(expected[one.row] * 61 / len(orders))
    left = [expected[row] for row in rows - {one.row for one in fused}]
    assert all(expected[one.row] >= most - 1e-12 for one in fused for most in left)
    assert [one.score for one in fused] == sorted((one.score for one in fused), reverse=True)


def test_first_in_every_order_scores_one():
    orders = [[Ranked(7, 0.9), Ranked(2, 0.8)], [Ranked(7, 31.0), Ranked(5, 2.0)]]
    assert reciprocal_rank(orders, 1) == [Ranked(7, 1.0)]


def test_of_equals_the_first_order_decides():
    orders = [[Ranked(9, 1.0)], [Ranked(3, 1.0)]]
    assert [one.row for one in reciprocal_rank(orders, 2)] == [9, 3]


def test_an_order_without_anything_in_it_changes_nothing():
    order = [Ranked(4, 1.0), Ranked(1, 0.5)]
    assert [one.row for one in reciprocal_rank([[], order], 5)] == [4, 1]
    assert reciprocal_rank([[], []], 5) == []


@given(
    st.lists(st.sampled_from([0.0, 0.5, 1.0, 1.5, 2.0, -1.0]), min_size=1, max_size=40),
    st.integers(0, 50),
)
def test_the_best_are_those_of_a_full_sort(scores, k):
    array = np.array(scores)
    order = sorted((row for row in range(len(scores)) if scores[row] > 0), key=lambda r: -scores[r])
    assert best(array, k) == [Ranked(row, scores[row]) for row in order[:k]]


def test_standard_scores_have_mean_nought_and_spread_one():
    scores = standard(np.array([3.0, 5.0, 1.0, 7.5], dtype=np.float32))
    assert scores.mean() == pytest.approx(0.0) and scores.std() == pytest.approx(1.0)


@pytest.mark.parametrize("scores", [[2.5], [0.1] * 7, [0.0, 0.0], [33.3] * 101])
def test_where_all_are_equal_none_stands_out(scores):
    assert standard(np.array(scores, dtype=np.float32)).tolist() == [0.0] * len(scores)
