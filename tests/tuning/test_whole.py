"""Full fine-tuning: the gradient of every weight, the model that is saved, and the base after."""

import json
import random
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.tuning.oracle import opened, plain_loss, plain_model, some_ids, some_rows
from tuning.errors import TuningError
from tuning.likelihood import mean_loss
from tuning.models.whole import Masters, write_model
from tuning.outcome import Evaluated, Watch
from tuning.recipe import Recipe
from tuning.train import train

ROWS = some_rows([(5, 4), (20, 9), (3, 2)], shared=3)
LESSON = some_rows([(4 + i, 3) for i in range(12)], shared=3)
RECIPE = Recipe(None, learning_rate=1e-3, epochs=2, batch_rows=4, evaluations=2)
SHAPES = ("tied_gqa", "untied_gqa", "narrow_heads")
PATHS = ("engine", "library")
SLOWER = pytest.mark.parametrize(
    "path", ["engine", pytest.param("library", marks=pytest.mark.slow)]
)


def learned(model, folder, recipe=RECIPE) -> list[float]:
    losses = []
    watch = Watch(lambda progress: losses.append(progress.loss))
    train(model, LESSON, recipe, folder, lambda: Evaluated(None, mean_loss(model, LESSON)), watch)
    return losses


@pytest.mark.parametrize("shape", SHAPES)
def test_every_weight_gets_the_gradient_that_the_library_computes(llama_of, shape):
    reference = plain_model(llama_of(shape)).requires_grad_()
    plain_loss(reference, ROWS).backward()
    wanted = {name: weight.grad for name, weight in reference.named_parameters()}
    engine = opened(llama_of(shape))
    engine.new_adapter(None, 0)
    torch.autograd.backward(engine.loss(ROWS))
    found = dict(zip(engine.model.learnable(), engine.adapter_parameters(), strict=True))
    assert torch.allclose(found["norm"].grad, wanted["model.norm.weight"], atol=1e-3)
    embedding = wanted["model.embed_tokens.weight"]
    assert torch.allclose(found["embedding"].grad, embedding, atol=1e-3)
    mine = sum(float(weight.grad.square().sum()) for weight in found.values())
    theirs = sum(float(gradient.square().sum()) for gradient in wanted.values())
    assert mine == pytest.approx(theirs, rel=1e-4), "a weight is left out"
    first = [wanted[f"model.layers.0.self_attn.{name}_proj.weight"] for name in "qkv"]
    assert torch.allclose(found["0.0"].grad, torch.cat(first), atol=1e-3)
    for norm, name in (("attention_norm", "input"), ("mlp_norm", "post_attention")):
        gradient = wanted[f"model.layers.1.{name}_layernorm.weight"]
        assert torch.allclose(found[f"1.{norm}"].grad, gradient, atol=1e-3)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("shape", ["tied_gqa", "untied_gqa"])
def test_what_was_trained_is_saved_as_a_model_that_answers_the_same(
    llama_of, tmp_path, shape, path
):
    base = llama_of(shape)
    model = opened(base, path)
    before = mean_loss(model, LESSON)
    losses = learned(model, tmp_path)
    after = mean_loss(model, LESSON)
    assert losses[-1] < losses[0] - 0.05 and after < before - 0.05
    prompts = [some_ids(random.Random(1), 9)]
    answers = list(model.generate(prompts, 8))
    # by the door of the answering path, and as a model of its own
    answering = opened(base, path)
    answering.load_adapter(tmp_path)
    for other in (answering, opened(tmp_path, path), opened(tmp_path, "library")):
        assert mean_loss(other, LESSON) == pytest.approx(after, abs=1e-5)
        assert list(other.generate(prompts, 8)) == answers
    model.load_adapter(None)
    assert mean_loss(model, LESSON) == before, "the base is as it was"


def test_both_paths_learn_the_same(tiny_model, tmp_path):
    engine, library = (learned(opened(tiny_model, path), tmp_path / path) for path in PATHS)
    assert engine == pytest.approx(library, abs=1e-4)


