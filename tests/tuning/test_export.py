"""Exported folders, opened by the stock libraries and by nothing of ours."""

import json
import random
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.conftest import make_llama
from tests.tuning.conftest import SHAPES
from tests.tuning.oracle import CPU, PEFT_WARNING, opened, plain_model, trained, with_adapter
from tuning.afresh import Afresh
from tuning.encode import encode_prompt
from tuning.errors import TuningError
from tuning.export import (
    Answering,
    BaseName,
    bytes_of,
    export_adapter,
    export_merged,
    readable_by_older,
)
from tuning.files import weight_files

pytestmark = pytest.mark.filterwarnings(PEFT_WARNING)
MOST = 12
NAME = BaseName("owner/base", "c0ffee")
WORDS = ("refund", "parcel", "password", "invoice", "courier", "late", "garden", "lamp", "water")
HEADS = ("tied_gqa", "untied_gqa")


def conversations(count: int) -> list[list[dict[str, str]]]:
    rng = random.Random(4)
    system = {"role": "system", "content": "Answer briefly."}
    return [
        [system, {"role": "user", "content": " ".join(rng.choices(WORDS, k=rng.randint(2, 20)))}]
        for _ in range(count)
    ]


ASKED = conversations(12)


def own_answers(base, adapter):
    """What the engine says, in order."""
    model = opened(base)
    model.load_adapter(adapter)
    ids = [encode_prompt(model.tokenizer, one) for one in ASKED]
    said = {one.row: one.ids for one in model.generate(ids, MOST)}
    texts = [model.tokenizer.decode(said[row], skip_special_tokens=True) for row in range(len(ids))]
    return [text.strip() for text in texts]


def stock_answers(folder, base=None, rows=8):
    said = {one.row: one for one in Afresh(folder, base, torch.float32, CPU).answer(ASKED, rows)}
    return [said[row].text for row in range(len(ASKED))]


@pytest.fixture(scope="module")
def adapted(llama_of, tmp_path_factory):
    """Base folder and an adapter that changes it, by shape."""
    made = {}

    def of(shape):
        if shape not in made:
            base = llama_of(shape)
            made[shape] = base, trained(opened(base), tmp_path_factory.mktemp("adapters") / shape)
        return made[shape]

    return of


def new(folder):
    folder.mkdir()
    return folder


@pytest.mark.parametrize("shape", HEADS)
def test_adapter_and_merged_model_answer_as_the_engine_letter_by_letter(adapted, tmp_path, shape):
    base, adapter = adapted(shape)
    wanted = own_answers(base, adapter)
    assert wanted != own_answers(base, None), "the adapter changes the answers"
    export_adapter(adapter, base, NAME, Answering(MOST), new(tmp_path / "a"))
    assert stock_answers(tmp_path / "a", base) == wanted
    export_merged(adapter, base, torch.float32, Answering(MOST), new(tmp_path / "m"))
    assert stock_answers(tmp_path / "m") == wanted
    assert stock_answers(tmp_path / "m", rows=1) == wanted, "padding changes nothing"


def test_the_adapter_opens_in_peft_and_names_a_base_that_is_no_path_of_this_machine(
    adapted, tmp_path
):
    base, adapter = adapted("tied_gqa")
    export_adapter(adapter, base, NAME, Answering(MOST), new(tmp_path / "a"))
    config = json.loads((tmp_path / "a" / "adapter_config.json").read_text(encoding="utf-8"))
    assert config["base_model_name_or_path"] == "owner/base" and config["revision"] == "c0ffee"
    everything = "".join(f.read_text("utf-8") for f in (tmp_path / "a").glob("*.json"))
    assert str(base) not in everything
    assert with_adapter(base, tmp_path / "a").peft_config["default"].r == 3


def test_a_merged_model_equals_what_peft_merges(adapted, tmp_path):
    base, adapter = adapted("untied_gqa")
    export_merged(adapter, base, torch.float32, Answering(MOST), new(tmp_path / "m"))
    merged = with_adapter(base, adapter).merge_and_unload().state_dict()
    ours = plain_model(tmp_path / "m").state_dict()
    assert ours.keys() == merged.keys()
    for name, tensor in merged.items():
        torch.testing.assert_close(ours[name], tensor, rtol=0, atol=1e-6)


