"""Training that is killed: it goes on from its checkpoint and ends as if nothing had happened."""

import json
import os
import signal
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, safe_open, save_file

from tests.tuning.oracle import opened, some_rows
from tuning import checkpoint, steps
from tuning import train as training
from tuning.likelihood import mean_loss
from tuning.outcome import Evaluated, Watch
from tuning.recipe import AdapterShape, Recipe
from tuning.train import train

RECIPE = Recipe(
    AdapterShape(4, 8), learning_rate=1e-2, epochs=4, batch_rows=4, evaluations=4, patience=9
)
ROWS = some_rows([(4 + i, 3) for i in range(12)], shared=3)  # three steps an epoch
DEV = ROWS[::3]


def run(model, folder, watch=Watch(), recipe=RECIPE, rows=ROWS):  # noqa: B008
    return train(model, rows, recipe, folder, lambda: Evaluated(None, mean_loss(model, DEV)), watch)


class Diary:
    """What a training says, step by step."""

    def __init__(self) -> None:
        self.losses, self.points, self.said = {}, [], []
        self.watch = Watch(self.step, self.points.append, self.said.append)

    def step(self, progress) -> None:
        self.losses[progress.step] = (progress.loss, progress.learning_rate)


def killed_in(model, folder, step: int, recipe=RECIPE) -> None:
    """A process of its own trains up to a step and is killed there, as hard as can be."""

    def kill(progress) -> None:
        if progress.step == step:
            os.kill(os.getpid(), signal.SIGKILL)

    child = os.fork()
    if child == 0:
        try:
            run(model, folder, Watch(kill), recipe)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


@pytest.fixture(scope="module")
def model(tiny_model):
    return opened(tiny_model)


@pytest.fixture(scope="module")
def whole(model, tmp_path_factory):
    """A training that nobody disturbed."""
    folder, diary = tmp_path_factory.mktemp("whole"), Diary()
    return run(model, folder, diary.watch), diary, load_file(folder / "adapter_model.safetensors")


def same_end(model, folder, whole, first_step: int) -> Diary:
    """Go on, and find what the undisturbed training found."""
    result, undisturbed, adapter = whole
    diary = Diary()
    again = run(model, folder, diary.watch)
    assert min(diary.losses) == first_step
    for step, seen in diary.losses.items():
        assert seen == pytest.approx(undisturbed.losses[step], abs=1e-6), f"step {step}"
    assert [p.step for p in again.points] == [p.step for p in result.points]
    for mine, theirs in zip(again.points, result.points, strict=True):
        assert mine == pytest.approx(theirs, abs=1e-6)
    assert (again.steps, again.tokens) == (result.steps, result.tokens)
    for name, tensor in load_file(folder / "adapter_model.safetensors").items():
        assert torch.allclose(tensor, adapter[name], rtol=0, atol=1e-6), name
    return diary


def test_a_killed_training_goes_on_from_its_last_look_at_dev_and_ends_the_same(
    model, tmp_path, whole
):
    killed_in(model, tmp_path, step=8)
    diary = same_end(model, tmp_path, whole, first_step=7)
    assert diary.said == ["Training goes on after step 6 of 12"]


def test_between_two_looks_there_are_checkpoints_too(model, tmp_path, whole, monkeypatch):
    monkeypatch.setattr(training, "CHECKPOINT_S", 0.0)
    monkeypatch.setattr(training, "CHECKPOINT_SHARE", 1e9)
    killed_in(model, tmp_path, step=2)
    same_end(model, tmp_path, whole, first_step=2)
    assert (tmp_path / "checkpoint" / "training.safetensors").is_file()


def test_a_kill_between_better_weights_and_their_checkpoint_costs_no_training(
    model, tmp_path, whole
):
    """The checkpoint on disk names the weights before; they are kept until another names these."""

    def kill_at_second_look(run, folder, at):
        if at.step == 6:
            os.kill(os.getpid(), signal.SIGKILL)
        return keep(run, folder, at)

    keep = steps.Steps.keep
    child = os.fork()
    if child == 0:
        steps.Steps.keep = kill_at_second_look
        try:
            run(model, tmp_path)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    diary = same_end(model, tmp_path, whole, first_step=4)
    assert diary.said == ["Training goes on after step 3 of 12"]


def test_a_training_killed_twice_ends_the_same(model, tmp_path, whole):
    killed_in(model, tmp_path, step=4)
    killed_in(model, tmp_path, step=11)
    same_end(model, tmp_path, whole, first_step=10)


def test_a_training_that_had_ended_is_not_trained_again_until_its_checkpoint_is_removed(
    model, tmp_path, whole
):
    first = run(model, tmp_path)
    diary = Diary()
    again = run(model, tmp_path, diary.watch)
    assert diary.losses == {} and again.points == first.points
    checkpoint.remove(tmp_path)
    assert sorted(f.name for f in tmp_path.iterdir()) == [
        "adapter_config.json", "adapter_model.safetensors"
    ]  # fmt: skip


