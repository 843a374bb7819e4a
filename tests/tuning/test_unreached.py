"""Weights that no row of a step reaches, as experts that none has asked for: they wait unmoved."""

import os
import signal

import pytest
import torch
from safetensors.torch import load_file

from tests.tuning.oracle import opened, some_rows
from tuning.likelihood import mean_loss
from tuning.outcome import Evaluated, Watch
from tuning.recipe import AdapterShape, Recipe
from tuning.train import train

RECIPE = Recipe(
    AdapterShape(4, 8), learning_rate=1e-2, epochs=4, batch_rows=4, evaluations=4, patience=9
)
ROWS = some_rows([(4 + i, 3) for i in range(12)], shared=3)  # three steps an epoch
REACHED = (2, 5, 8, 11)
"""Steps in which a row asks for the expert that is asked for at all."""


@pytest.fixture
def model(tiny_model, monkeypatch):
    """A model that learns two weights more than it reads: `asked` at times, `never` never."""
    model = opened(tiny_model)
    real_new, real_parameters = model.new_adapter, model.adapter_parameters

    def new_adapter(shape, seed):
        real_new(shape, seed)
        model.asked = torch.zeros(3, requires_grad=True)
        model.never = torch.ones(2, requires_grad=True)

    monkeypatch.setattr(model, "new_adapter", new_adapter)
    monkeypatch.setattr(
        model, "adapter_parameters", lambda: [*real_parameters(), model.asked, model.never]
    )
    return model


def run(model, folder, kill_after=0):
    """Train; killed as hard as can be after a step, in a process of its own."""

    def after(progress) -> None:
        if progress.step == kill_after:
            os.kill(os.getpid(), signal.SIGKILL)
        if progress.step + 1 in REACHED:  # what the next step finds is added to its own
            model.asked.grad = torch.full((3,), float(progress.step))

    def evaluated() -> Evaluated:
        return Evaluated(None, mean_loss(model, ROWS[::3]))

    return train(model, ROWS, RECIPE, folder, evaluated, Watch(after))


def test_training_goes_on_where_some_weights_were_not_reached_yet(model, tmp_path):
    whole = run(model, tmp_path / "whole")
    asked, adapter = model.asked.detach().clone(), tmp_path / "whole" / "adapter_model.safetensors"
    assert asked.abs().min() > 0 and torch.equal(model.never, torch.ones(2)), "no trap here"
    child = os.fork()
    if child == 0:
        try:
            run(model, tmp_path / "killed", kill_after=7)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)
    again = run(model, tmp_path / "killed")
    assert (again.steps, again.tokens) == (whole.steps, whole.tokens)
    torch.testing.assert_close(model.asked.detach(), asked)
    assert torch.equal(model.never, torch.ones(2))
    found = load_file(tmp_path / "killed" / "adapter_model.safetensors")
    for name, tensor in load_file(adapter).items():
        torch.testing.assert_close(found[name], tensor)
