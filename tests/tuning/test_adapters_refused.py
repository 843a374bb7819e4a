"""What is not a plain LoRA adapter of this base is refused with a way out, the base unharmed."""

import json
import pickle

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.tuning.oracle import PEFT_WARNING, opened, peft_adapter, some_rows, trained
from tuning.errors import TuningError
from tuning.recipe import AdapterShape

pytestmark = pytest.mark.filterwarnings(PEFT_WARNING)

ROWS = some_rows([(5, 4), (20, 9)], shared=3)
PATHS = ("engine", "library")


def loss(model) -> float:
    with torch.no_grad():
        return float(model.loss(ROWS))


def refused(model, folder) -> TuningError:
    """The error; the model must be its bare base afterwards, and able to take an adapter."""
    model.load_adapter(None)
    base = loss(model)
    with pytest.raises(TuningError) as caught:
        model.load_adapter(folder)
    assert loss(model) == base
    model.new_adapter(AdapterShape(2, 4), seed=0)
    assert loss(model) == pytest.approx(base, abs=1e-4)
    assert caught.value.fix
    return caught.value


@pytest.mark.parametrize("path", PATHS)
def test_an_adapter_of_another_base_is_refused_with_what_does_not_fit(llama_of, tmp_path, path):
    model = opened(llama_of("untied_mha"), path)
    other = trained(opened(llama_of("wide_heads")), tmp_path / "wide")
    error = refused(model, other)
    assert "has shape" in error.reason
    assert "proj.lora_" in error.reason
    assert "base" in error.fix
    deeper = trained(opened(llama_of("untied_gqa")), tmp_path / "deep")
    tensors = load_file(deeper / "adapter_model.safetensors")
    third = {name: value for name, value in tensors.items() if ".layers.2.mlp." in name}
    save_file(third, deeper / "adapter_model.safetensors")
    assert "has no place in this base" in refused(model, deeper).reason


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("kept", ["lora_A", "q_proj", "nothing"])
def test_half_an_adapter_is_refused_instead_of_answering_as_the_base(untied, tmp_path, path, kept):
    folder = trained(opened(untied), tmp_path / "half")
    tensors = load_file(folder / "adapter_model.safetensors")
    left = {
        name: value for name, value in tensors.items()
        if kept in name and ("lora_A" in name or ".0." not in name)
    }  # fmt: skip
    save_file(left, folder / "adapter_model.safetensors")
    error = refused(opened(untied, path), folder)
    assert "the adapter's file lacks matrices of " in error.reason


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"use_dora": True}, "use_dora"),
        ({"use_rslora": True}, "use_rslora"),
        ({"rank_pattern": {"q_proj": 2}}, "rank_pattern"),
        ({"alpha_pattern": {"q_proj": 2}}, "alpha_pattern"),
        ({"modules_to_save": ["lm_head"]}, "modules_to_save"),
        ({"alora_invocation_tokens": [5, 6]}, "alora_invocation_tokens"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_adapters_that_are_not_plain_lora_are_refused_by_name(
    untied, tmp_path, path, changes, named
):
    error = refused(opened(untied, path), peft_adapter(untied, tmp_path, **changes))
    assert f"uses {named}" in error.reason
    assert error.fix == "give a plain LoRA adapter"


@pytest.mark.parametrize("path", PATHS)
def test_a_bias_that_was_trained_too_is_refused(untied, tmp_path, path):
    trained(opened(untied), tmp_path)
    file = tmp_path / "adapter_model.safetensors"
    name = "base_model.model.model.layers.0.self_attn.q_proj.lora_B.bias"
    save_file({**load_file(file), name: torch.ones(64)}, file)
    assert "q_proj.lora_B.bias" in refused(opened(untied, path), tmp_path).reason


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", ["adapter_config.json", "adapter_model.safetensors"])
def test_a_missing_file_is_named(untied, tmp_path, path, name):
    folder = trained(opened(untied), tmp_path / "adapter")
    (folder / name).unlink()
    error = refused(opened(untied, path), folder)
    assert error.reason == f"{folder / name} is missing"
    assert "LoRA" in error.fix


@pytest.mark.parametrize("path", PATHS)
def test_a_save_that_was_cut_off_is_not_an_adapter(untied, tmp_path, path):
    folder = trained(opened(untied), tmp_path / "adapter")
    file = folder / "adapter_model.safetensors"
    file.rename(folder / "adapter_model.safetensors.tmp")
    assert "is missing" in refused(opened(untied, path), folder).reason


@pytest.mark.parametrize("path", PATHS)
def test_another_kind_of_adapter_is_refused_by_name(untied, tmp_path, path):
    folder = trained(opened(untied), tmp_path)
    config = folder / "adapter_config.json"
    raw = json.loads(config.read_text(encoding="utf-8"))
    config.write_text(json.dumps({**raw, "peft_type": "IA3"}), encoding="utf-8")
    assert "IA3" in refused(opened(untied, path), folder).reason


@pytest.mark.parametrize("path", PATHS)
def test_a_pickle_under_the_weights_name_is_refused_and_never_opened_as_one(untied, tmp_path, path):
    folder = trained(opened(untied), tmp_path / "adapter")
    mark = tmp_path / "ran"

    class Runs:
        def __reduce__(self):
            return mark.touch, ()

    torch.save({"weights": Runs()}, folder / "adapter_model.safetensors")
    assert "adapter_model.safetensors is damaged" in refused(opened(untied, path), folder).reason
    (folder / "adapter_model.safetensors").write_bytes(pickle.dumps(Runs()))
    assert "adapter_model.safetensors is damaged" in refused(opened(untied, path), folder).reason
    assert not mark.exists()


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", ["adapter_config.json", "adapter_model.safetensors"])
def test_a_file_that_was_cut_off_is_named(untied, tmp_path, path, name):
    folder = trained(opened(untied), tmp_path / "adapter")
    file = folder / name
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    assert f"{file} is damaged" in refused(opened(untied, path), folder).reason


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("broken", ["[]", "{}", '{"peft_type": "LORA", "lora_alpha": 4}'])
def test_a_configuration_that_does_not_say_the_rank_is_refused(untied, tmp_path, path, broken):
    folder = trained(opened(untied), tmp_path / "adapter")
    (folder / "adapter_config.json").write_text(broken, encoding="utf-8")
    refused(opened(untied, path), folder)


@pytest.mark.parametrize("path", PATHS)
def test_a_trained_model_that_was_cut_off_is_refused(untied, tmp_path, path):
    model = opened(untied, path)
    model.new_adapter(None, seed=0)
    model.save_adapter(tmp_path / "whole")
    file = tmp_path / "whole" / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-500])
    assert f"{file} is damaged" in refused(opened(untied, path), tmp_path / "whole").reason
