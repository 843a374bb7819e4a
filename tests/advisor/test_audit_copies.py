"""Rows that say the same: repeats, near copies, leaks across the split, contradictions."""

import math
import random
from dataclasses import replace

import pytest

from advisor.audit.finders import contradiction, duplicate, leak, near_duplicate
from advisor.audit.finding import Material
from advisor.audit.near import CopyIndex
from harness.types import Example, TaskSpec

LABELS = TaskSpec("Desk", "label", "Which queue?")
TEXTS = TaskSpec("Shop", "text", "Describe it.")
ANSWERS = TaskSpec("Desk", "answer", "Answer.", abstention="I do not know.")
JSON = TaskSpec("Desk", "json", "Extract.")

FILLER = [
    ("How do I top up by bank transfer?", "top_up"),
    ("Which currencies can I hold?", "currency"),
    ("The cash machine swallowed my card.", "card_swallowed"),
    ("When does my new card arrive?", "card_arrival"),
    ("I want to close my account today.", "close"),
    ("Can my daughter have an account?", "age_limit"),
    ("Why was I charged a fee abroad?", "fee"),
    ("What is the daily limit for cash?", "limit"),
]


def rows(*pairs, prefix="r"):
    """(question, reference, …) to examples r0, r1, …"""
    return tuple(
        Example(f"{prefix}{at}", pair[0], tuple(pair[1:])) for at, pair in enumerate(pairs)
    )


def material(learning, heldout=(), *, spec=LABELS, leaked=()):
    return Material(
        spec=spec,
        problems=(),
        examples=(*learning, *heldout, *leaked),
        learning=tuple(learning),
        heldout=tuple(heldout),
        leaked=tuple(leaked),
        documents=(),
        context_tokens=2048,
    )


def found(module, *args, **named):
    return list(module.FINDER.find(material(*args, **named)))


# repeats


def test_a_repeat_has_the_same_question_and_answer_up_to_case_and_punctuation():
    learning = rows(*FILLER, ("Where is my card?", "lost"), ("where is my card", "lost"))
    (repeat,) = found(duplicate, learning)
    assert (repeat.count, repeat.rows, repeat.severity) == (1, ("r9",), "warning")
    assert "1 of 10 rows (10 %)" in repeat.message


def test_the_same_question_with_another_answer_is_no_repeat():
    assert (
        found(duplicate, rows(("Where is my card?", "lost"), ("Where is my card?", "late"))) == []
    )


def test_the_same_row_on_both_sides_of_the_split_is_a_leak_and_not_a_repeat():
    learning, heldout = rows(*FILLER), rows(FILLER[0], prefix="h")
    assert found(duplicate, learning, heldout) == []


def test_repeats_in_the_held_out_set_are_counted_apart():
    (repeat,) = found(duplicate, rows(*FILLER), rows(FILLER[0], FILLER[0], prefix="h"))
    assert repeat.rows == ("h1",)
    assert "1 of 10 rows (10 %), 1 of them held out" in repeat.message


def test_questions_of_punctuation_alone_are_repeats_only_where_they_are_equal():
    (repeat,) = found(duplicate, rows(*FILLER, (":)", "good"), (":(", "good"), (":)", "good")))
    assert repeat.rows == ("r10",)


# near copies


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("The cash machine swallowed my card.", "The cash machine swalowed my card"),
        ("The cash machine swallowed my card.", "My card, the cash machine swallowed the card!"),
        ("Can my daughter have an account?", "Can my daughters have an account?"),
    ],
)
def test_slips_endings_and_word_order_make_near_copies(first, second):
    learning = rows(*[pair for pair in FILLER if pair[0] != first], (first, "x"), (second, "x"))
    (copies,) = found(near_duplicate, learning)
    assert copies.rows == (learning[-1].id,)
    assert f"{learning[-1].id} and {learning[-2].id}" in copies.message


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("How do I activate my card?", "How do I locate my card?"),
        ("When does my new card arrive?", "When does my new phone arrive?"),
        ("What happened in 1990?", "What happened in 1991?"),
        ("Send 20 to account 44110007", "Send 20 to account 44110008"),
        ("Lost card", "Lost phone"),
    ],
)
def test_short_questions_that_differ_in_the_word_that_matters_are_not(first, second):
    assert found(near_duplicate, rows(*FILLER, (first, "x"), (second, "x"))) == []


