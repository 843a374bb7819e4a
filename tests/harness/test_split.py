"""Splits: nothing straddles, counts and label shares hold, the same seed gives the same split."""

import random
from collections import Counter

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from harness.split import at_most, take, without_leaks
from harness.text import normalise
from harness.types import Example


def singles(n, labels=("a", "b", "c")):
    return [Example(f"e{i}", f"question {i}", (labels[i % len(labels)],)) for i in range(n)]


@st.composite
def corpora(draw):
    """Rows of 1 to 4 labels, some in groups, some asking the same question in other spelling."""
    n = draw(st.integers(2, 60))
    labels = draw(st.lists(st.sampled_from("abcd"), min_size=n, max_size=n))
    groups = draw(st.lists(st.sampled_from(["", "", "g1", "g2", "g3"]), min_size=n, max_size=n))
    questions = draw(st.lists(st.integers(0, n), min_size=n, max_size=n))
    spellings = draw(st.lists(st.sampled_from(["{}", "The {}!", " {}"]), min_size=n, max_size=n))
    return [
        Example(f"e{i}", spelling.format(f"Question {q}"), (label,), group=group)
        for i, (label, group, q, spelling) in enumerate(
            zip(labels, groups, questions, spellings, strict=True)
        )
    ]


def ties(examples):
    """Sets of ids that must stay together, by repeated merging; slow and plain."""
    sets = [{example.id} for example in examples]
    keys = [
        {f"q{normalise(example.question)}", *([f"g{example.group}"] if example.group else [])}
        for example in examples
    ]
    merged = True
    while merged:
        merged = False
        for i in range(len(sets)):
            for j in range(i):
                if sets[i] and sets[j] and keys[i] & keys[j]:
                    sets[j] |= sets[i]
                    keys[j] |= keys[i]
                    sets[i], keys[i], merged = set(), set(), True
    return [ids for ids in sets if ids]


@settings(deadline=None)
@given(corpora(), st.floats(0, 1), st.integers(0, 3), st.sampled_from(["label", "answer"]))
def test_no_group_straddles_and_the_count_is_met_within_the_largest_group(
    corpus, share, seed, kind
):
    count = round(share * len(corpus))
    rest, taken = take(corpus, count, kind, seed)
    ids = {example.id for example in taken}
    largest = 1
    for tied in ties(corpus):
        largest = max(largest, len(tied))
        assert not (tied & ids) or tied <= ids
    assert abs(len(taken) - count) <= largest
    assert len(taken) < len(corpus)
    assert sorted(e.id for e in (*rest, *taken)) == sorted(e.id for e in corpus)


@settings(deadline=None)
@given(corpora(), st.integers(0, 60), st.integers(0, 9))
def test_the_same_seed_gives_the_same_split_and_both_parts_keep_the_order(corpus, count, seed):
    first, second = take(corpus, count, "label", seed), take(corpus, count, "label", seed)
    assert first == second
    order = {example.id: place for place, example in enumerate(corpus)}
    for part in first:
        assert [order[e.id] for e in part] == sorted(order[e.id] for e in part)


def test_another_seed_gives_another_split():
    parts = {tuple(e.id for e in take(singles(60), 20, "label", s).taken) for s in range(5)}
    assert len(parts) == 5


@settings(deadline=None)
@given(
    st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 40), min_size=2),
    st.floats(0.05, 0.6),
    st.randoms(use_true_random=False),
)
def test_label_shares_hold_within_one_row_whatever_the_order_in_the_file(sizes, share, rng):
    labels = [label for label, size in sizes.items() for _ in range(size)]
    sorted_file = [Example(f"e{i}", f"q {i}", (label,)) for i, label in enumerate(labels)]
    shuffled = list(sorted_file)
    rng.shuffle(shuffled)
    count = round(share * len(labels))
    assume(count < len(labels))
    shares = []
    for file in (sorted_file, shuffled, sorted_file[::-1]):
        taken = take(file, count, "label", 0).taken
        assert len(taken) == count
        shares.append(Counter(e.references[0] for e in taken))
        for label, size in sizes.items():
            assert abs(shares[-1][label] - size * count / len(labels)) < 1
    assert shares[0] == shares[1] == shares[2]