@SLOWER
def test_in_bfloat16_steps_too_small_for_it_are_not_lost(tiny_model, tmp_path, path):
    slow = Recipe(None, learning_rate=4e-5, epochs=8, batch_rows=4, evaluations=1)
    full = learned(opened(tiny_model, path), tmp_path / "full", slow)
    model = opened(tiny_model, path, torch.bfloat16)
    low = learned(model, tmp_path / "low", slow)
    assert full[0] - full[-1] > 0.05
    assert low[0] - low[-1] == pytest.approx(full[0] - full[-1], rel=0.25)
    config = json.loads((tmp_path / "low" / "config.json").read_bytes())
    assert "bfloat16" in (config.get("dtype"), config.get("torch_dtype"))


@pytest.mark.parametrize("path", PATHS)
def test_a_model_of_another_base_is_refused_and_the_base_comes_back(llama_of, tmp_path, path):
    learned(opened(llama_of("untied_gqa"), path), tmp_path)
    model = opened(llama_of("narrow_heads"), path)
    before = mean_loss(model, LESSON)
    with pytest.raises(TuningError, match="this base needs"):
        model.load_adapter(tmp_path)
    assert mean_loss(model, LESSON) == before


def test_a_gradient_for_which_memory_ran_out_does_not_count_twice(monkeypatch):
    """The step is done again, and what the first attempt left on a weight must not be added."""
    weight = torch.ones(3, dtype=torch.bfloat16)
    masters = Masters({"weight": weight})
    whole, failures = torch.Tensor.float, [torch.cuda.OutOfMemoryError("no room")]

    def first_without_room(tensor):
        if failures:
            raise failures.pop()
        return whole(tensor)

    monkeypatch.setattr(torch.Tensor, "float", first_without_room)
    with pytest.raises(torch.cuda.OutOfMemoryError):
        torch.autograd.backward((2 * weight).sum())
    for _ in range(2):  # a step of two parts
        torch.autograd.backward((2 * weight).sum())
    assert masters.learned[0].grad.tolist() == [4.0, 4.0, 4.0]


def test_a_base_whose_configuration_is_damaged_is_named(tmp_path):
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "config.json").write_text('{"hidden_size"', encoding="utf-8")
    with pytest.raises(TuningError, match=r"config.json is damaged"):
        write_model(tmp_path / "out", tmp_path / "base", {"norm": torch.ones(2)})


def test_a_head_of_its_own_under_a_tied_configuration_is_written_as_its_own(llama_of, tmp_path):
    """Readers that believe the configuration would drop what was learned of the head."""
    base = tmp_path / "base"
    shutil.copytree(llama_of("untied_mha"), base)
    config = json.loads((base / "config.json").read_text(encoding="utf-8"))
    config["tie_word_embeddings"] = True
    (base / "config.json").write_text(json.dumps(config), encoding="utf-8")
    model = opened(base)
    model.new_adapter(None, seed=0)
    model.save_adapter(tmp_path / "out")
    written = json.loads((tmp_path / "out" / "config.json").read_text(encoding="utf-8"))
    assert written == {**config, "tie_word_embeddings": False}
    tied = opened(llama_of("tied_gqa"))
    tied.new_adapter(None, seed=0)
    tied.save_adapter(tmp_path / "tied")
    kept = json.loads((tmp_path / "tied" / "config.json").read_text(encoding="utf-8"))
    assert kept.get("tie_word_embeddings", True)


def test_a_tensor_that_is_missing_is_named_with_its_folder(llama_of, tmp_path):
    base = tmp_path / "base"
    shutil.copytree(llama_of("untied_mha"), base)
    tensors = load_file(base / "model.safetensors")
    del tensors["model.norm.weight"]
    save_file(tensors, base / "model.safetensors")
    with pytest.raises(TuningError) as caught:
        opened(base)
    assert caught.value.reason == f"{base}: its files lack the tensor model.norm.weight"
