"""Sizes against models built by transformers and PEFT, memory against published accounts."""

import json

import pytest

from tuning.errors import TuningError
from tuning.footprint import METHODS, Load, footprint
from tuning.sizes import ModelSizes, read_sizes, sizes_named

LLAMA_7B = sizes_named("llama-2-7b")


@pytest.mark.parametrize("tied", [True, False])
def test_sizes_count_the_weights_that_transformers_makes(tmp_path, tied):
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        hidden_size=48, intermediate_size=80, num_hidden_layers=3, num_attention_heads=6,
        num_key_value_heads=2, head_dim=16, vocab_size=101, tie_word_embeddings=tied,
    )  # fmt: skip
    config.save_pretrained(tmp_path)
    with torch.device("meta"):
        model = LlamaForCausalLM(config)
    norms = sum(p.numel() for name, p in model.named_parameters() if "norm" in name)
    assert read_sizes(tmp_path).parameters == model.num_parameters() - norms


@pytest.mark.filterwarnings("ignore::FutureWarning")  # of PEFT, about transformers
def test_an_adapter_has_the_weights_that_peft_makes(tiny_model):
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    from tests.tuning.oracle import ALL_LINEAR

    base = AutoModelForCausalLM.from_pretrained(tiny_model)
    model = get_peft_model(base, LoraConfig(r=5, target_modules=list(ALL_LINEAR)))
    assert read_sizes(tiny_model).adapter(5) == model.get_nb_trainable_parameters()[0]


@pytest.mark.parametrize(
    ("name", "billions"),
    [
        ("meta-llama/Llama-3.1-8B", 8.03),
        ("Qwen/Qwen2.5-7B-Instruct", 6.74),
        ("smollm2-135m-instruct", 0.134),
        ("x/tiny-1.1b-chat", 1.24),
    ],
)
def test_a_name_that_speaks_of_a_size_is_judged_by_the_usual_model_of_that_size(name, billions):
    assert sizes_named(name).parameters / 1e9 == pytest.approx(billions, abs=0.01)


@pytest.mark.parametrize("name", ["gpt2", "mixtral-8x7b", "owner/v2", "a/400b", "b2b-mailer"])
def test_a_name_that_says_nothing_sure_is_not_guessed_at(name):
    assert sizes_named(name) is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"hidden_size": "wide"}', '{"n_embd": 768}'])
def test_a_config_that_does_not_say_sizes_is_refused_by_name(tmp_path, text):
    (tmp_path / "config.json").write_text(text, encoding="utf-8")
    with pytest.raises(TuningError, match="does not say how large"):
        read_sizes(tmp_path)


def test_a_model_with_pictures_beside_is_read_by_its_text_part(tmp_path, tiny_model):
    raw = json.loads((tiny_model / "config.json").read_text(encoding="utf-8"))
    (tmp_path / "config.json").write_text(json.dumps({"text_config": raw}), encoding="utf-8")
    assert read_sizes(tmp_path) == read_sizes(tiny_model)._replace(engine=False)


def test_memory_of_a_7b_model_is_what_published_tables_say():
    """Weights, gradients and optimiser alone: 14, 15, 5 and 112 GB in round figures.

    Full fine-tuning needs 2 bytes a weight more here: gradients are added up in float32.
    """
    one = Load(tokens=1, learned=1, context=1, rank=16)
    needed = {method: footprint(method, LLAMA_7B, one).total / 1e9 for method in METHODS}
    assert needed["answer"] == pytest.approx(13.5, abs=0.5)
    assert needed["lora"] == pytest.approx(14.5, abs=1)
    assert needed["qlora"] == pytest.approx(5, abs=1)
    assert needed["full"] - 2e-9 * LLAMA_7B.parameters == pytest.approx(108, abs=4)


