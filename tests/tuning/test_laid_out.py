"""Weights laid out for answering: the same answers, and never those of weights from before."""

import random

import pytest
import torch

from tests.tuning.oracle import CPU, settle, some_ids
from tuning.at_once import at_once
from tuning.footprint import Load, footprint
from tuning.models import open_model
from tuning.models.llama import model as llama
from tuning.models.llama.batch import pack
from tuning.models.llama.packed import packs
from tuning.recipe import AdapterShape
from tuning.sizes import ModelSizes

PROMPTS = [some_ids(random.Random(3), length) for length in (4, 9, 17, 30)]


def opened(folder, dtype=torch.float32):
    return open_model(folder, dtype=dtype, device=CPU, path="engine")


def answers(model):
    return {done.row: done.ids for done in model.generate(PROMPTS, 12)}


def adapted(model, seed):
    """With an adapter that changes answers."""
    model.new_adapter(AdapterShape(4, 8), seed)
    settle(model, seed)
    return model


@pytest.fixture
def plain(monkeypatch):
    """Switches the layout off."""
    return lambda: monkeypatch.setattr(llama, "packs", lambda *_: False)


@pytest.mark.parametrize("with_adapter", [False, True], ids=["base", "adapter"])
def test_answers_and_logits_are_those_of_the_weights_as_they_are(untied, plain, with_adapter):
    model = adapted(opened(untied), 1) if with_adapter else opened(untied)
    batch = pack([], [PROMPTS[0]], torch.float32, CPU)
    engine = model.model
    with torch.inference_mode():
        with engine.laid_out():
            assert all(one.packed is not None for one in engine.layers[0].projections())
            found = engine.logits(engine.forward(batch))
        said = answers(model)
        plain()
        torch.testing.assert_close(found, engine.logits(engine.forward(batch)), atol=1e-5, rtol=0)
    assert said == answers(model)


def test_an_adapter_that_changes_while_answers_are_on_their_way_is_answered_by(untied, monkeypatch):
    alone = at_once("cpu")._replace(answered=1)  # one prompt a wave
    monkeypatch.setattr("tuning.models.llama.engine.at_once", lambda kind: alone)
    model = adapted(opened(untied), 1)
    coming = model.generate(PROMPTS, 12)
    first = next(coming)
    adapted(model, 2)
    rest = {done.row: done.ids for done in coming}
    after = answers(model)
    assert rest == {row: ids for row, ids in after.items() if row != first.row}
    assert after != answers(adapted(model, 1)), "the two adapters answer differently"


def test_nothing_stays_laid_out_after_the_answers(untied):
    model = opened(untied)
    coming = model.generate(PROMPTS, 12)
    next(coming)
    assert model.model.layers[0].down.packed is not None
    coming.close()
    assert model.model.layers[0].down.packed is None


def test_nothing_is_laid_out_while_all_weights_are_learned(untied):
    model = opened(untied)
    model.new_adapter(None, 0)
    coming = model.generate(PROMPTS, 12)
    next(coming)
    assert model.model.layers[0].down.packed is None


def test_only_a_small_model_in_float32_is_laid_out_and_memory_is_foretold_with_it():
    weight = torch.zeros(2, 2)
    assert packs(134_515_008, weight)
    assert not packs(134_515_008, weight.to(torch.bfloat16))
    assert not packs(360_000_000, weight)
    smollm = ModelSizes(30, 576, 1536, 9, 3, 64, 49152, True)
    load = Load(1000, 64, 100, 0, 4, fused_attention=False)
    held = {width: footprint("answer", smollm, load._replace(precision_bytes=width)).weights
            for width in (2, 4)}  # fmt: skip
    assert held[4] == pytest.approx(8 * smollm.parameters, rel=0.01)
    assert held[2] == 2 * smollm.parameters
    on_cuda = footprint("answer", smollm, load._replace(fused_attention=True))
    assert on_cuda.weights == 4 * smollm.parameters