@pytest.mark.parametrize("shape", ["tied_gqa", "untied_gqa"])
def test_a_merged_model_keeps_the_names_of_the_base_so_a_tied_head_stays_tied(
    adapted, tmp_path, shape
):
    base, adapter = adapted(shape)
    export_merged(adapter, base, torch.float32, Answering(MOST), new(tmp_path / "m"))
    names = set(load_file(tmp_path / "m" / "model.safetensors"))
    assert names == set(load_file(base / "model.safetensors"))
    assert ("lm_head.weight" in names) == (shape == "untied_gqa")
    assert plain_model(tmp_path / "m").config.tie_word_embeddings == SHAPES[shape].get(
        "tie_word_embeddings", True
    )


def test_an_adapter_whose_b_was_zeroed_answers_otherwise_and_far_from_a_tie(adapted, tmp_path):
    base, adapter = adapted("untied_gqa")
    export_adapter(adapter, base, NAME, Answering(MOST), new(tmp_path / "a"))
    weights = tmp_path / "a" / "adapter_model.safetensors"
    save_file({k: t * ("lora_A" in k) for k, t in load_file(weights).items()}, weights)
    wanted = own_answers(base, adapter)
    afresh = Afresh(tmp_path / "a", base, torch.float32, CPU)
    parted = [one for one in afresh.answer(ASKED) if one.text != wanted[one.row]]
    assert len(parted) > len(ASKED) / 2
    behind = [afresh.behind(ASKED[one.row], one, wanted[one.row]) for one in parted]
    assert all(lead is None or lead > 1e-3 for lead in behind)


def test_where_an_answer_parts_is_found_and_how_far_behind_the_other_was(adapted, tmp_path):
    base, adapter = adapted("untied_gqa")
    export_adapter(adapter, base, NAME, Answering(MOST), new(tmp_path / "a"))
    afresh = Afresh(tmp_path / "a", base, torch.float32, CPU)
    checked = 0
    for said in afresh.answer(ASKED):
        for at in range(1, min(6, len(said.ids))):
            before = [*said.ids[:at]]
            logits = plain_model_logits(afresh, [*afresh._ids(ASKED[said.row]), *before])
            second = int(logits.topk(2).indices[1])
            other = afresh._text([*before, second])
            if not other.startswith(afresh._text(before)) or said.text.startswith(other):
                continue  # pieces of letters, or the same letters from other tokens
            lead = float(logits.max() - logits[second]) / max(1.0, abs(float(logits.max())))
            found = afresh.behind(ASKED[said.row], said, other)
            assert found == pytest.approx(lead, rel=1e-4), (said.text, other)
            checked += 1
    assert checked, "no answer parts where it can be followed"


def plain_model_logits(afresh, ids):
    with torch.no_grad():
        return afresh.model(torch.tensor([ids])).logits[0, -1]


# What older readers look for


def test_the_configuration_says_rope_and_type_in_old_words_and_in_new(adapted, tmp_path):
    base, adapter = adapted("tied_mqa")
    export_merged(adapter, base, torch.bfloat16, Answering(MOST), new(tmp_path / "m"))
    config = json.loads((tmp_path / "m" / "config.json").read_text(encoding="utf-8"))
    assert config["rope_theta"] == config["rope_parameters"]["rope_theta"] == 5e5
    assert config["dtype"] == config["torch_dtype"] == "bfloat16"
    assert plain_model(tmp_path / "m").config.rope_parameters["rope_theta"] == 5e5
    kinds = {t.dtype for t in load_file(tmp_path / "m" / "model.safetensors").values()}
    assert kinds == {torch.bfloat16}


def test_rope_scaling_is_said_in_old_words_too_and_rope_by_kind_of_layer_is_left_alone():
    rope = {"rope_type": "linear", "factor": 2.0, "rope_theta": 1e6}
    said = readable_by_older({"rope_parameters": rope, "_name_or_path": "/home/ada"}, "float32")
    assert said["rope_theta"] == 1e6
    assert said["rope_scaling"] == {"rope_type": "linear", "factor": 2.0}
    assert "_name_or_path" not in said
    by_layer = {"rope_parameters": {"full_attention": {"rope_theta": 1e6}}}
    assert "rope_theta" not in readable_by_older(by_layer, "float32")