def test_a_checkpoint_holds_no_pickle_and_is_three_adapters_large(model, tmp_path):
    run(model, tmp_path)
    file = tmp_path / "checkpoint" / "training.safetensors"
    adapter = (tmp_path / "adapter_model.safetensors").stat().st_size
    assert file.stat().st_size < 3.5 * adapter
    with safe_open(file, "pt") as found:
        told = json.loads(found.metadata()["standing"])
    assert told["step"] == 12 and len(told["points"]) == 4
    assert [f.name for f in file.parent.iterdir()] == [file.name]


def damage(file):
    file.write_bytes(file.read_bytes()[:-100])


def claim(file, without="", **said):
    """Say other things in the header than the training did, or leave a tensor out."""
    with safe_open(file, "pt") as found:
        header = {**found.metadata(), **said}
    tensors = {name: tensor for name, tensor in load_file(file).items() if name != without}
    save_file(tensors, file, metadata=header)


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (damage, "damaged"),
        (lambda file: file.write_bytes(b""), "damaged"),
        (lambda file: file.write_bytes(b"\x80\x04K\x01."), "damaged"),
        (lambda file: claim(file, standing="{"), "damaged"),
        (lambda file: claim(file, standing='{"points": [], "best": null, "x": 1}'), "damaged"),
        (lambda file: claim(file, without="3.mean"), "damaged"),
        (lambda file: claim(file, kind="something else"), "of another training"),
        (lambda file: damage(file.parents[1] / "adapter_model.safetensors"), "is not the one"),
        (lambda file: (file.parents[1] / "adapter_model.safetensors").unlink(), "is not the one"),
    ],
    ids=[
        "cut",
        "empty",
        "pickle",
        "no JSON",
        "other keys",
        "a tensor gone",
        "other kind",
        "best cut",
        "best gone",
    ],
)
def test_a_checkpoint_that_cannot_be_used_is_set_aside_and_training_starts_anew(
    model, tmp_path, whole, spoil, why
):
    killed_in(model, tmp_path, step=8)
    spoil(tmp_path / "checkpoint" / "training.safetensors")
    diary = same_end(model, tmp_path, whole, first_step=1)
    assert len(diary.said) == 1 and why in diary.said[0] and "starts anew" in diary.said[0]
    assert (tmp_path / "checkpoint" / "training.safetensors.unusable").is_file()


@pytest.mark.parametrize(
    "changed",
    [{"learning_rate": 5e-3}, {"seed": 1}],
    ids=lambda changed: next(iter(changed)),
)
def test_a_checkpoint_of_another_training_is_not_gone_on_from(model, tmp_path, changed):
    killed_in(model, tmp_path, step=4, recipe=replace(RECIPE, **changed))
    diary = Diary()
    run(model, tmp_path, diary.watch)
    assert min(diary.losses) == 1 and "another training" in diary.said[0]


def test_a_disk_without_room_for_checkpoints_does_not_end_the_training(
    model, tmp_path, whole, monkeypatch
):
    (tmp_path / "checkpoint").write_text("a file where the folder belongs", encoding="utf-8")
    diary = Diary()
    run(model, tmp_path, diary.watch)
    assert len(diary.losses) == 12
    assert all("No checkpoint could be written" in line for line in diary.said) and diary.said


# Ending it by hand


def test_who_has_enough_gets_the_best_adapter_so_far(model, tmp_path):
    diary = Diary()
    watch = replace(diary.watch, enough=lambda: len(diary.losses) == 8)
    result = run(model, tmp_path, watch)
    assert result.stopped_by_user and not result.stopped_early
    assert (result.steps, result.planned_steps) == (8, 12)
    assert [point.step for point in result.points] == [3, 6]
    assert mean_loss(model, DEV) == pytest.approx(min(p.dev_loss for p in result.points), abs=1e-6)


def test_who_has_enough_before_dev_was_looked_at_gets_what_there_is(model, tmp_path):
    diary = Diary()
    watch = replace(diary.watch, enough=lambda: len(diary.losses) == 2)
    result = run(model, tmp_path, watch)
    assert [point.step for point in result.points] == [2] and result.best.step == 2


# A loss that is no number


class Breaking:
    """The model, but from a step on its loss is no number."""

    def __init__(self, model, after: int) -> None:
        self.model, self.calls, self.after = model, 0, after

    def __getattr__(self, name):
        return getattr(self.model, name)

    def loss(self, rows):
        loss = self.model.loss(rows)
        self.calls += torch.is_grad_enabled()
        return loss * float("nan") if self.calls > self.after else loss


def test_a_loss_that_stops_being_a_number_leaves_the_best_adapter_before_it(model, tmp_path, whole):
    result = run(Breaking(model, after=7), tmp_path)
    assert "became nan at step 8" in result.diverged and result.steps == 7
    assert not result.stopped_early and not result.stopped_by_user
    assert [point.step for point in result.points] == [3, 6]
    best = min(whole[0].points[:2], key=lambda point: point.dev_loss)
    assert result.best == pytest.approx(best, abs=1e-6)
    assert mean_loss(model, DEV) == pytest.approx(best.dev_loss, abs=1e-6)


def test_a_loss_that_is_no_number_before_dev_was_looked_at_is_an_error(model, tmp_path):
    with pytest.raises(steps.DivergedError, match="became nan at step 2"):
        run(Breaking(model, after=1), tmp_path)
