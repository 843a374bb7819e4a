"""Which model the engine runs, which it refuses by name, and what is said about broken folders."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.tuning.oracle import CPU, plain_loss, plain_model, some_rows
from tuning.errors import TuningError
from tuning.models import open_model

UNSUPPORTED = {
    "architecture 'qwen2'": {"model_type": "qwen2"},
    "architecture 'mistral'": {"model_type": "mistral"},
    "architecture None": {"model_type": None},
    "quantised weights": {"quantization_config": {"quant_method": "bitsandbytes"}},
    "attention_bias": {"attention_bias": True},
    "mlp_bias": {"mlp_bias": True},
    "activation 'gelu'": {"hidden_act": "gelu"},
    "rope scaling 'llama3'": {"rope_parameters": {
        "rope_type": "llama3", "rope_theta": 5e5, "factor": 8.0, "low_freq_factor": 1.0,
        "high_freq_factor": 4.0, "original_max_position_embeddings": 1024,
    }},
    "rope scaling 'yarn'": {"rope_parameters": {"rope_type": "yarn", "factor": 2.0}},
    "rope scaling 'linear'": {"rope_parameters": None, "rope_scaling": {
        "type": "linear", "factor": 2.0
    }},
    "rope scaling 'dynamic'": {"rope_scaling": {"rope_type": "dynamic", "factor": 2.0}},
    "partial rotary embedding": {"rope_parameters": {"partial_rotary_factor": 0.5}},
}  # fmt: skip


def changed(base: Path, target: Path, **changes) -> Path:
    """A copy of a model folder with other values in its config.json; None drops the key."""
    shutil.copytree(base, target)
    config = target / "config.json"
    raw = {**json.loads(config.read_text(encoding="utf-8")), **changes}
    kept = {key: value for key, value in raw.items() if value is not None}
    config.write_text(json.dumps(kept), encoding="utf-8")
    return target


def without(folder: Path, *names: str) -> Path:
    file = folder / "model.safetensors"
    tensors = {name: tensor for name, tensor in load_file(file).items() if name not in names}
    save_file(tensors, file, metadata={"format": "pt"})
    return folder


def engine(folder: Path):
    return open_model(folder, dtype=torch.float32, device=CPU, path="engine")


def test_a_plain_llama_runs_on_the_engine(tiny_model):
    model = open_model(tiny_model, dtype=torch.float32, device=CPU)
    assert model.path == "engine"
    assert model.context_length == 2048


@pytest.mark.parametrize(("named", "changes"), UNSUPPORTED.items(), ids=UNSUPPORTED)
def test_the_engine_refuses_what_it_lacks_by_name(tiny_model, tmp_path, named, changes):
    folder = changed(tiny_model, tmp_path / "model", **changes)
    with pytest.raises(TuningError) as caught:
        engine(folder)
    assert caught.value.reason == f"the small engine does not support {named}"
    assert "library" in caught.value.fix


@pytest.mark.parametrize(
    "changes",
    [
        {"rope_parameters": {"rope_type": "linear", "factor": 4.0, "rope_theta": 1e4}},
        {"rope_scaling": {"rope_type": "linear", "factor": 4.0}},
        {"hidden_act": "gelu"},
    ],
    ids=["rope", "rope in both keys", "activation"],
)
def test_what_the_engine_refuses_goes_through_the_library_and_is_right(
    tiny_model, tmp_path, changes
):
    folder = changed(tiny_model, tmp_path / "model", **changes)
    model, rows = open_model(folder, dtype=torch.float32, device=CPU), some_rows([(4, 3), (30, 9)])
    assert model.path == "library"
    with torch.no_grad():
        wanted = float(plain_loss(plain_model(folder), rows))
        plain = float(plain_loss(plain_model(tiny_model), rows))
        assert float(model.loss(rows)) == pytest.approx(wanted, abs=1e-4)
    assert abs(plain - wanted) > 1e-2, "the feature changes nothing here: the test shows nothing"


@pytest.mark.parametrize(
    "changes",
    [
        {"rope_parameters": None, "rope_theta": 5e5},
        {"rope_parameters": {"rope_type": "default"}, "rope_theta": 5e5},
        {"rope_parameters": None, "rope_scaling": None, "rope_theta": None},
        {"rms_norm_eps": None, "max_position_embeddings": None, "hidden_act": None},
        {"head_dim": None},
    ],
    ids=["old rope", "rope in two keys", "no rope", "library's defaults", "no head size"],
)
def test_configs_of_every_age_are_read_as_transformers_reads_them(tiny_model, tmp_path, changes):
    folder = changed(tiny_model, tmp_path / "model", **changes)
    rows = some_rows([(4, 3), (60, 9)])
    with torch.no_grad():
        wanted = float(plain_loss(plain_model(folder), rows))
        assert float(engine(folder).loss(rows)) == pytest.approx(wanted, abs=1e-4)


def test_weights_in_several_files_are_read_together(untied, tmp_path):
    folder = tmp_path / "shards"
    plain_model(untied).save_pretrained(str(folder), max_shard_size="100KB")
    for file in untied.glob("tokenizer*"):
        shutil.copy(file, folder)
    assert len(list(folder.glob("*.safetensors"))) > 1
    rows = some_rows([(4, 3)])
    with torch.no_grad():
        assert float(engine(folder).loss(rows)) == float(engine(untied).loss(rows))


def test_weights_that_lie_there_twice_are_read_once(untied, tmp_path):
    folder = tmp_path / "twice"
    shutil.copytree(untied, folder)
    tensors = load_file(folder / "model.safetensors")
    save_file({f"other.{name}": one for name, one in tensors.items()}, folder / "other.safetensors")
    assert engine(folder).n_parameters == engine(untied).n_parameters


def test_an_index_that_names_no_files_is_told_to_be_damaged(untied, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(untied, folder)
    (folder / "model.safetensors.index.json").write_text("{}", encoding="utf-8")
    with pytest.raises(TuningError, match=r"index\.json is damaged"):
        engine(folder)


def test_a_head_of_its_own_is_used_although_the_config_says_tied(untied, tmp_path):
    folder = changed(untied, tmp_path / "model", tie_word_embeddings=True)
    rows = some_rows([(4, 3)])
    with torch.no_grad():
        wanted = float(plain_loss(plain_model(folder), rows))
        assert float(engine(folder).loss(rows)) == pytest.approx(wanted, abs=1e-4)


@pytest.mark.parametrize(
    "name", ["lm_head.weight", "model.norm.weight", "model.layers.1.mlp.up_proj.weight"]
)
def test_a_missing_tensor_is_named(untied, tmp_path, name):
    folder = without(changed(untied, tmp_path / "model"), name)
    with pytest.raises(TuningError, match=name):
        engine(folder)


def test_a_folder_without_a_model_says_so(tmp_path):
    with pytest.raises(TuningError, match=r"holds no config\.json"):
        open_model(tmp_path, dtype=torch.float32, device=CPU)


def test_pickled_weights_are_not_opened(tiny_model, tmp_path):
    folder = changed(tiny_model, tmp_path / "model")
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    with pytest.raises(TuningError, match=r"no \.safetensors file"):
        engine(folder)


def test_an_unknown_path_lists_the_known_ones(tiny_model):
    with pytest.raises(TuningError, match="auto, engine, library"):
        open_model(tiny_model, dtype=torch.float32, device=CPU, path="gguf")


def test_a_recurrent_architecture_is_refused_by_name(tiny_model, tmp_path):
    from transformers import MambaConfig, MambaForCausalLM

    folder = tmp_path / "mamba"
    shutil.copytree(tiny_model, folder)
    MambaForCausalLM(
        MambaConfig(vocab_size=600, hidden_size=32, num_hidden_layers=1, state_size=4)
    ).save_pretrained(str(folder))
    with pytest.raises(TuningError, match="architecture 'mamba' is recurrent"):
        open_model(folder, dtype=torch.float32, device=CPU)
