"""Flips against brute force, random weightings against an exact case."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.sensitivity import acceptability, sensitivity


def utilities(values, weights, at, t):
    """By the definition: one criterion gets t, the others share the rest as they do now."""
    rest = weights.copy()
    rest[at] = 0
    scaled = rest / rest.sum() * (1 - t)
    scaled[at] = t
    return values @ scaled


def brute_force(values, weights, at, steps=2_001):
    """(nearest change below, above) of the first place, and who comes first beyond, on a grid."""
    now = weights[at]
    first = int(np.argmax(values @ weights))
    grid = np.linspace(0, 1, steps)
    best = np.argmax([utilities(values, weights, at, t) for t in grid], axis=1)
    up = next(((t, b) for t, b in zip(grid, best) if t > now and b != first), None)  # noqa: B905
    down = next(
        ((t, b) for t, b in zip(grid[::-1], best[::-1]) if t < now and b != first),  # noqa: B905
        None,
    )
    return down, up


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.integers(2, 5), st.integers(2, 5))
def test_the_closed_form_is_what_trying_every_weight_finds(seed, n_rungs, n_criteria):
    rng = np.random.default_rng(seed)
    values = rng.random((n_rungs, n_criteria))
    weights = rng.dirichlet(np.ones(n_criteria))
    if weights.max() > 0.98:
        return
    rungs = [f"r{i}" for i in range(n_rungs)]
    keys = [f"c{i}" for i in range(n_criteria)]
    found = {(f.criterion, f.direction): f for f in sensitivity(rungs, keys, values, weights).flips}
    for at, key in enumerate(keys):
        down, up = brute_force(values, weights, at, steps=2_001)
        for direction, tried in (("less", down), ("more", up)):
            flip = found.get((key, direction))
            if tried is None:
                # beyond the last point of the grid a change can hide
                assert flip is None or not 0.0005 < flip.at < 0.9995
                continue
            assert flip is not None
            assert flip.at == pytest.approx(tried[0], abs=0.0011)
            beyond = flip.at + (1e-7 if direction == "more" else -1e-7)
            assert rungs[int(np.argmax(utilities(values, weights, at, beyond)))] == flip.rung


def test_a_flip_by_hand():
    # a leads by 0.4 on quality, b by 0.6 on speed: at speed 0.4 / (0.4 + 0.6) they are level
    values = np.array([[0.9, 0.2], [0.5, 0.8]])
    found = sensitivity(["a", "b"], ["quality", "speed"], values, np.array([0.8, 0.2]))
    (less, more) = sorted(found.flips, key=lambda flip: flip.direction)
    assert (less.criterion, less.rung) == ("quality", "b") and less.at == pytest.approx(0.6)
    assert (more.criterion, more.rung) == ("speed", "b") and more.at == pytest.approx(0.4)
    assert [(w.criterion, w.rung) for w in found.without] == [("quality", "b"), ("speed", "a")]


def test_a_rung_that_is_best_in_everything_never_loses_the_first_place():
    values = np.array([[0.5, 0.5, 0.5], [0.9, 0.6, 0.7]])
    found = sensitivity(["a", "b"], ["x", "y", "z"], values, np.array([0.2, 0.3, 0.5]))
    assert found.flips == ()
    assert {one.rung for one in found.without} == {"b"}
    assert found.acceptability[1].places == (1.0, 0.0)


def test_with_all_weight_on_one_criterion_the_others_count_alike():
    values = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.5]])
    found = sensitivity(["a", "b"], ["x", "y", "z"], values, np.array([1.0, 0.0, 0.0]))
    (flip,) = [one for one in found.flips if one.criterion == "x"]
    # at x: a has x, b has (1 − x) · 0.75
    assert flip.direction == "less" and flip.at == pytest.approx(0.75 / 1.75)


def test_leaving_a_criterion_out_is_the_order_at_weight_zero():
    rng = np.random.default_rng(5)
    for _ in range(50):
        values, weights = rng.random((4, 3)), rng.dirichlet([1, 1, 1])
        found = sensitivity(list("abcd"), list("xyz"), values, weights)
        for at, one in enumerate(found.without):
            assert one.rung == "abcd"[int(np.argmax(utilities(values, weights, at, 0.0)))]


def test_random_weightings_of_two_criteria_have_the_exact_share():
    # two criteria: the weight of the first is uniform on 0..1; a wins where 0.2 + 0.6 w > 0.5
    values = np.array([[0.8, 0.2], [0.5, 0.5], [0.1, 0.45]])
    found = acceptability(["a", "b", "c"], values, seed=0, weightings=40_000)
    by = {one.rung: one.places for one in found}
    # c passes a below w = 0.25 / 0.95
    level = 0.25 / 0.95
    assert by["a"] == pytest.approx((0.5, 0.5 - level, level), abs=0.01)
    assert by["b"] == pytest.approx((0.5, 0.5, 0.0), abs=0.01)
    assert by["c"] == pytest.approx((0.0, level, 1 - level), abs=0.01)


def test_random_weightings_of_three_alike_but_turned_are_thirds():
    values = np.eye(3)
    for one in acceptability(list("abc"), values, weightings=30_000):
        assert one.places == pytest.approx((1 / 3, 1 / 3, 1 / 3), abs=0.012)
    again = acceptability(list("abc"), values, weightings=30_000)
    assert again == acceptability(list("abc"), values, weightings=30_000), "the seed is fixed"


def test_places_add_up_whichever_way_they_are_counted():
    values = np.random.default_rng(2).random((5, 4))
    found = acceptability(list("abcde"), values)
    assert all(sum(one.places) == pytest.approx(1) for one in found)
    for place in range(5):
        assert sum(one.places[place] for one in found) == pytest.approx(1)


def test_a_tie_goes_to_the_lesser_effort():
    values = np.array([[0.5, 0.5], [0.5, 0.5]])
    found = sensitivity(["a", "b"], ["x", "y"], values, np.array([0.5, 0.5]))
    assert found.acceptability[0].places == (1.0, 0.0)
    assert found.flips == () and {one.rung for one in found.without} == {"a"}
