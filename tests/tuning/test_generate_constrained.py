"""Constrained greedy answers of many prompts at once against transformers, one step at a time."""

import json
import random

import jsonschema
import pytest
import torch

from tests.tuning.oracle import CPU, PEFT_WARNING, opened, plain_model, trained
from tests.tuning.test_constrain import ORDER, SCHEMAS
from tests.tuning.test_generate import answers as unconstrained
from tests.tuning.test_generate import prompts_of
from tuning.constrain import JsonSchemaConstraint, LabelTrie
from tuning.encode import encode_example, stop_ids
from tuning.models import open_model, open_tokenizer

LABELS = [
    "pay", "payment", "payment_late", "delivery late", "delivery lost", "şikâyet", "şifre",
    "ödeme gecikti", "配送", "login",
]  # fmt: skip
BATCHES = {
    "very different lengths": prompts_of([3, 90, 1, 17, 41, 2, 8, 8, 30], seed=1),
    "a shared opening": prompts_of([3, 40, 1, 17, 9, 9, 2, 25, 4, 4, 4], shared=21, seed=2),
    "one prompt": prompts_of([13], seed=3),
}


@pytest.fixture(scope="module", params=["engine", "library"])
def model(request, untied):
    return open_model(untied, dtype=torch.float32, device=CPU, path=request.param)


@pytest.fixture(scope="module")
def reference(untied):
    return plain_model(untied)


@pytest.fixture(scope="module")
def tokenizer(untied):
    return open_tokenizer(untied)


@pytest.fixture(scope="module")
def rows(tokenizer) -> list[list[int]]:
    turn = [{"role": "user", "content": "?"}]
    return [encode_example(tokenizer, turn, label).completion for label in LABELS]


def answers(model, prompts, constraint, most=64) -> list[tuple[list[int], bool]]:
    found = list(model.generate(prompts, most, constraint))
    assert sorted(done.row for done in found) == list(range(len(prompts)))
    return [(done.ids, done.truncated) for done in sorted(found, key=lambda done: done.row)]


def likeliest(reference, ids, allowed, less=lambda token: 0.0) -> int:
    with torch.no_grad():
        logits = reference(torch.tensor([ids])).logits[0, -1]
    return max(sorted(allowed), key=lambda token: float(logits[token]) - less(token))


def naive_label(reference, prompt, rows, leaning=None) -> list[int]:
    """Step by step over the list, every step the whole text anew, up to and without the end."""
    said: list[int] = []
    while said not in rows:
        at = len(said)
        left = {ids[at] for ids in rows if ids[:at] == said}

        def less(token: int) -> float:
            return leaning[(*said, token)] if leaning else 0.0

        said.append(likeliest(reference, [*prompt, *said], left, less))
    return said[:-1]


def naive_json(reference, prompt, constraint, most, stops) -> tuple[list[int], bool]:
    walk, said = constraint.start(), []
    while walk.rest() is None:
        if len(said) == most:
            return said, True
        token = likeliest(reference, [*prompt, *said], walk.allowed().tolist())
        if token in stops:
            break
        walk.advance(token)
        said.append(token)
    return said, False


@pytest.mark.parametrize("prompts", BATCHES.values(), ids=BATCHES)
def test_labels_equal_those_of_a_masked_step_by_step_reference(model, reference, rows, prompts):
    expected = [(naive_label(reference, prompt, rows), False) for prompt in prompts]
    assert answers(model, prompts, LabelTrie(rows)) == expected


def test_what_the_model_leans_to_is_taken_off_token_by_token(model, reference, rows):
    prompts = BATCHES["a shared opening"]
    rng, leaning = random.Random(0), {}
    for ids in rows:
        for at in range(len(ids)):
            leaning.setdefault(tuple(ids[: at + 1]), rng.uniform(-3, 0))
    each = [[leaning[tuple(ids[: at + 1])] for at in range(len(ids))] for ids in rows]
    expected = [(naive_label(reference, prompt, rows, leaning), False) for prompt in prompts]
    assert answers(model, prompts, LabelTrie(rows, each)) == expected
    assert answers(model, prompts, LabelTrie(rows)) != expected
    with pytest.raises(ValueError, match="shorter"):
        LabelTrie(rows, each[:-1])