def test_memory_grows_with_everything_that_is_held():
    small = Load(tokens=512, learned=64, context=128, rank=8)
    base = footprint("lora", LLAMA_7B, small).total
    for more in (
        {"tokens": 1024}, {"learned": 128}, {"rank": 16}, {"precision_bytes": 4},
        {"fused_attention": False},
    ):  # fmt: skip
        assert footprint("lora", LLAMA_7B, small._replace(**more)).total > base, more
    assert footprint("lora", LLAMA_7B, small._replace(checkpointing=True)).total < base


def test_what_rows_share_counts_in_the_cache_once_for_each_that_holds_it():
    """64 rows of 40 tokens behind 600 that they share: copied into every row, 41k tokens of keys
    and values are held, 2 floats of 24 layers, 2 heads of 64; twice while caches are joined."""
    qwen = ModelSizes(24, 896, 4864, 14, 2, 64, 151936, True)
    once = Load(3160, 64, 640, 0, 4, fused_attention=True)
    copied = once._replace(cached=64 * 640)
    more = footprint("answer", qwen, copied).total - footprint("answer", qwen, once).total
    assert more == 4 * 2 * 2 * 24 * 2 * 64 * (64 * 640 - 3160)


def test_a_step_of_the_embedded_model_needs_what_was_measured():
    """Peaks of a process on two cores in float32, less the 0.38 GB that it holds without a model.

    Rows of the sample, 8 a step: 2,048 tokens with passages 4.56 GB, 489 tokens without 1.63 GB.
    """
    smollm = ModelSizes(30, 576, 1536, 9, 3, 64, 49152, True)
    with_passages = Load(2048, 224, 351, 16, 4, fused_attention=False)
    without = Load(489, 224, 122, 16, 4, fused_attention=False)
    assert footprint("lora", smollm, with_passages).total == pytest.approx(4.56e9, rel=0.15)
    assert footprint("lora", smollm, without).total == pytest.approx(1.63e9, rel=0.15)
    # the same in bfloat16, where the whole rung's process peaked at 5.28 and 2.53 GB
    half = with_passages._replace(precision_bytes=2), without._replace(precision_bytes=2)
    peaks = [footprint("lora", smollm, load).total for load in half]
    assert peaks == [pytest.approx(4.87e9, rel=0.15), pytest.approx(2.12e9, rel=0.15)]


def test_a_step_through_the_library_needs_what_was_measured():
    """Peaks of steps on two cores in float32, less what the process held with the model opened.

    8 rows of up to 120 tokens, 20 of them learned, and of up to 260 tokens, 40 learned.
    """
    smollm = ModelSizes(30, 576, 1536, 9, 3, 64, 49152, True)
    for tokens, learned, context, whole, packed in (
        (853, 160, 120, 2.72e9, 2.52e9),
        (1854, 320, 260, 6.05e9, 6.11e9),
    ):
        load = Load(tokens, learned, context, 16, 4, fused_attention=False, library=True)
        for method, peak in (("lora", whole), ("qlora", packed)):
            need = footprint(method, smollm, load)
            assert need.total - need.weights == pytest.approx(peak, rel=0.15)


def test_the_library_is_never_foretold_to_keep_less_than_the_engine():
    smollm = ModelSizes(30, 576, 1536, 9, 3, 64, 49152, True)
    for tokens in (100, 960, 8000):
        for width in (2, 4):
            load = Load(tokens, 160, 120, 16, width, fused_attention=False)
            engine = footprint("lora", smollm, load).activations
            assert footprint("lora", smollm, load._replace(library=True)).activations >= engine


def test_a_model_that_the_engine_does_not_know_is_known_to_need_the_library(tmp_path, tiny_model):
    raw = json.loads((tiny_model / "config.json").read_text(encoding="utf-8"))
    (tmp_path / "config.json").write_text(
        json.dumps({**raw, "attention_bias": True}), encoding="utf-8"
    )
    assert read_sizes(tiny_model).engine and not read_sizes(tmp_path).engine
