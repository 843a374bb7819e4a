"""What the audit says about answers: uneven, sorted, doubtful, oddly named, too few."""

import random
from dataclasses import replace

import pytest

from advisor.audit.finders import imbalance, label_names, label_noise, ordered, too_few
from advisor.audit.finders.label_noise import doubtful
from advisor.audit.finding import Material
from harness.types import Example, TaskSpec

LABELS = TaskSpec("Desk", "label", "Which queue?")

WORDS = {
    "billing": ["invoice", "payment", "refund", "charge", "receipt", "tax"],
    "delivery": ["parcel", "courier", "address", "tracking", "box", "van"],
    "account": ["password", "login", "email", "profile", "username", "code"],
}


def labelled(*labels, prefix="r"):
    return tuple(
        Example(f"{prefix}{at}", f"Text {at}", (label,)) for at, label in enumerate(labels)
    )


def material(learning, heldout=(), *, spec=LABELS):
    return Material(
        spec=spec,
        problems=(),
        examples=(*learning, *heldout),
        learning=tuple(learning),
        heldout=tuple(heldout),
        leaked=(),
        documents=(),
        context_tokens=2048,
    )


def found(module, *args, **named):
    return list(module.FINDER.find(material(*args, **named)))


# imbalance


@pytest.mark.parametrize(
    ("counts", "fires"),
    [
        ({"ham": 87, "spam": 13}, True),
        ({"ham": 70, "spam": 30}, False),
        ({"yes": 55, "no": 34, "maybe": 11}, True),
        ({"yes": 45, "no": 34, "maybe": 21}, False),
        ({"a": 40, "b": 30, "c": 25, "d": 5}, False),
        ({"a": 50, "b": 30, "c": 17, "d": 3}, True),
        ({"a": 40, "b": 30, "c": 26, "d": 4}, True),
        ({"a": 9, "b": 0}, False),
    ],
)
def test_a_label_that_dominates_or_dwarfs_another_is_uneven(counts, fires):
    learning = labelled(*[label for label, n in counts.items() for _ in range(n)])
    assert bool(found(imbalance, learning)) is fires


def test_an_uneven_set_lists_the_scarce_rows_and_says_what_guessing_scores():
    (uneven,) = found(imbalance, labelled(*["ham"] * 26, *["spam"] * 4))
    assert uneven.rows == ("r26", "r27", "r28", "r29")
    assert "87 % of the rows have the label ham" in uneven.message
    assert "right 87 % of the time" in uneven.message
    assert "macro_f1_score" in uneven.fix


def test_the_same_answer_to_most_questions_is_uneven_for_any_kind():
    spec = replace(LABELS, kind="answer")
    (uneven,) = found(imbalance, labelled(*["yes"] * 20, *"abcde"), spec=spec)
    assert "80 % of the rows have the same answer" in uneven.message


# order


def test_a_file_sorted_by_label_is_ordered_with_the_figures():
    (sorted_file,) = found(ordered, labelled(*["a"] * 30, *["b"] * 30))
    assert (sorted_file.severity, sorted_file.count) == ("info", 60)
    assert (
        "changes 1 times, where a shuffled file would change about 30 times" in sorted_file.message
    )


def test_a_shuffled_file_is_not_ordered():
    labels = ["a"] * 30 + ["b"] * 30
    random.Random(1).shuffle(labels)
    assert found(ordered, labelled(*labels)) == []


def test_too_few_changes_are_expected_of_a_small_file_to_tell():
    assert found(ordered, labelled(*["a"] * 8, *["b"] * 8)) == []


# doubtful labels


def desk(n, wrong=()):
    """n questions in three subjects; the rows in `wrong` carry the next label."""
    chance = random.Random(0)
    names = list(WORDS)
    rows = []
    for at in range(n):
        place = at % 3
        question = "my " + " ".join(chance.sample(WORDS[names[place]], 3))
        label = names[(place + 1) % 3] if at in wrong else names[place]
        rows.append(Example(f"r{at}", question, (label,)))
    return rows


def test_planted_label_errors_are_found_with_the_label_that_was_right():
    doubts = doubtful(desk(300, wrong={10, 50, 100}), "en")
    assert {(doubt.example.id, doubt.likelier) for doubt in doubts} == {
        ("r10", "delivery"),
        ("r50", "account"),
        ("r100", "delivery"),
    }
    (finding,) = found(label_noise, desk(300, wrong={10, 50, 100}))
    assert finding.severity == "info"
    assert "3 of 300 rows (1 %)" in finding.message
    assert "r10 is account and reads like delivery" in finding.message


def test_clean_labels_raise_no_doubt():
    assert doubtful(desk(150), "en") == []


def test_labels_that_words_do_not_tell_apart_are_not_doubted():
    chance = random.Random(3)
    rows = [replace(row, references=(chance.choice("ab"),)) for row in desk(150)]
    assert doubtful(rows, "en") == []