def test_every_answer_is_a_label_and_not_always_the_same(model, tokenizer, rows):
    prompts = prompts_of([1 + i % 9 for i in range(80)], shared=2, seed=4)
    found = [tokenizer.decode(ids) for ids, _ in answers(model, prompts, LabelTrie(rows))]
    assert set(found) <= set(LABELS)
    assert len(set(found)) >= 4


def test_without_the_constraint_no_answer_would_be_a_label(model, tokenizer):
    prompts = prompts_of([1 + i % 9 for i in range(20)], shared=2, seed=4)
    assert not {tokenizer.decode(ids) for ids, _ in unconstrained(model, prompts)} & set(LABELS)


@pytest.mark.parametrize("most", [1, 64])
def test_of_one_label_it_is_that_label_whatever_the_limit(model, rows, most):
    one = LabelTrie([rows[4], rows[4]])
    assert answers(model, prompts_of([3, 8, 1]), one, most) == [(rows[4][:-1], False)] * 3
    assert answers(model, [], one) == []


@pytest.mark.parametrize("constraint", ["labels", "json"])
def test_neither_order_nor_company_changes_an_answer(model, tokenizer, rows, constraint):
    chosen = LabelTrie(rows)
    if constraint == "json":
        chosen = JsonSchemaConstraint(tokenizer, ORDER, stop_ids(tokenizer))
    prompts = prompts_of([3, 60, 1, 17, 30, 2, 8], shared=4, seed=6)
    wanted = answers(model, prompts, chosen, 40)
    order = list(range(len(prompts)))
    random.Random(0).shuffle(order)
    found = answers(model, [prompts[i] for i in order], chosen, 40)
    assert found == [wanted[i] for i in order]
    assert [answers(model, [prompt], chosen, 40)[0] for prompt in prompts] == wanted
    bare = [prompt[4:] for prompt in prompts]
    assert len({tuple(ids) for ids, _ in answers(model, bare, chosen, 40)}) > 1


@pytest.mark.parametrize("name", ["an order", "choices", "short texts"])
def test_json_equals_that_of_a_masked_step_by_step_reference(model, reference, tokenizer, name):
    stops = stop_ids(tokenizer)
    constraint = JsonSchemaConstraint(tokenizer, SCHEMAS[name], stops)
    prompts = BATCHES["a shared opening"][:5]
    expected = [naive_json(reference, prompt, constraint, 40, stops) for prompt in prompts]
    assert answers(model, prompts, constraint, 40) == expected


def test_json_follows_the_schema_unless_the_limit_cuts_it(model, tokenizer):
    constraint = JsonSchemaConstraint(tokenizer, ORDER, stop_ids(tokenizer))
    prompts = prompts_of([1 + i % 9 for i in range(24)], shared=3, seed=8)
    validator = jsonschema.Draft202012Validator(json.loads(ORDER))
    whole = 0
    for ids, truncated in answers(model, prompts, constraint, 160):
        if truncated:
            assert len(ids) == 160
            continue
        whole += 1
        assert list(validator.iter_errors(json.loads(tokenizer.decode(ids)))) == []
    assert whole >= 12
    cut = answers(model, prompts, constraint, 12)
    assert all(truncated and len(ids) == 12 for ids, truncated in cut)


@pytest.mark.filterwarnings(PEFT_WARNING)
def test_both_paths_say_the_same_under_an_adapter(untied, tokenizer, rows, tmp_path):
    prompts = prompts_of([3, 20, 1, 9, 5, 5, 5, 5], shared=5, seed=10)
    engine = opened(untied)
    before = answers(engine, prompts, LabelTrie(rows))
    trained(engine, tmp_path)
    after = answers(engine, prompts, LabelTrie(rows))
    assert after != before
    library = opened(untied, "library")
    library.load_adapter(tmp_path)
    assert answers(library, prompts, LabelTrie(rows)) == after
