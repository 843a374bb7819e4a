"""Memory that runs out: fewer rows at once, the same losses and answers, and a word about it."""

import importlib
import random
import resource
from pathlib import Path

import pytest
import torch

from tests.tuning.oracle import PEFT_WARNING, opened, some_ids, some_rows
from tuning.errors import TuningError
from tuning.likelihood import mean_loss
from tuning.memory import Room, ran_out
from tuning.outcome import Evaluated, Watch
from tuning.recipe import AdapterShape, Recipe
from tuning.train import train

pytestmark = pytest.mark.filterwarnings(PEFT_WARNING)
RECIPE = Recipe(AdapterShape(4, 8), learning_rate=1e-2, epochs=2, batch_rows=8, evaluations=2)
ROWS = some_rows([(4 + i % 9, 3) for i in range(16)], shared=3)


class Small:
    """The model on a machine that has room for a few rows at once only."""

    def __init__(self, model, room: int) -> None:
        self.model, self.most = model, room
        self.tries: list[int] = []

    def __getattr__(self, name):
        return getattr(self.model, name)

    def loss(self, rows):
        self.tries.append(len(rows))
        if len(rows) > self.most:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return self.model.loss(rows)


@pytest.fixture
def model(tiny_model):
    return opened(tiny_model)


def trained(model, folder, evaluate=lambda: Evaluated(None, 1.0), recipe=RECIPE):
    losses = []
    watch = Watch(lambda progress: losses.append(progress.loss))
    return train(model, ROWS, recipe, folder, evaluate, watch), losses


@pytest.mark.parametrize("path", ["engine", pytest.param("library", marks=pytest.mark.slow)])
def test_a_batch_too_large_for_memory_is_cut_and_learns_the_same(tiny_model, path, tmp_path):
    model = opened(tiny_model, path)
    _, expected = trained(model, tmp_path / "roomy")
    said = []
    model.room.say = said.append
    small = Small(model, 3)
    result, losses = trained(small, tmp_path / "small")
    assert losses == pytest.approx(expected, abs=1e-5)
    assert result.rows_at_once == 2
    assert small.tries[:3] == [8, 4, 2], "halved until it fits"
    assert max(small.tries[3:]) == 2, "and never tried too large again"
    assert said == [
        "Memory ran out while training on 8 rows at once: going on with 4",
        "Memory ran out while training on 4 rows at once: going on with 2",
    ]


def test_a_single_row_that_does_not_fit_ends_training_with_what_to_do(model, tmp_path):
    with pytest.raises(TuningError, match="while training on a single row") as caught:
        trained(Small(model, 0), tmp_path)
    assert "smaller model" in caught.value.fix


def test_what_a_card_says_of_memory_only_when_it_is_asked_for_the_loss_begins_the_step_again(
    model, tmp_path, monkeypatch
):
    _, expected = trained(model, tmp_path / "roomy")
    asked, stack = [], torch.stack

    def late(losses):
        asked.append(len(losses))
        if len(asked) == 1:
            raise RuntimeError("CUDA error: out of memory")
        return stack(losses)

    monkeypatch.setattr(torch, "stack", late)
    result, losses = trained(model, tmp_path / "late")
    assert losses == pytest.approx(expected, abs=1e-5)
    assert result.rows_at_once == 4 and asked[:2] == [1, 2], "once a step, not once a part"


def test_an_error_that_is_not_about_memory_is_not_taken_for_one(model, tmp_path, monkeypatch):
    def broken(rows):
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    monkeypatch.setattr(model, "loss", broken)
    with pytest.raises(RuntimeError, match="shapes cannot"):
        trained(model, tmp_path)


def test_rows_are_scored_the_same_in_smaller_parts(model):
    expected = mean_loss(model, ROWS)
    assert mean_loss(Small(model, 5), ROWS) == pytest.approx(expected, abs=1e-5)
    assert model.room.rows == {"reading": 4}, "training has limits of its own"


@pytest.mark.parametrize("path", ["engine", "library"])
def test_prompts_that_are_too_many_for_memory_are_answered_in_smaller_waves(
    untied, path, monkeypatch
):
    rng = random.Random(0)
    prompts = [some_ids(rng, 3 + i % 6) for i in range(12)]
    model = opened(untied, path)
    expected = sorted(model.generate(prompts, 8))
    module = importlib.import_module(type(model).__module__)
    whole = module.decode
    monkeypatch.setattr(module, "decode", lambda *given: whole(*refuse(given, given[2])))
    assert sorted(model.generate(prompts, 8)) == expected
    assert model.room.rows == {"answering": 3}


def refuse(given, rows):
    if len(rows) > 5:
        raise MemoryError
    return given


def test_only_words_about_memory_are_taken_for_it():
    lacks = (
        MemoryError(),
        torch.OutOfMemoryError("no"),
        RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory"),
        RuntimeError("CUDA error: out of memory"),
    )
    assert all(ran_out(error) for error in lacks)
    others = (RuntimeError("out of range"), ValueError("out of memory"), OSError(28, "No space"))
    assert not any(ran_out(error) for error in others)


def test_the_real_allocator_of_a_process_with_little_memory_is_understood():
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    room, seen = Room(), []

    def work(rows: list[int]) -> int:
        seen.append(len(rows))
        return int(torch.empty(len(rows), 2**27).shape[0])  # half a gigabyte a row

    used = int(Path("/proc/self/statm").read_bytes().split()[0]) * resource.getpagesize()
    try:
        resource.setrlimit(resource.RLIMIT_AS, (used + 3 * 2**29 + 2**28, hard))
        done = [(len(part), found) for part, found in room.through("x", [[*range(8)]], work)]
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
    assert seen[0] == 8 and room.rows["x"] == 2
    assert done == [(2, 2)] * 4
