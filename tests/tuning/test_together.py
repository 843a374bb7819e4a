"""A training shared among processes: the same steps as alone, and what happens when one is lost."""

import contextlib
import dataclasses
import os
import signal
import subprocess
import sys
import tempfile
import time

import psutil
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import tuning.together as together_module
from tests.command import importable
from tests.tuning.oracle import PEFT_WARNING, opened, some_rows
from tuning.errors import TuningError
from tuning.exchange import Opening, dealt, packed, unpacked
from tuning.likelihood import mean_loss
from tuning.outcome import Evaluated, Watch
from tuning.recipe import AdapterShape, Recipe
from tuning.together import together
from tuning.train import train

pytestmark = pytest.mark.filterwarnings(PEFT_WARNING)
ROWS = some_rows([(4 + 3 * i, 3) for i in range(13)], shared=3)
RECIPE = Recipe(AdapterShape(4, 8), learning_rate=1e-2, epochs=3, batch_rows=4, evaluations=2)


def opening(folder, path="engine") -> Opening:
    return Opening(str(folder), "float32", "cpu", path, False, 1)


def helpers() -> list[psutil.Process]:
    """Processes that learn with this one; a browser of other tests may stand beside them."""
    found = []
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
            if together_module.HELPER in child.cmdline():
                found.append(child)
    return found


def learned(model, rows, folder, recipe=RECIPE, watch=None):
    """The loss of every step, and what was learned."""
    losses = []
    look = watch or Watch(on_step=lambda progress: losses.append(progress.loss))

    def evaluate() -> Evaluated:
        return Evaluated(None, mean_loss(model, ROWS))

    result = train(model, rows, recipe, folder, evaluate, look)
    return losses, result, [tensor.detach().clone() for tensor in model.adapter_parameters()]


@pytest.mark.parametrize(
    ("path", "shape"), [("engine", AdapterShape(4, 8)), ("library", None)], ids=["lora", "full"]
)
def test_three_processes_learn_what_one_learns_step_by_step(untied, tmp_path, path, shape):
    """The last step of an epoch has one row: two of the three have none of it."""
    recipe = dataclasses.replace(RECIPE, shape=shape, learning_rate=1e-2 if shape else 1e-4)
    alone, _, theirs = learned(opened(untied, path), ROWS, tmp_path / "alone", recipe)
    model = opened(untied, path)
    with together(opening(untied, path), 3) as group:
        shared, result, mine = learned(model, group.completions(ROWS), tmp_path / "b", recipe)
    assert len(group.held) == 2 and min(group.held) > 50e6, "each holds torch and the model"
    assert shared == pytest.approx(alone, abs=1e-4) and len(shared) == 12
    assert shared[-1] < shared[0]
    for one, other in zip(mine, theirs, strict=True):
        torch.testing.assert_close(one, other, atol=2e-4, rtol=1e-3)
    assert not result.diverged
    assert not helpers(), "a helper is left"
    assert not torch.distributed.is_initialized()


def test_a_training_that_was_stopped_goes_on_with_fewer_processes(tiny_model, tmp_path):
    """Its rows and recipe are the same, so its checkpoint is its own."""
    whole, _, theirs = learned(opened(tiny_model), ROWS, tmp_path / "whole")

    class StoppedError(Exception):
        pass

    def stop(progress) -> None:
        if progress.step == 8:
            raise StoppedError

    model = opened(tiny_model)
    with pytest.raises(StoppedError), together(opening(tiny_model), 2) as group:
        learned(model, group.completions(ROWS), tmp_path / "b", watch=Watch(on_step=stop))
    assert not helpers()
    said = []
    losses = []
    watch = Watch(on_step=lambda progress: losses.append(progress.loss), say=said.append)
    _, _, mine = learned(opened(tiny_model), ROWS, tmp_path / "b", watch=watch)
    assert said == ["Training goes on after step 6 of 12"]
    assert losses == pytest.approx(whole[6:], abs=1e-4)
    for one, other in zip(mine, theirs, strict=True):
        torch.testing.assert_close(one, other, atol=2e-4, rtol=1e-3)


def test_memory_that_runs_out_begins_the_step_again_in_all_of_them(tiny_model, tmp_path):
    """Here in the first process; what the others have added up by then is thrown away."""
    alone, _, _ = learned(opened(tiny_model), ROWS, tmp_path / "alone")
    model = opened(tiny_model)
    whole, failed = model.loss, []

    def loss(rows):
        if len(rows) > 1 and torch.is_grad_enabled():
            failed.append(len(rows))
            raise RuntimeError("CUDA out of memory")
        return whole(rows)

    model.loss = loss
    with together(opening(tiny_model), 2) as group:
        shared, result, _ = learned(model, group.completions(ROWS), tmp_path / "b")
    assert failed == [2], "the limit holds from then on"
    assert result.rows_at_once == 1
    assert shared == pytest.approx(alone, abs=1e-4)


