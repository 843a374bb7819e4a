"""Waiting times: the median of a table, a tail by nearest rank, and none read off too few."""

import statistics

import numpy as np
import pytest

from harness.latency import latency_of
from harness.types import Answer


def waits(seconds, seeds=1):
    return [
        Answer(f"q{i}", "", latency_s=one) for _ in range(seeds) for i, one in enumerate(seconds)
    ]


@pytest.mark.parametrize("n", [1, 2, 6, 7, 20, 24, 100])
def test_median_and_tail_are_those_of_an_independent_implementation(n):
    seconds = np.random.default_rng(n).permutation(np.arange(1.0, n + 1)).tolist()
    found = latency_of(waits(seconds))
    assert found.p50 == np.percentile(seconds, 50) and found.slowest == n and found.n == n
    if n < 20:
        assert found.p95 is None
    else:
        assert found.p95 == np.percentile(seconds, 95, method="inverted_cdf")


def test_the_same_few_questions_at_many_seeds_do_not_make_a_tail_known():
    found = latency_of(waits([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], seeds=5))
    assert found.n == 30 and found.p95 is None and found.p50 == statistics.median(range(1, 7))


def test_answers_of_a_batch_have_no_waiting_time():
    found = latency_of([Answer("q1", ""), Answer("q2", "", latency_s=2.0)])
    assert (found.p50, found.n) == (2.0, 1)
    assert latency_of([Answer("q1", "")]).p50 is None
