"""Greedy answers of many prompts at once against transformers' `generate` on each prompt alone."""

import functools
import random

import pytest
import torch

from tests.tuning.oracle import CPU, PEFT_WARNING, plain_greedy, plain_model, settle, some_ids
from tuning.encode import stop_ids
from tuning.models import Generated, open_model, open_tokenizer
from tuning.recipe import AdapterShape

MOST = 16


def prompts_of(lengths, shared=0, seed=0):
    rng = random.Random(seed)
    opening = some_ids(rng, shared)
    return [opening + some_ids(rng, length) for length in lengths]


BATCHES = {
    "very different lengths": prompts_of([3, 90, 1, 17, 41, 2, 8, 8, 30]),
    "a shared opening": prompts_of([3, 40, 1, 17, 9, 9, 2, 25], shared=21),
    "a prompt that is the opening of the others": [
        prompts_of([0], shared=12)[0],
        *prompts_of([4, 1, 30], shared=12),
    ],
    "one prompt": prompts_of([13]),
    "one token": prompts_of([1]),
    "one token each": prompts_of([1, 1, 1, 1, 1]),
    "the same prompt twice": prompts_of([9]) * 2,
}


@pytest.fixture(scope="module", params=["engine", "library"])
def model(request, stopping):
    return open_model(stopping, dtype=torch.float32, device=CPU, path=request.param)


@pytest.fixture(scope="session")
def alone(stopping):
    """(prompt, limit) to the answer of transformers, each prompt on its own."""
    reference, stops = plain_model(stopping), stop_ids(open_tokenizer(stopping))
    known = functools.cache(lambda ids, most: plain_greedy(reference, ids, most, stops))
    return lambda prompt, most=MOST: known(tuple(prompt), most)


def answers(model, prompts, most=MOST) -> list[tuple[list[int], bool]]:
    """In the order of the prompts; each prompt must be answered exactly once."""
    found = list(model.generate(prompts, most))
    assert sorted(done.row for done in found) == list(range(len(prompts)))
    return [(done.ids, done.truncated) for done in sorted(found, key=lambda done: done.row)]


@pytest.mark.parametrize("prompts", BATCHES.values(), ids=BATCHES)
def test_answers_equal_those_of_transformers_for_each_prompt_alone(model, alone, prompts):
    assert answers(model, prompts) == [alone(prompt) for prompt in prompts]


@pytest.mark.parametrize("shared", [0, 3])
def test_rows_that_stop_at_different_steps_are_dropped_without_harm(model, alone, shared):
    prompts = prompts_of([1 + i % 9 for i in range(40)], shared, seed=3 - shared // 3)
    found = answers(model, prompts, 24)
    assert found == [alone(prompt, 24) for prompt in prompts]
    lengths = {len(ids) for ids, truncated in found if not truncated}
    assert len(lengths) >= 4, "too few different stops for a test of dropping"
    assert any(truncated for _, truncated in found)


def test_the_stop_token_is_not_part_of_an_answer(model):
    stops = stop_ids(model.tokenizer)
    found = answers(model, prompts_of([1 + i % 9 for i in range(40)], seed=3), 24)
    assert not any(stops & set(ids) for ids, _ in found)
    assert any(not truncated for _, truncated in found)


@pytest.mark.parametrize("most", [1, 2, 7])
def test_an_answer_that_reaches_the_limit_is_truncated(model, alone, most):
    prompts = prompts_of([4, 9, 9, 2], seed=4)
    found = answers(model, prompts, most)
    assert found == [alone(prompt, most) for prompt in prompts]
    assert all(len(ids) == most for ids, truncated in found if truncated)
    assert all(len(ids) < most for ids, truncated in found if not truncated)


def test_a_stop_token_at_the_very_limit_is_not_a_truncation(model, alone):
    prompts = prompts_of([1 + i % 9 for i in range(40)], seed=3)
    stopped = {
        len(ids): prompt for prompt in prompts for ids, cut in [alone(prompt, 24)] if not cut
    }
    for length, prompt in stopped.items():
        ((ids, truncated),) = answers(model, [prompt], length + 1)
        assert (len(ids), truncated) == (length, False)
        ((ids, truncated),) = answers(model, [prompt], max(1, length))
        assert truncated == (length > 0), "one token less cuts it"


def test_neither_order_nor_company_changes_an_answer(model):
    prompts = prompts_of([3, 60, 1, 17, 30, 2, 8, 8, 44, 5], shared=4, seed=6)
    wanted = answers(model, prompts)
    order = list(range(len(prompts)))
    for seed in range(3):
        random.Random(seed).shuffle(order)
        found = answers(model, [prompts[i] for i in order])
        assert found == [wanted[i] for i in order]
    assert answers(model, prompts[:1]) + answers(model, prompts[1:]) == wanted
    assert [answers(model, [prompt])[0] for prompt in prompts] == wanted


def test_more_prompts_than_a_wave_holds_are_all_answered(model, alone):
    prompts = prompts_of([1 + i % 5 for i in range(140)], shared=2, seed=7)
    found = answers(model, prompts, 4)
    assert found[::10] == [alone(prompt, 4) for prompt in prompts[::10]]


def test_no_prompts_give_no_answers(model):
    assert list(model.generate([], 8)) == []


def test_answers_come_while_later_prompts_still_wait(model):
    waiting = model.generate(prompts_of([2] * 3, seed=8) + prompts_of([30] * 80, seed=9), 3)
    first = next(iter(waiting))
    assert isinstance(first, Generated)
    assert first.row < 3, "the shortest prompts come first"


@pytest.mark.filterwarnings(PEFT_WARNING)
def test_an_adapter_changes_the_answers_of_both_paths_alike(stopping, tmp_path):
    prompts = prompts_of([3, 20, 1, 9], shared=5, seed=10)
    engine = open_model(stopping, dtype=torch.float32, device=CPU, path="engine")
    before = answers(engine, prompts)
    engine.new_adapter(AdapterShape(4, 8), seed=0)
    assert answers(engine, prompts) == before, "a fresh adapter changes nothing yet"
    settle(engine)
    engine.save_adapter(tmp_path)
    library = open_model(stopping, dtype=torch.float32, device=CPU, path="library")
    library.load_adapter(tmp_path)
    found = answers(engine, prompts)
    assert found == answers(library, prompts)
    assert found != before
