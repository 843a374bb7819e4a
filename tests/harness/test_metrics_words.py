"""SQuAD's rules worked by hand, facts, abstentions and JSON."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.json_answers import follows_schema, leaves, parse_object
from harness.metrics import metrics
from harness.text import holds, normalise
from harness.types import Answer, Example, TaskSpec

ANSWER = TaskSpec("t", "answer", "i", abstention="I do not know.")


def score(name, said, references=(), *, facts=(), spec=ANSWER):
    references = (references,) if isinstance(references, str) else tuple(references)
    example = Example("e", "q", references, key_facts=facts)
    return metrics()[name].item(example, Answer("e", said), spec)


def value(name, said, references=(), **more):
    return score(name, said, references, **more).value


# SQuAD, by hand: (said, reference, exact match, token F1)

SQUAD = [
    ("Denver Broncos", "Denver Broncos", 1, 1),
    ("the Denver Broncos", "Denver Broncos.", 1, 1),
    ("DENVER  broncos!", "a Denver Broncos", 1, 1),
    ("Broncos", "Denver Broncos", 0, 2 * 1 * 0.5 / 1.5),
    ("Denver Broncos of Denver", "Denver Broncos", 0, 2 * (2 / 4) * 1 / 1.5),
    ("Carolina Panthers", "Denver Broncos", 0, 0),
    ("", "Denver Broncos", 0, 0),
    ("in 1990 in Paris", "1990", 0, 2 * 0.25 * 1 / 1.25),
    # the bag counts how often a word occurs
    ("no no no", "no", 0, 2 * (1 / 3) * 1 / (4 / 3)),
    # only an article: nothing would be left, so it stays
    ("A", "A", 1, 1),
    ("", "A", 0, 0),
    ("B", "A", 0, 0),
    # a mark between digits is part of the number
    ("4.5", "45", 0, 0),
    ("1,000", "1.000", 1, 1),
    ("5.", "5", 1, 1),
    # a hyphen parts words (SQuAD's own script joins them)
    ("seven-day", "seven day", 1, 1),
]


@pytest.mark.parametrize(("said", "right", "exact", "f1"), SQUAD)
def test_exact_match_and_token_f1_are_as_worked_by_hand(said, right, exact, f1):
    assert value("exact_match_score", said, right) == exact
    assert value("token_f1_score", said, right) == pytest.approx(f1)


def test_turkish_capitals_are_folded_in_turkish_only():
    turkish = TaskSpec("t", "answer", "i", language="tr")
    assert value("exact_match_score", "IŞIK İLE", "ışık ile", spec=turkish) == 1
    assert value("exact_match_score", "ISIK", "isik", spec=turkish) == 0
    assert value("exact_match_score", "ISIK", "isik") == 1


def test_english_articles_count_in_other_languages():
    german = TaskSpec("t", "answer", "i", language="de")
    assert value("exact_match_score", "a Haus", "Haus", spec=german) == 0


@settings(deadline=None)
@given(st.text(max_size=40))
def test_normalised_text_has_single_spaces_and_is_empty_only_for_empty_text(text):
    done = normalise(text)
    assert done == " ".join(done.split())
    assert bool(done) == bool(text.strip())


@settings(deadline=None)
@given(st.text("abc the.,-?!' 159ç", max_size=30))
def test_normalising_twice_changes_nothing_and_every_text_holds_itself(text):
    assert normalise(normalise(text)) == normalise(text)
    assert holds(text, text) == bool(text.strip()) or not text.strip()


def test_only_whole_words_are_held():
    assert holds("It takes 7 days.", "7 days")
    assert not holds("It takes 17 days.", "7 days")
    assert not holds("It takes 7 daystars.", "7 days")
    assert not holds("nothing", "no")


# In it, right facts, abstaining


def test_a_reference_anywhere_in_the_answer_counts_as_whole_words():
    assert value("contains_score", "It takes two days, then.", "Two days") == 1
    assert value("contains_score", "It takes twenty-two days.", "two days") == 1
    assert value("contains_score", "It takes 22 days.", "2 days") == 0
    assert value("contains_score", "", "two days") == 0


def test_facts_are_the_share_that_stands_in_the_answer():
    facts = ("7 days", "9 %")
    assert value("fact_score", "7 days at 9 % of it", "x", facts=facts) == 1
    assert value("fact_score", "In 7 days.", "x", facts=facts) == 0.5
    assert value("fact_score", "In 17 days at 90 %", "x", facts=facts) == 0
    assert value("fact_score", "I do not know.", "x", facts=facts) == 0


def test_a_row_without_key_facts_has_no_fact_score_and_says_why():
    found = score("fact_score", "x", "x")
    assert (found.value, found.reason) == (None, "the row names no key facts")


@pytest.mark.parametrize(
    ("said", "abstained"),
    [
        ("I do not know.", True),
        ("Sorry, i do not know", True),
        ("I do not knowingly sell it.", False),
        ("Seven days.", False),
        ("", False),
    ],
)
def test_abstaining_is_right_exactly_where_nothing_answers(said, abstained):
    assert value("right_to_abstain_score", said) == float(abstained)
    assert value("right_to_abstain_score", said, "Seven days.") == float(not abstained)
    assert value("fact_score", said) == float(abstained)


def test_without_an_abstention_sentence_the_right_to_abstain_is_undefined():
    found = score("right_to_abstain_score", "x", "x", spec=TaskSpec("t", "answer", "i"))
    assert (found.value, found.reason) == (None, "the task has no abstention sentence")


# JSON

JSON = TaskSpec("t", "json", "i", schema='{"type":"object","required":["qty"]}')
RIGHT = '{"qty":2,"items":[{"name":"Bread","n":1},{"name":"Cake","n":3}]}'
EXACT, FIELDS, VALID = "json_exact_score", "field_f1_score", "json_valid_score"


def all_three(said, right=RIGHT):
    return tuple(value(name, said, right, spec=JSON) for name in (EXACT, FIELDS, VALID))


def test_key_order_space_and_a_code_fence_do_not_count():
    pretty = json.dumps(dict(reversed(json.loads(RIGHT).items())), indent=2)
    for said in (pretty, f"```json\n{pretty}\n```", f"```\n{RIGHT}```"):
        assert all_three(said) == (1, 1, 1)


def test_the_order_of_list_items_costs_no_field():
    said = '{"qty":2,"items":[{"name":"Cake","n":3},{"name":"Bread","n":1}]}'
    assert all_three(said) == (0, 1, 1)


def test_fields_are_counted_as_pairs_of_path_and_value():
    # right: qty, two names, two n = 5 pairs; said: 4 pairs, of which qty, Bread and 1 are right
    said = '{"qty":2,"items":[{"name":"bread","n":1}],"extra":true}'
    exact, fields, valid = all_three(said)
    assert (exact, valid) == (0, 1)
    assert fields == pytest.approx(2 * 3 / (4 + 5))


@pytest.mark.parametrize(
    ("said", "right", "equal"),
    [
        ("1", "true", False),
        ("0", "false", False),
        ("2.0", "2", True),
        ("2.5", "2", False),
        ('"2"', "2", False),
        ("[]", "{}", False),
        ("null", "0", False),
        ('"a"', '"a"', True),
        ("1e2", "100", True),
    ],
)
def test_json_values_are_equal_as_json_says_and_not_as_python_does(said, right, equal):
    exact, fields, _ = all_three(f'{{"qty":{said}}}', f'{{"qty":{right}}}')
    assert (exact, fields) == (float(equal), float(equal))


@pytest.mark.parametrize(
    "said",
    [
        "",
        "qty: 2",
        f"Here it is: {RIGHT}",
        RIGHT[:-1],
        '{"qty": NaN}',
        '{"qty": Infinity}',
        "{'qty': 2}",
        "1" * 5000,
        '{"qty":' * 3000,
        "```json```",
        '{"qty":"' + "x" * 100_001 + '"}',
    ],
)
def test_what_is_not_json_scores_0_on_all_three(said):
    assert all_three(said) == (0, 0, 0)


def test_valid_json_that_breaks_the_schema_is_not_valid_and_may_have_right_fields():
    assert all_three('{"items":[]}', '{"qty":1,"items":[]}') == (0, pytest.approx(2 / 3), 0)


def test_deep_nesting_is_scored_without_a_crash():
    deep = '{"qty":' + "[" * 300 + "]" * 300 + "}"
    assert all_three(deep, deep) == (1, 1, 1)


def test_a_schema_that_refers_to_nothing_accepts_nothing_and_fetches_nothing():
    assert not follows_schema({}, '{"$ref":"http://127.0.0.1:9/x.json"}')
    assert follows_schema({}, "")


@settings(deadline=None)
@given(st.dictionaries(st.text(min_size=1), st.integers() | st.booleans() | st.text(), min_size=1))
def test_every_object_has_a_leaf_a_key_and_equals_itself(record):
    text = json.dumps(record)
    assert len(list(leaves(parse_object(text)))) == len(record)
    assert all_three(text, text)[:2] == (1, 1)
