"""Which answers a constraint lets through, token by token, against lists and against jsonschema."""

import json
import random

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import ROOT
from tuning.constrain import JsonSchemaConstraint, LabelTrie
from tuning.encode import encode_example, stop_ids
from tuning.errors import TuningError
from tuning.models import open_tokenizer

END = 2
ORDER = (ROOT / "advisor" / "samples" / "order-json" / "schema.json").read_text(encoding="utf-8")
SCHEMAS = {
    "an order": ORDER,
    "numbers": '{"type": "object", "required": ["n", "x"], "additionalProperties": false, '
    '"properties": {"n": {"type": "integer", "minimum": 3, "maximum": 77}, '
    '"x": {"type": "number", "exclusiveMinimum": -1, "maximum": 1}}}',
    "choices": '{"anyOf": [{"const": "şikâyet"}, {"enum": [1, true, null, "ğ"]}, '
    '{"type": "array", "items": {"type": "boolean"}, "minItems": 1, "maxItems": 2}]}',
    "short texts": '{"type": "object", "required": ["a"], "additionalProperties": false, '
    '"properties": {"a": {"type": "string", "maxLength": 5}, '
    '"b": {"type": "string", "pattern": "^[a-c]{2,4}$"}, '
    '"c": {"type": "string", "format": "date"}}}',
    "a definition": '{"$defs": {"leaf": {"type": "object", "required": ["k"], '
    '"additionalProperties": false, "properties": {"k": {"enum": ["x", "y"]}}}}, '
    '"type": "array", "items": {"$ref": "#/$defs/leaf"}, "maxItems": 3}',
    "few keys": '{"type": "object", "minProperties": 1, "maxProperties": 2, '
    '"additionalProperties": {"type": "integer", "maximum": 9}}',
}
BEYOND = {
    "uniqueItems": '{"type": "array", "uniqueItems": true}',
    "not": '{"type": "object", "not": {"required": ["a"]}}',
    "if": '{"if": {"type": "string"}, "then": {"minLength": 3}}',
    "minimum": '{"type": "integer", "minimum": 5, "maximum": 3}',
    "look-around": '{"type": "string", "pattern": "^(?=a)b"}',
    "'http://example.org/s'": '{"$ref": "http://example.org/s"}',
    "oneOf": '{"oneOf": [{"type": "object"}, {"type": "object", "required": ["a"]}]}',
    "uniqueItems in spite of options": '{"x-guidance": {"lenient": true}, "uniqueItems": true}',
}

id_lists = st.lists(st.lists(st.integers(3, 6), max_size=4), min_size=1, max_size=8)


@pytest.fixture(scope="module")
def tokenizer(tiny_model):
    return open_tokenizer(tiny_model)


# Labels


def following(answers, so_far) -> set[int]:
    """What may come next, from the list itself."""
    at = len(so_far)
    return {ids[at] for ids in answers if ids[:at] == so_far and len(ids) > at}


@given(id_lists, st.randoms())
def test_a_tree_allows_what_the_list_of_answers_allows(lists, rng):
    answers = [[*ids, END] for ids in lists]
    trie = LabelTrie(answers)
    assert trie.longest == max(len(ids) for ids in answers)
    walk, said = trie.start(), []
    while walk.rest() is None:
        allowed = walk.allowed().tolist()
        assert sorted(allowed) == sorted(following(answers, said))
        token = rng.choice(allowed)
        said.append(token)
        if token == END:
            break
        walk.advance(token)
    else:
        said += [*walk.rest(), END]
    assert said in answers


@given(id_lists)
def test_the_rest_is_given_as_soon_as_one_answer_is_left_and_not_before(lists):
    answers = [[*ids, END] for ids in lists]
    for whole in answers:
        walk = LabelTrie(answers).start()
        for at, token in enumerate(whole):
            left = {tuple(ids) for ids in answers if ids[:at] == whole[:at]}
            assert walk.rest() == (whole[at:-1] if len(left) == 1 else None)
            if token != END:
                walk.advance(token)


def test_rows_do_not_disturb_each_other():
    trie = LabelTrie([[3, 4, END], [3, 5, END], [6, END]])
    first, second = trie.start(), trie.start()
    first.advance(3)
    assert sorted(first.allowed()) == [4, 5]
    assert sorted(second.allowed()) == [3, 6]