def test_near_copies_with_different_labels_are_left_to_other_finders():
    pair = ("The cash machine swallowed my card.", "The cash machine swalowed my card")
    assert found(near_duplicate, rows(*FILLER, (pair[0], "a"), (pair[1], "b"))) == []


def test_facts_that_differ_in_one_slot_are_not_copies_where_the_texts_differ():
    learning = rows(
        ("name[Aromi], food[English], rating[5 of 5], area[riverside], family[yes]",
         "Aromi by the river serves English food to families."),
        ("name[Aromi], food[English], rating[5 of 5], area[riverside], family[no]",
         "A place for adults: Aromi, English cooking on the riverside."),
    )  # fmt: skip
    assert found(near_duplicate, learning, spec=TEXTS) == []


def test_turkish_letters_are_folded_by_the_language_of_the_task():
    spec = replace(LABELS, language="tr")
    questions = ("IŞIĞI NASIL KAPATIRIM?", "ışığı nasıl kapatırım")
    learning = rows(*FILLER, (questions[0], "x"), (questions[1], "x"))
    (copies,) = found(near_duplicate, learning, spec=spec)
    assert copies.rows == ("r9",)


def naive_copy(a, b, texts):
    """By the definition: few words differ, and they weigh little."""
    if len(a - b) > 1 + len(a) // 10 or len(b - a) > 1 + len(b) // 10:
        return False
    weight = {w: math.log(1 + len(texts) / sum(w in text for text in texts)) for w in a | b}
    return sum(weight[word] for word in a & b) >= 0.85 * sum(weight.values())


def test_looking_up_by_rare_words_misses_nothing_that_comparing_all_pairs_finds():
    chance = random.Random(0)
    words = [f"w{at}" for at in range(60)]  # words with figures are never slips of each other
    texts = []
    for length in (8, 9, 12, 19, 20, 21):
        for _ in range(6):
            base = chance.choices(words, k=length)
            for changed in range(4):
                places = chance.sample(range(length), changed)
                text = [chance.choice(words[:6]) if p in places else base[p] for p in range(length)]
                texts.append(" ".join(text))
    examples = rows(*((text, "x") for text in dict.fromkeys(texts)))
    sets = [set(example.question.split()) for example in examples]
    index = CopyIndex(examples, LABELS)
    by_search, by_pairs = [], []
    for at, example in enumerate(examples):
        by_search.append(index.find(example) is not None)
        by_pairs.append(any(naive_copy(sets[at], other, sets) for other in sets[:at]))
        index.add(example)
    assert by_search == by_pairs
    assert 20 < sum(by_search) < len(examples) - 20


class Counting(CopyIndex):
    """Counts the rows that are compared in full."""

    compared = 0

    def _is_copy(self, words, theirs):
        Counting.compared += 1
        return super()._is_copy(words, theirs)


@pytest.mark.parametrize("number", [True, False], ids=["numbered", "named"])
def test_rows_of_one_pattern_are_each_compared_with_few_others(number):
    chance = random.Random(0)
    made = [f"w{chr(97 + at // 20)}{chr(97 + at % 20)}" for at in range(200)]
    rows_made = []
    for at in range(2000):
        verb, noun, colour = (chance.choice(made[k : k + 40]) for k in (0, 40, 80))
        last = str(at) if number else chance.choice(made[120:])
        rows_made.append((f"Please {verb} my {colour} {noun} of order {last}.", f"a{at}"))
    examples = rows(*rows_made)
    Counting.compared = 0
    index = Counting(examples, LABELS)
    for example in examples:
        index.find(example)
        index.add(example)
    assert Counting.compared < 20 * len(examples)