@pytest.mark.skipif(sys.platform == "win32", reason="a signal kills")
def test_a_process_that_is_lost_ends_the_training_with_what_to_do(tiny_model, tmp_path):
    def kill(progress) -> None:
        if progress.step == 2:
            (helper,) = helpers()
            os.kill(helper.pid, signal.SIGKILL)

    began = time.monotonic()
    with pytest.raises(TuningError) as caught, together(opening(tiny_model), 2) as group:
        learned(
            opened(tiny_model), group.completions(ROWS), tmp_path / "b", watch=Watch(on_step=kill)
        )
    said = "a process that shared the training was killed, most often for lack of memory"
    assert caught.value.reason.startswith(said)
    assert "processes = 1" in caught.value.fix
    assert time.monotonic() - began < 60
    assert not torch.distributed.is_initialized()


def test_a_helper_that_cannot_open_the_model_is_told_before_training(tmp_path):
    with (
        pytest.raises(TuningError, match=r"holds no config\.json") as caught,
        together(opening(tmp_path / "nothing"), 2),
    ):
        raise AssertionError("nothing is trained")
    assert "that was to share the training ended (status 1" in caught.value.reason
    assert not helpers()


BROKEN = """
import tuning.helper as helper
opened = helper._opened
def broken(opening, rank):
    model = opened(opening, rank)
    whole, asked = model.loss, []
    def loss(rows):
        asked.append(len(rows))
        if {when}:
            raise {error}
        return whole(rows)
    model.loss = loss
    return model
helper._opened = broken
helper.main()
"""


@pytest.fixture
def helpers_that(tmp_path, monkeypatch):
    """Puts helpers in the place of ours that raise something once a condition holds."""

    def put(when: str, error: str) -> None:
        (tmp_path / "broken_helper.py").write_text(BROKEN.format(when=when, error=error))
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        monkeypatch.setattr(together_module, "HELPER", "broken_helper")

    return put


def test_memory_that_runs_out_in_a_helper_begins_the_step_again_too(
    helpers_that, tiny_model, tmp_path
):
    alone, _, _ = learned(opened(tiny_model), ROWS, tmp_path / "alone")
    helpers_that("len(rows) > 1", 'RuntimeError("DefaultCPUAllocator: can\'t allocate memory")')
    model = opened(tiny_model)
    with together(opening(tiny_model), 2) as group:
        shared, result, _ = learned(model, group.completions(ROWS), tmp_path / "b")
    assert result.rows_at_once == 1
    assert shared == pytest.approx(alone, abs=1e-4)


def test_of_several_that_end_the_one_that_broke_down_is_told(
    helpers_that, tiny_model, tmp_path, monkeypatch
):
    """The others lose it as we do, and end as well. Its folder may have any name."""
    helpers_that("rank == 2 and len(asked) > 2", 'ValueError("the true cause")')
    (tmp_path / "ein Ördner #1%20").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "ein Ördner #1%20"))
    with pytest.raises(TuningError) as caught, together(opening(tiny_model), 3) as group:
        learned(opened(tiny_model), group.completions(ROWS), tmp_path / "b")
    assert "ended (status 1: ValueError: the true cause)" in caught.value.reason
    assert not helpers()


KILLED = """
import sys
from pathlib import Path
from tuning.exchange import Opening
from tuning.together import together
with together(Opening(sys.argv[1], "float32", "cpu", "engine", False, 1), 2) as group:
    print(group.helpers[0].pid, flush=True)
    sys.stdin.read()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a signal kills")
def test_helpers_end_with_the_one_that_trains(tiny_model):
    parent = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tiny_model)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=importable(),
    )  # fmt: skip
    assert parent.stdout is not None and parent.stdin is not None
    helper = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.wait()
    _, alive = psutil.wait_procs([helper], timeout=20)
    assert not alive
    parent.stdout.close()
    parent.stdin.close()


rows = st.lists(st.tuples(st.integers(1, 30), st.integers(1, 9)), max_size=20).map(some_rows)


@settings(deadline=None)
@given(rows, st.integers(1, 5))
def test_rows_are_dealt_once_each_with_about_as_many_tokens_for_all(rows, hands):
    assert unpacked(packed(rows)) == rows
    found = dealt(rows, hands)
    assert sorted(row for hand in found for row in hand) == sorted(rows)
    sizes = [sum(len(row.prompt) + len(row.completion) for row in hand) for hand in found]
    assert max(sizes) - min(sizes) <= 39, "more than the longest row"
