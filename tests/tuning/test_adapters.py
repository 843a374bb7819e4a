"""Adapters in PEFT's format, in both directions, and what a base is after one came off."""

import json
import math

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.tuning.oracle import (
    ALL_LINEAR,
    CPU,
    PEFT_WARNING,
    opened,
    peft_adapter,
    plain_greedy,
    plain_loss,
    some_rows,
    trained,
    with_adapter,
)
from tuning.encode import stop_ids
from tuning.models.llama.batch import pack
from tuning.recipe import AdapterShape

pytestmark = pytest.mark.filterwarnings(PEFT_WARNING)

IDS = some_rows([(50, 1)])[0].prompt
ROWS = some_rows([(5, 4), (20, 9)], shared=3)
PATHS = ("engine", "library")


def engine_logits(engine):
    with torch.no_grad():
        return engine.model.logits(engine.model.forward(pack([], [IDS], engine.model.dtype, CPU)))


def plain_logits(model):
    with torch.no_grad():
        return model(torch.tensor([IDS])).logits[0]


def loss(model) -> float:
    with torch.no_grad():
        return float(model.loss(ROWS))


@pytest.mark.parametrize("shape", ["untied_gqa", "tied_mqa", "narrow_heads"])
def test_what_the_engine_saves_peft_loads_with_the_same_logits(llama_of, tmp_path, shape):
    base = llama_of(shape)
    engine = opened(base)
    plain = engine_logits(engine)
    trained(engine, tmp_path)
    found = plain_logits(with_adapter(base, tmp_path))
    torch.testing.assert_close(engine_logits(engine), found, atol=1e-5, rtol=0)
    assert float((found - plain).abs().max()) > 0.05, "the adapter changes nothing: no test"


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"target_modules": ["q_proj", "v_proj"]},
        {"target_modules": ["down_proj"], "r": 1, "lora_alpha": 1},
        {"layers_to_transform": [1]},
        {"target_modules": "all-linear", "lora_dropout": 0.1},
    ],
    ids=["all linear", "attention only", "one projection", "one layer", "with dropout"],
)
@pytest.mark.parametrize("path", PATHS)
def test_what_peft_saves_both_paths_load_with_the_same_answers(untied, tmp_path, changes, path):
    peft_adapter(untied, tmp_path, **changes)
    reference, model = with_adapter(untied, tmp_path), opened(untied, path)
    base = loss(model)
    model.load_adapter(tmp_path)
    with torch.no_grad():
        wanted = float(plain_loss(reference, ROWS))
    assert loss(model) == pytest.approx(wanted, abs=1e-4)
    assert abs(wanted - base) > 0.01
    (answer,) = model.generate([IDS], 8)
    assert (answer.ids, answer.truncated) == plain_greedy(
        reference, IDS, 8, stop_ids(model.tokenizer)
    )


def test_an_attention_only_adapter_has_peft_s_logits_in_the_engine(untied, tmp_path):
    peft_adapter(untied, tmp_path, target_modules=["q_proj", "v_proj"])
    engine = opened(untied)
    engine.load_adapter(tmp_path)
    wanted = plain_logits(with_adapter(untied, tmp_path))
    torch.testing.assert_close(engine_logits(engine), wanted, atol=1e-5, rtol=0)


def test_there_and_back_again_an_adapter_is_the_same_file(untied, tmp_path):
    peft_adapter(untied, tmp_path / "first")
    for path in PATHS:
        model = opened(untied, path)
        model.load_adapter(tmp_path / "first")
        model.save_adapter(tmp_path / path)
        first, again = (
            load_file(tmp_path / name / "adapter_model.safetensors") for name in ("first", path)
        )
        assert first.keys() == again.keys()
        assert all(torch.equal(first[name], again[name]) for name in first)
        config = json.loads((tmp_path / path / "adapter_config.json").read_text(encoding="utf-8"))
        assert (config["r"], config["lora_alpha"]) == (4, 12)
        assert sorted(config["target_modules"]) == sorted(ALL_LINEAR)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("path", PATHS)