def test_a_number_of_its_own_does_not_hide_a_copy_where_it_weighs_little():
    long = (
        "I have been waiting for three weeks now and nobody at your desk answers the phone when I "
        "call before noon about that parcel number"
    )
    learning = rows(*FILLER, (f"{long} 4411", "late"), (f"{long} 4412", "late"))
    assert [copies.rows for copies in found(near_duplicate, learning)] == [("r9",)]


# leaks


def test_rows_taken_out_of_training_are_reported_with_their_share():
    taken = rows(FILLER[0], prefix="t")
    heldout = rows(FILLER[0], prefix="h")
    (leaks,) = found(leak, rows(*FILLER[1:]), heldout, leaked=taken)
    assert (leaks.rows, leaks.severity) == (("t0",), "warning")
    assert "1 of 8 rows (12 %)" in leaks.message


def test_a_held_out_near_copy_is_a_leak_that_names_both_rows():
    heldout = rows(
        ("the cash machine swalowed my card", "card_swallowed"),
        ("Is there a branch in Izmir?", "branch"),
        prefix="h",
    )
    (leaks,) = found(leak, rows(*FILLER), heldout)
    assert leaks.rows == ("h0",)
    assert "1 of 2 rows (50 %), for instance h0 and r2" in leaks.message


def test_different_questions_across_the_split_are_no_leak():
    heldout = rows(("How do I top up by cheque?", "top_up"), ("Which fees?", "fee"), prefix="h")
    assert found(leak, rows(*FILLER), heldout) == []


# contradictions


def test_one_question_with_two_labels_is_a_contradiction_wherever_the_rows_stand():
    learning = rows(*FILLER, ("Where is my card?", "lost"))
    heldout = rows(("where is my card", "late"), prefix="h")
    (clash,) = found(contradiction, learning, heldout)
    assert clash.rows == ("r8", "h0")
    assert (clash.count, clash.severity) == (2, "warning")


def test_labels_that_share_an_accepted_value_do_not_contradict():
    assert (
        found(contradiction, rows(("Where is it?", "lost", "late"), ("Where is it?", "late"))) == []
    )


def test_json_is_compared_as_values():
    same = rows(
        ("Book 2 seats", '{"n":2,"what":"seat"}'), ("Book 2 seats", '{"what":"seat","n":2}')
    )
    other = rows(("Book 2 seats", '{"n":2}'), ("Book 2 seats", '{"n":3}'))
    assert found(contradiction, same, spec=JSON) == []
    assert [clash.count for clash in found(contradiction, other, spec=JSON)] == [2]


@pytest.mark.parametrize(
    ("spec", "first", "second", "clashes"),
    [
        (TEXTS, "A river café with English food.", "English food is served by the river.", False),
        (TEXTS, "It costs less than 20 euros.", "It costs £20-25 to eat.", False),
        (ANSWERS, "308", "309", True),
        (ANSWERS, "Lady Gaga", "The singer Lady Gaga", False),
        (ANSWERS, "Yes, we do deliver there.", "No, we do not deliver there.", True),
        (ANSWERS, "Check-in opens at 10am.", "You can check in from 10 a.m. on.", False),
        (ANSWERS, "Check-in opens at 10am.", "Check-in opens at 11am.", True),
        (ANSWERS, "Takeout is available here, madam or sir.",
         "Yes, Tandoori Palace does have take-out ordering.", False),
    ],
)  # fmt: skip
def test_free_text_contradicts_only_where_both_cannot_be_right(spec, first, second, clashes):
    pair = rows(("What about it?", first), ("what about it", second))
    assert bool(found(contradiction, pair, spec=spec)) is clashes


def test_an_answer_and_no_answer_contradict():
    pair = rows(("How much is it?", "20 euros"), ("How much is it?",))
    assert [clash.count for clash in found(contradiction, pair, spec=ANSWERS)] == [2]


def test_the_same_sentence_as_question_of_every_row_does_not_take_for_ever():
    learning = [
        Example(f"r{at}", "Describe it.", (f"A text about thing {at}",)) for at in range(3000)
    ]
    assert found(contradiction, learning, spec=TEXTS) == []
    assert found(near_duplicate, learning, spec=TEXTS) == []
    assert found(duplicate, learning, spec=TEXTS) == []
