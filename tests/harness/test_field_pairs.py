"""Fields of JSON answers: items of lists paired as they fit best, null as good as absent."""

import itertools
import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.field_pairs import MOST_PAIRS, compare
from harness.metrics import metrics
from harness.types import Answer, Example, TaskSpec
from tests.harness.test_diagnosis import FILL, cell, look

SPEC = TaskSpec("t", "json", "i", schema='{"type": "object"}')


def fields(said, *wanted):
    example = Example("e", "q", tuple(json.dumps(one) for one in wanted))
    return metrics()["field_f1_score"].item(example, Answer("e", json.dumps(said)), SPEC).value


def items(*pairs):
    return {"items": [{"name": name, "n": n} for name, n in pairs]}


def test_a_number_that_stands_beside_the_other_items_name_is_wrong():
    assert fields(items(("a", 1), ("b", 2)), items(("b", 2), ("a", 1))) == 1
    assert fields(items(("a", 1), ("b", 2)), items(("a", 2), ("b", 1))) == 0.5
    # of three items a good pairing has 4 of 6 fields, the order of the file none
    said = items(("a", 1), ("b", 2), ("c", 3))
    assert fields(said, items(("b", 9), ("c", 3), ("a", 8))) == pytest.approx(4 / 6)


def test_items_that_are_missing_or_too_many_cost_their_fields():
    both, one = items(("a", 1), ("b", 2)), items(("b", 2))
    assert fields(one, both) == fields(both, one) == pytest.approx(2 * 2 / 6)
    assert fields(items(("a", 1), ("a", 1)), items(("a", 1))) == pytest.approx(2 * 2 / 6)


def test_lists_in_lists_have_no_order_and_keep_together_what_belongs_together():
    assert fields({"x": [[1, 2], [3]]}, {"x": [[3], [2, 1]]}) == 1
    assert fields({"x": [[1, 2], [3]]}, {"x": [[1, 3], [2]]}) == pytest.approx(2 / 3)
    rows = [{"rows": [{"a": 1, "b": [1, 2]}, {"a": 2, "b": [3]}]}]
    turned = [{"rows": [{"a": 2, "b": [3]}, {"a": 1, "b": [2, 1]}]}]
    assert fields({"t": rows}, {"t": turned}) == 1


@pytest.mark.parametrize(
    ("said", "wanted", "f1"),
    [
        ({"a": None, "b": 1}, {"b": 1}, 1),
        ({"b": 1}, {"a": None, "b": 1}, 1),
        ({"a": {"c": None}, "b": 1}, {"b": 1}, 1),
        ({"a": None}, {}, 1),
        ({"x": [None, 1]}, {"x": [1]}, 1),
        # a value where there is none to say, and none where there is one
        ({"a": 5, "b": 1}, {"a": None, "b": 1}, 2 / 3),
        ({"a": None, "b": 1}, {"a": 5, "b": 1}, 2 / 3),
        # to leave a list out is not to say that it is empty
        ({"b": 1}, {"a": [], "b": 1}, 2 / 3),
        ({"b": 1}, {"a": "", "b": 1}, 2 / 3),
        # one value is no list of one
        ({"a": 1}, {"a": [1]}, 0),
    ],
)
def test_null_is_as_good_as_absent_and_neither_a_hit_nor_a_miss(said, wanted, f1):
    assert fields(said, wanted) == pytest.approx(f1)


def test_the_best_reference_counts():
    assert fields(items(("a", 1)), items(("b", 2)), items(("a", 1))) == 1


VALUES = st.recursive(
    st.sampled_from([1, 2, True, None, "a", "A "]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("xyz"), inner),
    max_leaves=8,
)


def by_trying_all(said, wanted):
    """Fields in common under the best of all pairings; slow and plain."""
    if isinstance(said, dict) and isinstance(wanted, dict):
        return sum(by_trying_all(said[key], wanted[key]) for key in said.keys() & wanted.keys())
    if isinstance(said, list) and isinstance(wanted, list):
        few, many = sorted((told(said), told(wanted)), key=len)
        if not few:
            return int(not many)
        return max(
            sum(map(by_trying_all, few, some)) for some in itertools.permutations(many, len(few))
        )
    bare = not isinstance(said, dict | list | None) and not isinstance(wanted, dict | list | None)
    return int(bare and json.dumps(said).strip().lower() == json.dumps(wanted).strip().lower())


def told(items):
    """Items that say something."""
    return [one for one in items if compare(one, one).said]


@settings(deadline=None, max_examples=300)
@given(VALUES, VALUES)
def test_the_pairing_is_the_best_there_is_and_goes_both_ways(said, wanted):
    found, back = compare(said, wanted), compare(wanted, said)
    said, wanted = (json.loads(json.dumps(one).replace("A ", "a")) for one in (said, wanted))
    assert found.shared.total() == back.shared.total() == by_trying_all(said, wanted)
    assert (found.said, found.wanted) == (back.wanted, back.said)
    assert found.shared <= found.said and found.shared <= found.wanted
    assert compare(said, said).shared == compare(said, said).said


def test_beyond_so_many_pairs_items_are_taken_in_their_order_and_equal_ones_still_go_together():
    n = math.isqrt(MOST_PAIRS)
    for many, shared in ((n, n), (n + 1, (n + 1) % 2)):
        said = items(*((f"s{at}", at) for at in range(many)))
        wanted = items(*((f"w{at}", at) for at in reversed(range(many))))
        assert compare(said, wanted).shared.total() == shared
    right = items(*((f"n{at}", at) for at in range(40)))
    noise = items(*((f"m{at}", at) for at in range(3000)))
    noise["items"] += right["items"]
    assert fields(noise, right) == pytest.approx(2 * 80 / (2 * 3040 + 80))


def test_what_is_nested_beyond_all_measure_shares_nothing():
    deep = json.loads("[" * 400 + "1" + "]" * 400)
    other = json.loads("[" * 400 + "2" + "]" * 400)
    assert fields({"x": deep}, {"x": other}) == 0


def test_a_field_beside_the_wrong_item_is_told_as_wrong():
    heldout = [
        Example(f"h{at}", "x", (json.dumps({**items(("a", 1), ("b", 2)), "note": None}),))
        for at in range(6)
    ]
    swapped, invented = items(("a", 2), ("b", 1)), {**items(("a", 1), ("b", 2)), "note": "so"}
    texts = [
        json.dumps(one) for one in [swapped] * 3 + [invented] * 2 + [items(("b", 2), ("a", 1))]
    ]
    answers = [Answer(one.id, text) for one, text in zip(heldout, texts, strict=True)]
    found = look(FILL, heldout, [cell("prompt", answers)]).rungs["prompt"].fields
    wrong = {field.path: field.wrong.mean for field in found}
    assert wrong.pop("/note") == pytest.approx(2 / 6)
    assert list(wrong.values()) == [0.5] and wrong.keys() < {"/items[]/name", "/items[]/n"}