def test_dropping_an_adapter_gives_the_base_back_bit_for_bit(untied, tmp_path, path, dtype):
    model = opened(untied, path, dtype)
    before, answers = loss(model), list(model.generate([IDS, IDS[:9]], 8))
    trained(model, tmp_path)
    assert loss(model) != before
    model.load_adapter(None)
    assert loss(model) == before
    assert list(model.generate([IDS, IDS[:9]], 8)) == answers
    assert model.adapter_parameters() == []


def test_the_engines_weights_are_the_files_weights_after_an_adapter_came_off(untied, tmp_path):
    engine = opened(untied)
    trained(engine, tmp_path)
    engine.load_adapter(None)
    stored = load_file(untied / "model.safetensors")
    for projection in engine._projections():
        wanted = torch.cat([stored[f"{name}.weight"] for name in projection.names])
        assert torch.equal(projection.weight, wanted), projection.names


@pytest.mark.parametrize("path", PATHS)
def test_switching_between_adapters_leaves_no_trace(untied, tmp_path, path):
    model = opened(untied, path)
    base = loss(model)
    a = trained(model, tmp_path / "a", seed=1)
    b = trained(model, tmp_path / "b", rank=5, seed=2)
    seen = {}
    for name, folder in (("a", a), ("b", b), ("a", a), ("base", None), ("b", b), ("a", a)):
        model.load_adapter(folder)
        assert seen.setdefault(name, loss(model)) == loss(model), name
    assert seen["base"] == base
    assert len(set(seen.values())) == 3


@pytest.mark.parametrize("path", PATHS)
def test_a_fresh_adapter_starts_as_pefts_does_and_changes_nothing(untied, path):
    model = opened(untied, path)
    before = loss(model)
    model.new_adapter(AdapterShape(8, 16), seed=5)
    assert loss(model) == pytest.approx(before, abs=1e-4)
    parameters = model.adapter_parameters()
    assert all(tensor.dtype == torch.float32 and tensor.requires_grad for tensor in parameters)
    starts, zeros = parameters[::2], parameters[1::2]
    assert all(not tensor.any() for tensor in zeros)
    for tensor in starts:
        bound = 1 / math.sqrt(tensor.shape[1])
        assert 0.95 * bound < float(tensor.detach().abs().max()) <= bound
    first = [tensor.detach().clone() for tensor in starts]
    model.new_adapter(AdapterShape(8, 16), seed=5)
    again = model.adapter_parameters()[::2]
    assert all(torch.equal(x, y) for x, y in zip(first, again, strict=True))
    model.new_adapter(AdapterShape(8, 16), seed=6)
    assert not torch.equal(first[0], model.adapter_parameters()[0])


def test_saving_without_an_adapter_is_a_mistake_of_the_caller(tiny_model, tmp_path):
    for path in PATHS:
        with pytest.raises(RuntimeError, match="no adapter is attached"):
            opened(tiny_model, path).save_adapter(tmp_path)


def test_adapters_stored_in_bfloat16_and_with_a_broken_alpha_are_read_as_peft_reads_them(
    untied, tmp_path
):
    folder = trained(opened(untied), tmp_path)
    file, config = folder / "adapter_model.safetensors", folder / "adapter_config.json"
    save_file({name: tensor.bfloat16() for name, tensor in load_file(file).items()}, file)
    raw = json.loads(config.read_text(encoding="utf-8"))
    config.write_text(json.dumps({**raw, "lora_alpha": 4.5}), encoding="utf-8")
    engine = opened(untied)
    engine.load_adapter(folder)
    assert all(tensor.dtype == torch.float32 for tensor in engine.adapter_parameters())
    wanted = plain_logits(with_adapter(untied, folder))
    torch.testing.assert_close(engine_logits(engine), wanted, atol=1e-5, rtol=0)


def test_saving_again_replaces_what_was_there(untied, tmp_path):
    engine = opened(untied)
    trained(engine, tmp_path, seed=1)
    trained(engine, tmp_path, rank=2, seed=2)
    last = loss(engine)
    engine.load_adapter(None)
    engine.load_adapter(tmp_path)
    assert loss(engine) == pytest.approx(last, abs=1e-5)
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "adapter_config.json",
        "adapter_model.safetensors",
    ]
