"""What must hold for any two arms."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.compare import holm, paired

SCORE = st.one_of(st.none(), st.sampled_from([0.0, 1.0]), st.floats(0, 1, width=16))
RIGHT_OR_WRONG = st.one_of(st.none(), st.sampled_from([0, 1]))
ITEMS = st.one_of(
    st.lists(st.tuples(SCORE, SCORE, st.sampled_from("abcdef")), max_size=40),
    st.lists(st.tuples(RIGHT_OR_WRONG, RIGHT_OR_WRONG, st.just(None)), max_size=60),
)
MARGIN = st.sampled_from([0.0, 0.03, 0.2])


def arms(items):
    return [item[0] for item in items], [item[1] for item in items], [item[2] for item in items]


@settings(max_examples=80, deadline=None)
@given(items=ITEMS, margin=MARGIN)
def test_exchanging_the_arms_mirrors_everything(items, margin):
    a, b, clusters = arms(items)
    there = paired(a, b, margin=margin, clusters=clusters)
    back = paired(b, a, margin=margin, clusters=clusters)
    assert back.verdict == {"better": "worse", "worse": "better"}.get(there.verdict, there.verdict)
    assert (back.p, back.n_needed, back.n_failed) == (there.p, there.n_needed, there.n_failed)
    if there.n:
        assert back.difference == -there.difference
        assert (back.low, back.high) == (-there.high, -there.low)


@settings(max_examples=80, deadline=None)
@given(items=ITEMS, margin=MARGIN)
def test_the_words_follow_from_the_numbers(items, margin):
    a, b, clusters = arms(items)
    result = paired(a, b, margin=margin, clusters=clusters)
    assert result.n + result.n_failed == len(items)
    if result.n == 0:
        assert result.verdict == "inconclusive"
        return
    assert -1 <= result.low <= result.low_90 <= result.difference + 1e-12
    assert result.difference - 1e-12 <= result.high_90 <= result.high <= 1
    assert result.low < result.high
    inside = -margin < result.low_90 and result.high_90 < margin
    assert (result.verdict == "equivalent") == inside
    if result.verdict in {"better", "worse"}:
        assert result.p_adjusted < 0.05
        assert result.low > 0 if result.verdict == "better" else result.high < 0
    if result.n_needed is not None:
        assert result.verdict == "inconclusive"
        assert result.n_needed > result.n


@settings(max_examples=60, deadline=None)
@given(items=ITEMS, order=st.randoms(use_true_random=False))
def test_the_order_of_the_items_does_not_matter(items, order):
    shuffled = items.copy()
    order.shuffle(shuffled)
    (a, b, clusters), (c, d, moved) = arms(items), arms(shuffled)
    one, other = paired(a, b, clusters=clusters), paired(c, d, clusters=moved)
    assert (one.verdict, one.n, one.units) == (other.verdict, other.n, other.units)
    if one.n:
        assert other.p == pytest.approx(one.p, abs=1e-12)
        assert (other.low, other.high) == pytest.approx((one.low, one.high), abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(
    differences=st.lists(st.integers(-32, 32), min_size=2, max_size=40),
    shift=st.integers(0, 64),
)
def test_what_both_arms_gain_alike_does_not_matter(differences, shift):
    # Multiples of 1/128 between .25 and .75, then up by at most .25: all sums are exact.
    b = np.full(len(differences), 0.25) + 0.25
    a = b + np.array(differences) / 128
    both = shift / 256
    one, other = paired(a, b), paired(a + both, b + both)
    assert (one.difference, one.low, one.p, one.verdict) == (
        other.difference,
        other.low,
        other.p,
        other.verdict,
    )


@settings(max_examples=30, deadline=None)
@given(families=st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=6))
def test_holm_never_claims_more_than_each_contrast_alone(families):
    family = [
        paired(
            [1] * gains + [0] * (40 - gains),
            [0] * gains + [1] * losses + [0] * (40 - gains - losses),
        )
        for gains, losses in families
    ]
    for alone, together in zip(family, holm(family), strict=True):
        assert alone.p <= together.p_adjusted <= min(1.0, len(family) * alone.p)
        assert together.verdict in {alone.verdict, "inconclusive"}