def test_a_file_sorted_by_label_is_held_out_evenly():
    file = [Example(f"e{i}", f"q {i}", ("ab"[i // 50],)) for i in range(100)]
    labels = Counter(e.references[0] for e in take(file, 20, "label", 0).taken)
    assert labels == {"a": 10, "b": 10}


def test_rows_are_drawn_from_the_whole_file():
    places = [int(e.id[1:]) for e in take(singles(1000, ("a",)), 100, "answer", 0).taken]
    assert 400 < sum(places) / 100 < 600


@pytest.mark.parametrize("count", [10, 11, 50])
def test_never_everything_is_taken(count):
    rest, taken = take(singles(10), count, "label", 0)
    assert (len(rest), len(taken)) == (1, 9)


def test_one_group_of_all_rows_cannot_be_split():
    rows = [Example(f"e{i}", f"q {i}", ("a",), group="one") for i in range(10)]
    assert take(rows, 3, "label", 0).taken == ()


def test_a_group_larger_than_what_is_owed_is_passed_over():
    big = [Example(f"b{i}", f"b {i}", ("a",), group="big") for i in range(50)]
    taken = take([*big, *singles(50, ("a",))], 20, "answer", 0).taken
    assert len(taken) == 20
    assert not any(e.group for e in taken)


def grouped(*sizes):
    return [
        Example(f"e{g}-{i}", f"q {g} {i}", ("a",), group=f"g{g}")
        for g, size in enumerate(sizes)
        for i in range(size)
    ]


@pytest.mark.parametrize(
    ("sizes", "count", "groups_left", "taken"),
    [
        ((60, 60, 60, 60), 36, 1, 60),
        ((100, 100, 100, 100), 30, 1, 100),
        ((1, 60, 60, 60), 36, 1, 61),
        ((10, 60, 60), 12, 1, 10),
        ((60, 60), 30, 1, 60),
        ((60, 60), 30, 2, 0),
        ((10, 10, 90), 20, 2, 10),
        ((60, 60, 60), 0, 1, 0),
    ],
    ids=[
        "all too large", "all far too large", "one that is tiny", "one that fits", "two groups",
        "two that must stay", "two that fit, of which one must stay", "none asked for",
    ],
)  # fmt: skip
def test_where_groups_are_larger_than_what_is_owed_the_smallest_is_taken_if_another_stays(
    sizes, count, groups_left, taken
):
    cut = take(grouped(*sizes), count, "answer", 0, groups_left)
    assert len(cut.taken) == taken
    assert len({e.group for e in cut.rest}) >= groups_left


def test_no_more_rows_than_the_most_are_drawn_whatever_their_groups():
    assert len(at_most(grouped(*[60] * 9), 400, "answer", 0)) == 360
    assert at_most(grouped(60, 60), 30, "answer", 0) == ()


def test_unanswerable_rows_of_a_label_task_are_a_stratum_of_their_own():
    rows = [*singles(40, ("a",)), *(Example(f"u{i}", f"u {i}", ()) for i in range(40))]
    taken = take(rows, 20, "label", 0).taken
    assert sum(e.answerable for e in taken) == 10


# Leaks


def test_training_rows_that_ask_a_held_out_question_are_taken_away():
    heldout = [Example("h", "How long is the warranty?", ("2 years",))]
    train = [
        Example("same", "how long is warranty", ("2 years",)),
        Example("other", "How long is the delivery?", ("2 days",)),
    ]
    rest, leaked = without_leaks(train, heldout)
    assert [e.id for e in rest] == ["other"]
    assert [e.id for e in leaked] == ["same"]


def test_training_rows_of_a_held_out_group_are_taken_away_and_no_group_is_no_group():
    heldout = [Example("h1", "one", ("x",), group="g"), Example("h2", "two", ("x",))]
    train = [Example("t1", "three", ("x",), group="g"), Example("t2", "four", ("x",))]
    rest, leaked = without_leaks(train, heldout)
    assert [e.id for e in rest] == ["t2"]
    assert [e.id for e in leaked] == ["t1"]


def test_questions_of_marks_only_are_not_all_alike():
    rest, leaked = without_leaks([Example("t", "???", ("x",))], [Example("h", "!", ("x",))])
    assert (len(rest), len(leaked)) == (1, 0)


@settings(deadline=None)
@given(corpora(), st.integers(1, 30), st.integers(0, 3))
def test_what_take_has_parted_holds_no_leak(corpus, count, seed):
    rest, taken = take(corpus, count, "label", seed)
    assert without_leaks(rest, taken).taken == ()


@settings(deadline=None)
@given(corpora(), st.randoms(use_true_random=False))
def test_after_removal_no_question_and_no_group_is_on_both_sides(corpus, rng):
    rows = list(corpus)
    random.Random(rng.random()).shuffle(rows)
    heldout, train = rows[: len(rows) // 3], rows[len(rows) // 3 :]
    rest, leaked = without_leaks(train, heldout)
    assert len(rest) + len(leaked) == len(train)
    for row in rest:
        for other in heldout:
            assert normalise(row.question) != normalise(other.question)
            assert not row.group or row.group != other.group
