"""The library path on other architectures: each has a habit that padding or an own head breaks."""

import random
import shutil

import pytest
import torch

from tests.tuning.oracle import (
    CPU,
    PEFT_WARNING,
    plain_greedy,
    plain_loss,
    plain_model,
    some_ids,
    some_rows,
)
from tuning.encode import stop_ids
from tuning.models import open_model
from tuning.models.opening import open_by_library
from tuning.models.shared import PEFT_PREFIX, linear_layers
from tuning.recipe import AdapterShape

SIZES = {
    "vocab_size": 600,
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 512,
}
HABITS = {
    "Qwen3": {"head_dim": 16},  # norms of queries and keys
    "Mistral": {"sliding_window": 16},  # padding would use the window up
    "Gemma2": {
        "head_dim": 16,
        "query_pre_attn_scalar": 16,
        "sliding_window": 16,
        "final_logit_softcapping": 1.0,  # logits capped behind the head
    },
    "Granite": {"logits_scaling": 4.0},  # logits divided behind the head
    "Cohere": {"logit_scale": 0.25},  # logits multiplied, attention and MLP side by side
    "Phi": {},  # biases, half of each head rotated
    "Phi3": {"pad_token_id": 0},  # queries, keys and values in one layer, and so gate and up
    "Glm4": {"head_dim": 16, "pad_token_id": 0},  # gate and up in one, the rest apart
}

pytestmark = pytest.mark.filterwarnings(PEFT_WARNING)


@pytest.fixture(scope="module", params=HABITS)
def folder(request, tiny_model, tmp_path_factory):
    import transformers

    name = request.param
    config = getattr(transformers, f"{name}Config")(**SIZES, **HABITS[name])
    torch.manual_seed(0)
    model = getattr(transformers, f"{name}ForCausalLM")(config)
    for parameter in model.parameters():
        if parameter.dim() > 1:
            parameter.data.mul_(4)
    target = tmp_path_factory.mktemp("others") / name
    shutil.copytree(tiny_model, target)
    model.save_pretrained(str(target))
    return target


@pytest.fixture(scope="module")
def both(folder):
    return open_model(folder, dtype=torch.float32, device=CPU), plain_model(folder)


def test_the_loss_is_that_of_whole_sequences(both):
    model, reference = both
    assert model.path == "library"
    rows = some_rows([(3, 4), (40, 9), (7, 1)], shared=6)
    with torch.no_grad():
        wanted = float(plain_loss(reference, rows))
        assert float(model.loss(rows)) == pytest.approx(wanted, abs=2e-4)


def test_answers_are_those_of_each_prompt_alone(both):
    model, reference = both
    rng = random.Random(1)
    opening = some_ids(rng, 6)
    prompts = [opening + some_ids(rng, n) for n in (3, 40, 7, 7, 12, 1)]
    stops = stop_ids(model.tokenizer)
    found = {done.row: (done.ids, done.truncated) for done in model.generate(prompts, 12)}
    assert [found[i] for i in range(6)] == [plain_greedy(reference, p, 12, stops) for p in prompts]


def test_an_adapter_learns_and_comes_off_again(both):
    model, _ = both
    rows = some_rows([(3, 4), (9, 9)], shared=4)
    with torch.no_grad():
        base = float(model.loss(rows))
    model.new_adapter(AdapterShape(4, 8), seed=0)
    optimiser = torch.optim.AdamW(model.adapter_parameters(), lr=1e-2)
    losses = []
    for _ in range(8):
        loss = model.loss(rows)
        loss.backward()
        losses.append(float(loss.detach()))
        optimiser.step()
        optimiser.zero_grad()
        model.adapter_changed()
    assert losses[0] == pytest.approx(base, rel=1e-6), "a fresh adapter changes nothing yet"
    assert losses[-1] < losses[0] - 0.5
    model.load_adapter(None)
    with torch.no_grad():
        assert float(model.loss(rows)) == base


def test_an_adapter_is_on_every_linear_layer_of_the_decoder(both):
    model, reference = both
    layers = {name for name, _ in linear_layers(reference).items()} - {"lm_head"}
    model.new_adapter(AdapterShape(4, 8), seed=0)
    adapted = {
        name.removeprefix(PEFT_PREFIX).removesuffix(".lora_A.default.weight")
        for name, _ in model._peft.named_parameters()
        if ".lora_A." in name
    }
    model.load_adapter(None)
    assert adapted == layers


def test_what_looks_at_pictures_has_no_adapter_though_its_layers_have_the_same_names(
    tiny_model, tmp_path
):
    from transformers import Gemma3Config, Gemma3ForConditionalGeneration

    seeing = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1,
              "num_attention_heads": 2, "image_size": 28, "patch_size": 14}  # fmt: skip
    reading = {**SIZES, "head_dim": 16, "num_hidden_layers": 3}  # PEFT shortens 20 names or more
    config = Gemma3Config(text_config=reading, vision_config=seeing, mm_tokens_per_image=1)
    folder = shutil.copytree(tiny_model, tmp_path / "seeing")
    torch.manual_seed(0)
    Gemma3ForConditionalGeneration(config).save_pretrained(str(folder))
    model = open_model(folder, dtype=torch.float32, device=CPU)
    assert model.context_length == SIZES["max_position_embeddings"]
    model.new_adapter(AdapterShape(4, 8), seed=0)
    adapted = [n for n, _ in model._peft.named_parameters() if ".lora_A." in n]
    assert len(adapted) == 7 * 3
    assert all("language_model.layers" in name for name in adapted)
    assert any("vision_tower" in name and "q_proj" in name for name in linear_layers(model.base))
    rows = some_rows([(3, 4), (9, 9)], shared=4)
    with torch.no_grad():
        for parameter in model.adapter_parameters():
            parameter.add_(0.01)
        model.adapter_changed()
        learned = float(model.loss(rows))
        model.save_adapter(tmp_path / "adapter")
        model.load_adapter(tmp_path / "adapter")
        assert float(model.loss(rows)) == pytest.approx(learned, abs=1e-5)


def test_an_architecture_without_fused_attention_is_opened_with_plain_attention(both, folder):
    """On a graphics card the fused kind is asked for; opening itself needs none."""
    model, _ = both
    card = torch.device("cuda")
    opened = open_by_library(folder, torch.float32, card)
    fused = type(model.base)._supports_sdpa
    assert opened.config._attn_implementation == ("sdpa" if fused else "eager")
    assert fused == (opened.config.model_type != "gemma2")


def test_what_else_is_wrong_with_a_folder_is_still_told(tiny_model, tmp_path):
    folder = shutil.copytree(tiny_model, tmp_path / "unknown")
    config = folder / "config.json"
    config.write_text(config.read_text().replace('"llama"', '"no_such_model"'), encoding="utf-8")
    with pytest.raises(ValueError, match="no_such_model"):
        open_by_library(folder, torch.float32, torch.device("cuda"))