def test_labels_of_few_rows_and_small_sets_are_left_alone():
    rare = [*desk(150), Example("x", "my invoice payment refund", ("rare",))]
    assert doubtful(rare, "en") == []
    assert doubtful(desk(99, wrong={10}), "en") == []


# names of labels


def test_two_labels_in_one_are_called_out_and_a_plus_in_a_name_is_not():
    (joined,) = found(label_names, labelled("flight", "fare", "flight+fare", "flight+hotel", "A+"))
    assert (joined.code, joined.rows, joined.severity) == ("label_noise", ("r2",), "warning")
    assert "flight+fare" in joined.message


def test_spellings_of_one_label_are_called_out():
    (twins,) = found(label_names, labelled("card lost", "Card_Lost", "card late"))
    assert twins.rows == ("r0", "r1")
    assert "Card_Lost and card lost" in twins.message


def test_of_two_spellings_the_rows_of_the_rarer_one_are_listed():
    many = labelled(*["ham"] * 20, "HAM", "spam", "Ham", *["spam"] * 5)
    (twins,) = found(label_names, many)
    assert (twins.rows, twins.count) == (("r20", "r22"), 2)
    assert "the rows listed have the rarer spelling" in twins.fix


# numbers of rows


def said(*args, **named):
    return [(one.severity, one.message.split(":")[0]) for one in found(too_few, *args, **named)]


@pytest.mark.parametrize(
    ("heldout", "severity", "words"),
    [
        (6, "warning", "at least 7 questions must differ"),
        (29, "warning", "about 35 points between two of 5 rungs"),
        (30, "warning", "about 34 points"),
        (99, "warning", "about 18 points"),
        (100, "info", "about 18 points"),
        (299, "info", "about 11 points"),
    ],
)
def test_the_held_out_set_says_what_can_be_seen_with_it(heldout, severity, words):
    (small,) = found(too_few, labelled(*"ab" * 150), labelled(*["a"] * heldout, prefix="h"))
    assert (small.severity, small.count, small.rows) == (severity, heldout, ())
    assert words in small.message
    assert ("smoke test" in small.message) == (heldout < 30)


def test_three_hundred_of_either_side_are_enough():
    assert said(labelled(*"ab" * 150), labelled(*"ab" * 150, prefix="h")) == []


@pytest.mark.parametrize(
    ("groups", "told"), [(1, False), (4, False), (5, True), (7, True), (8, False), (300, False)]
)
def test_held_out_rows_of_few_documents_can_show_nothing_and_that_is_told(groups, told):
    rows = labelled(*["a"] * 300, prefix="h")
    heldout = [replace(row, context_ids=(f"d{i % groups}",)) for i, row in enumerate(rows)]
    few = [one for one in found(too_few, labelled(*"ab" * 150), heldout) if "group" in one.message]
    assert [(one.severity, one.count) for one in few] == [("warning", groups)] * told
    assert all("at least 8 documents or groups must differ" in one.message for one in few)


def test_without_a_split_nothing_is_said_about_held_out_rows():
    assert said(labelled(*"ab" * 30)) == [("info", "60 rows before any are held out")]


@pytest.mark.parametrize(
    ("kind", "n", "severities"),
    [
        ("text", 49, ["warning"]),
        ("text", 99, ["info"]),
        ("text", 100, []),
        ("json", 199, ["info"]),
        ("answer", 999, ["info"]),
        ("answer", 1000, []),
    ],
)
def test_how_many_rows_tuning_takes_depends_on_the_kind(kind, n, severities):
    learning = labelled(*["a"] * n)
    assert [s for s, _ in said(learning, spec=replace(LABELS, kind=kind))] == severities


def test_labels_with_few_rows_with_none_to_learn_from_and_with_none_at_all():
    spec = replace(LABELS, labels=("a", "b", "c", "d"))
    learning = labelled(*["a"] * 150, *["b"] * 46, *["c"] * 4)
    heldout = labelled(*["a"] * 299, "z", prefix="h")
    rare, unseen, empty = found(too_few, learning, heldout, spec=spec)
    assert (rare.severity, rare.rows) == ("warning", ("r196", "r197", "r198", "r199"))
    assert "1 of 3 have fewer than 5 rows to learn from (c)" in rare.message
    assert (unseen.severity, unseen.rows) == ("warning", ("h299",))
    assert "z, on 1 held-out row. The model is not offered them as answers" in unseen.message
    assert "or name all labels under [task] labels" in unseen.fix
    assert (empty.severity, empty.count) == ("info", 1)
    assert empty.message.startswith("Labels without any row: d.")
    _, named, _ = found(too_few, learning, heldout, spec=replace(spec, labels=("a", "d", "z")))
    assert "z, on 1 held-out row. No demonstration shows them" in named.message
    assert named.fix == "Add rows with these labels to what is learned from."
