"""Where memory lacks even for one row: layers computed twice, the same losses and gradients."""

import dataclasses

import pytest
import torch

from tests.tuning.oracle import PEFT_WARNING, opened, settle, some_rows
from tests.tuning.test_out_of_memory import RECIPE, Small, trained
from tests.tuning.test_out_of_memory import ROWS as TRAINED_ON
from tuning.errors import TuningError
from tuning.models.llama import model as llama
from tuning.objective import Completions
from tuning.recipe import AdapterShape
from tuning.steps import Steps

pytestmark = pytest.mark.filterwarnings(PEFT_WARNING)
ROWS = some_rows([(9, 4), (30, 9), (5, 3)], shared=4)
PATHS = ("engine", "library")


def learned(model, shape, recompute: bool) -> tuple[float, list[torch.Tensor], int]:
    """The loss, its gradients, and bytes that were kept from forward to backward."""
    kept = []

    def keep(tensor):
        kept.append(tensor)
        return tensor

    model.new_adapter(shape, seed=0)
    if shape is not None:
        settle(model)
    model.room.recompute = recompute
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        loss = model.loss(ROWS)
    storages = {t.untyped_storage().data_ptr(): t.untyped_storage().nbytes() for t in kept}
    torch.autograd.backward(loss)
    gradients = [parameter.grad.clone() for parameter in model.adapter_parameters()]
    return float(loss.detach()), gradients, sum(storages.values())


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("shape", [AdapterShape(4, 8), None], ids=["lora", "full"])
def test_layers_computed_twice_learn_the_same_and_keep_less(untied, path, shape):
    once = learned(opened(untied, path), shape, recompute=False)
    again = learned(opened(untied, path), shape, recompute=True)
    assert again[0] == pytest.approx(once[0], abs=1e-4)
    for mine, theirs in zip(again[1], once[1], strict=True):
        torch.testing.assert_close(mine, theirs, atol=1e-4, rtol=1e-4)
    assert again[2] < once[2]


def test_no_state_of_random_numbers_is_taken_along_where_nothing_is_drawn(untied, monkeypatch):
    """On a card it would be fetched and put back in every layer."""
    told, whole = [], llama.checkpoint

    def noted(*given, **more):
        told.append(more["preserve_rng_state"])
        return whole(*given, **more)

    monkeypatch.setattr(llama, "checkpoint", noted)
    learned(opened(untied), AdapterShape(4, 8), recompute=True)
    assert told == [False, False]


@pytest.mark.parametrize("path", PATHS)
def test_an_answer_is_the_same_after_training_computed_layers_twice(untied, path):
    model = opened(untied, path)
    prompts = [row.prompt for row in ROWS]
    expected = sorted(model.generate(prompts, 6))
    learned(model, AdapterShape(4, 8), recompute=True)
    model.load_adapter(None)
    assert sorted(model.generate(prompts, 6)) == expected


class Tiny(Small):
    """Room for one row, and only where its layers are computed twice."""

    def loss(self, rows):
        if len(rows) == 1 and not self.model.room.recompute:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return super().loss(rows)


def test_a_single_row_that_does_not_fit_is_tried_with_layers_computed_twice(tiny_model, tmp_path):
    _, expected = trained(opened(tiny_model), tmp_path / "roomy")
    model, said = opened(tiny_model), []
    model.room.say = said.append
    result, losses = trained(Tiny(model, 1), tmp_path / "tiny")
    assert losses == pytest.approx(expected, abs=1e-5)
    assert result.recompute and result.rows_at_once == 1
    assert said[-1] == (
        "Memory ran out while training on a single row: going on with less kept and more computed"
    )


def test_only_then_is_training_given_up(tiny_model, tmp_path):
    small = Small(opened(tiny_model), 0)
    with pytest.raises(TuningError, match="while training on a single row"):
        trained(small, tmp_path)
    assert small.model.room.recompute and small.tries[-2:] == [1, 1]


def test_a_step_cut_into_halves_learns_the_same_from_the_same_checkpoint(tiny_model, tmp_path):
    recipe = dataclasses.replace(RECIPE, micro_tokens=60)
    model = opened(tiny_model)
    _, expected = trained(model, tmp_path / "whole", recipe=recipe)
    halved = opened(tiny_model)
    halved.room.divided = 2
    small = Small(halved, 99)
    result, losses = trained(small, tmp_path / "halved", recipe=recipe)
    assert losses == pytest.approx(expected, abs=1e-5)
    assert result.divided == 2 and not result.recompute and max(small.tries) < 5
    whose = [Steps(one, Completions(TRAINED_ON), recipe).whose for one in (model, halved)]
    assert whose[0] == whose[1], "its checkpoint is that of the same training"


def test_a_row_that_cannot_be_cut_has_its_layers_computed_twice(tiny_model):
    model = opened(tiny_model)
    model.room.divided = 64
    Steps(model, Completions(some_rows([(40, 4)])), RECIPE)
    assert model.room.recompute