def test_there_must_be_an_answer_to_choose():
    with pytest.raises(ValueError, match="no answer"):
        LabelTrie([])


def test_labels_as_a_tuned_model_would_say_them_can_all_be_reached(tokenizer):
    labels = ["pay", "payment", "payment_late", "şikâyet", "ödeme gecikti", "配送", "İADE", "a b"]
    rows = [encode_example(tokenizer, [{"role": "user", "content": "?"}], s).completion
            for s in labels]  # fmt: skip
    trie = LabelTrie([*rows, rows[0]])
    for label, ids in zip(labels, rows, strict=True):
        walk = trie.start()
        for token in ids[:-1]:
            assert token in walk.allowed()
            walk.advance(token)
        assert walk.rest() == [] or ids[-1] in walk.allowed()
        assert tokenizer.decode(ids[:-1]) == label


# JSON


def wander(constraint, rng, most) -> tuple[list[int], bool]:
    """An answer of chance tokens, and whether it came to its end."""
    walk, said = constraint.start(), []
    while walk.rest() is None and len(said) < most:
        token = rng.choice(walk.allowed().tolist())
        if token in constraint_stops:
            return said, True
        walk.advance(token)
        said.append(token)
    return said, walk.rest() is not None


constraint_stops = {0, END}


@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS)
def test_whatever_comes_to_its_end_follows_the_schema(tokenizer, schema):
    assert constraint_stops == stop_ids(tokenizer)
    constraint = JsonSchemaConstraint(tokenizer, schema, constraint_stops)
    validator = jsonschema.Draft202012Validator(json.loads(schema))
    rng, texts = random.Random(0), set()
    for _ in range(60):
        ids, ended = wander(constraint, rng, 400)
        if ended:
            texts.add(tokenizer.decode(ids))
    assert len(texts) >= 4, "chance finds several answers"
    for text in texts:
        assert list(validator.iter_errors(json.loads(text))) == [], text


def test_every_order_of_the_sample_can_be_said(tokenizer):
    constraint = JsonSchemaConstraint(tokenizer, ORDER, constraint_stops)
    file = ROOT / "advisor" / "samples" / "order-json" / "data" / "orders.jsonl"
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    for row in rows[:40]:
        walk = constraint.start()
        for token in tokenizer(row["json"], add_special_tokens=False)["input_ids"]:
            assert token in walk.allowed(), row["id"]
            walk.advance(token)
        assert walk.rest() == [], "after the last bracket nothing can follow"


@settings(max_examples=20)
@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12))
def test_a_sentence_may_be_said_instead_of_json(tokenizer, sentence):
    schema = '{"type": "boolean"}'
    constraint = JsonSchemaConstraint(tokenizer, schema, constraint_stops, sentence)
    for text in (sentence, "true", "false"):
        walk = constraint.start()
        for token in tokenizer(text, add_special_tokens=False)["input_ids"]:
            assert token in walk.allowed()
            walk.advance(token)
        assert walk.rest() == [] or constraint_stops & set(walk.allowed().tolist())


@pytest.mark.parametrize("schema", BEYOND.values(), ids=BEYOND)
def test_a_schema_that_cannot_be_kept_to_the_letter_is_refused_with_the_reason(tokenizer, schema):
    reason = next(name for name, text in BEYOND.items() if text == schema).split(" in ")[0]
    with pytest.raises(TuningError, match=reason) as refused:
        JsonSchemaConstraint(tokenizer, schema, constraint_stops)
    assert "leave the rung out" in refused.value.fix
    assert "\n" not in refused.value.reason


@pytest.mark.parametrize("schema", ["true", "[1]"])
def test_a_schema_that_is_no_object_is_refused(tokenizer, schema):
    with pytest.raises(TuningError, match="not a JSON object"):
        JsonSchemaConstraint(tokenizer, schema, constraint_stops)


def test_a_tokenizer_that_llguidance_cannot_read_is_refused():
    with pytest.raises(TuningError, match="fast tokenizers"):
        JsonSchemaConstraint(object(), "{}", constraint_stops)