def test_a_tokenizer_written_by_transformers_5_gets_a_class_that_older_releases_know(
    adapted, tmp_path
):
    base, adapter = adapted("tied_gqa")
    mine = json.loads((base / "tokenizer_config.json").read_text(encoding="utf-8"))
    assert mine["tokenizer_class"] == "TokenizersBackend"
    export_adapter(adapter, base, NAME, Answering(MOST), new(tmp_path / "a"))
    config = json.loads((tmp_path / "a" / "tokenizer_config.json").read_text(encoding="utf-8"))
    assert config["tokenizer_class"] == "PreTrainedTokenizerFast"
    assert config["model_input_names"] == ["input_ids", "attention_mask"]
    assert config["chat_template"] == (base / "chat_template.jinja").read_text(encoding="utf-8")


def test_generation_settings_are_greedy_with_every_end_token_whatever_the_base_asks_for(
    adapted, tmp_path
):
    base, adapter = adapted("untied_gqa")
    wanted = own_answers(base, adapter)
    sampling = shutil.copytree(base, tmp_path / "base")
    loud = {"do_sample": True, "temperature": 3.0, "repetition_penalty": 5.0, "eos_token_id": 7}
    (sampling / "generation_config.json").write_text(json.dumps(loud), encoding="utf-8")
    export_adapter(adapter, sampling, NAME, Answering(MOST), new(tmp_path / "a"))
    said = json.loads((tmp_path / "a" / "generation_config.json").read_text(encoding="utf-8"))
    assert said["do_sample"] is False and said["max_new_tokens"] == MOST
    vocabulary = opened(base).tokenizer.get_vocab()
    ends = {vocabulary["<|im_end|>"], vocabulary["<|endoftext|>"]}
    assert set(said["eos_token_id"]) == ends
    assert stock_answers(tmp_path / "a", sampling) == wanted


# Files


def test_weights_in_several_files_are_merged_file_by_file_and_a_stray_copy_is_passed_over(
    adapted, tmp_path
):
    base, adapter = adapted("untied_gqa")
    wanted = own_answers(base, adapter)
    parts = shutil.copytree(base, tmp_path / "base")
    plain_model(base).save_pretrained(str(parts), max_shard_size="60KB")
    (parts / "model.safetensors").unlink(missing_ok=True)
    shutil.copyfile(base / "model.safetensors", parts / "consolidated.safetensors")
    assert len(weight_files(parts)) > 2
    export_merged(adapter, parts, torch.float32, Answering(MOST), new(tmp_path / "m"))
    assert not (tmp_path / "m" / "consolidated.safetensors").exists()
    assert stock_answers(tmp_path / "m") == wanted


def test_what_cannot_be_merged_says_so(adapted, tmp_path):
    _, adapter = adapted("tied_gqa")
    other = make_llama(tmp_path / "other", num_hidden_layers=1)
    with pytest.raises(TuningError, match=r"hold no model\.layers\.1\..*weight"):
        export_merged(adapter, other, torch.float32, Answering(MOST), new(tmp_path / "m"))
    config = json.loads((other / "config.json").read_text(encoding="utf-8"))
    config["quantization_config"] = {"quant_method": "bitsandbytes"}
    (other / "config.json").write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(TuningError, match="quantised"):
        export_merged(adapter, other, torch.float32, Answering(MOST), tmp_path / "m")


def test_the_bytes_of_a_model_are_read_off_its_headers(adapted):
    base, _ = adapted("tied_gqa")
    numbers = sum(t.numel() for t in load_file(base / "model.safetensors").values())
    assert bytes_of(base, 2) == 2 * numbers


def test_code_that_lies_beside_a_model_is_not_copied(adapted, tmp_path):
    base, adapter = adapted("tied_gqa")
    odd = shutil.copytree(base, tmp_path / "base")
    (odd / "modeling_evil.py").write_text("raise SystemExit", encoding="utf-8")
    file = odd / "tokenizer_config.json"
    config = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps({**config, "auto_map": {"AutoTokenizer": ["x", None]}}), "utf-8")
    export_adapter(adapter, odd, NAME, Answering(MOST), new(tmp_path / "a"))
    assert not list((tmp_path / "a").glob("*.py"))
    assert "auto_map" not in (tmp_path / "a" / "tokenizer_config.json").read_text("utf-8")
