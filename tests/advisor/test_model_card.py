"""The README.md of an export: what stands on it for each form, and after each probe."""

import json
import shutil

import pytest

from advisor.exporting import Wanted, export
from harness.beside import store_of
from harness.disk import write_json
from harness.errors import UserError
from harness.exporting import exports_of
from harness.probe_result import RESULT
from tests.advisor.test_tested_words import FORGOT, KEPT_BACK, result
from tests.advisor.trained_run import trained_run
from tests.command import here
from tests.tuning.oracle import PEFT_WARNING
from tests.tuning.templates import HYBRID, REFUSING
from tuning.models import open_tokenizer

pytestmark = pytest.mark.filterwarnings(PEFT_WARNING)


@pytest.fixture
def run(tmp_path, untied):
    return trained_run(tmp_path / "project", untied)


def card_of(run, folder, rung="finetune", **wanted) -> str:
    done = export(run, Wanted(rung, questions=4, **wanted), folder)
    assert done.parity.verified, done.parity.why_not
    return (folder / "README.md").read_text(encoding="utf-8")


def probed(run, found) -> None:
    write_json(store_of(run, found.probe).folder / RESULT, found)


def test_the_card_says_what_it_is_and_takes_no_markup_from_the_user(run, tmp_path):
    card = card_of(run, tmp_path / "out")
    assert "````text\nAnswer ```briefly```.\n````" in card, "the fence is longer than the user's"
    assert "```text\ndesk <b>1</b>\n```" in card
    assert "fingerprint `f00d`" in card and "majority" in card and "learning rate 0.001" in card
    assert "No personal data was found in the training rows by its form" in card
    assert "whether they do was not tested" in card
    assert "`rungwise probe first forgetting` tests that" in card
    for way in ("PeftModel.from_pretrained", "vllm serve", "convert_lora_to_gguf.py"):
        assert way in card
    assert "`transformers serve` takes no adapter" in card
    assert all(e.question not in card for e in (*run.view().train, *run.heldout()))
    assert str(tmp_path) not in card


def test_what_probes_found_stands_on_the_card(run, tmp_path):
    probed(run, result("forgetting", "much", FORGOT, reasons=("reading",)))
    probed(run, result("memorisation", "high", KEPT_BACK))
    card = card_of(run, tmp_path / "out")
    assert "was not tested." not in card and "tests that" not in card
    assert "## What it forgot" in card
    assert "Fine-tuning forgot much of what the base could do. Shown to be worse" in card
    assert "- Fine-tuning: high risk of giving back training rows." in card
    assert "40 % of 60 training answers word for word" in card


def test_a_probe_that_is_about_another_rung_says_nothing_of_this_one(tmp_path, untied):
    run = trained_run(tmp_path / "project", untied, "preference")
    probed(run, result("memorisation", "high", KEPT_BACK))
    card = card_of(run, tmp_path / "out", "preference")
    assert "whether they do was not tested" in card and "high risk" not in card


def test_a_damaged_result_of_a_probe_is_said_before_anything_is_written(run, tmp_path):
    file = store_of(run, "memorisation").folder / RESULT
    file.parent.mkdir(parents=True)
    file.write_text("{", encoding="utf-8")
    with pytest.raises(UserError, match="damaged"):
        export(run, Wanted("finetune"), tmp_path / "place" / "out")
    assert not (tmp_path / "place").exists()


def test_a_model_whose_weights_all_were_trained_is_exported_with_card_and_parity(tmp_path, untied):
    run, out = trained_run(tmp_path / "project", untied, whole=True), tmp_path / "out"
    done = here("export", run.folder, "--rung", "finetune", "--out", out)
    assert done.returncode == 0, done.stderr
    assert "whole model, all weights trained" in done.stdout and "24 of 24" in done.stdout
    parity = json.loads((out / "rungwise_parity.json").read_text(encoding="utf-8"))
    assert parity["verified"] and parity["form"] == "full"
    assert parity["loaded_by"] == "transformers"
    card = (out / "README.md").read_text(encoding="utf-8")
    assert "# Fine-tuning: whole model, all weights trained" in card
    assert "library_name: transformers" in card and "transformers serve DIR" in card
    assert not (out / "adapter_config.json").exists() and (out / "model.safetensors").is_file()
    (record,) = exports_of(run)
    assert record.verified and record.form == "full"


def test_a_whole_model_can_be_written_in_another_precision(tmp_path, untied):
    from safetensors.torch import load_file

    run, out = trained_run(tmp_path / "project", untied, whole=True), tmp_path / "out"
    done = export(run, Wanted("finetune", precision="bfloat16", questions=2), out)
    weights = load_file(done.folder / "model.safetensors")
    assert {str(tensor.dtype) for tensor in weights.values()} == {"torch.bfloat16"}


def test_what_was_learned_from_preferences_is_exported_as_any_other_adapter(tmp_path, untied):
    run = trained_run(tmp_path / "project", untied, "preference")
    done = export(run, Wanted("preference"), tmp_path / "out")
    assert done.parity.verified and done.record.rung == "preference"
    assert (tmp_path / "out" / "adapter_config.json").is_file()


def test_the_chat_template_that_the_card_names_is_there_wherever_the_base_keeps_its_own(
    tmp_path, untied
):
    base = shutil.copytree(untied, tmp_path / "base")
    tokenizer = open_tokenizer(base)
    config = json.loads((base / "tokenizer_config.json").read_text(encoding="utf-8"))
    config["chat_template"] = tokenizer.chat_template
    (base / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")
    (base / "chat_template.jinja").unlink(missing_ok=True)
    run = trained_run(tmp_path / "project", base)
    card = card_of(run, tmp_path / "out")
    assert "--chat-template DIR/chat_template.jinja" in card
    written = (tmp_path / "out" / "chat_template.jinja").read_text(encoding="utf-8")
    assert written == tokenizer.chat_template


def test_a_base_that_can_think_is_to_be_served_without_it(tmp_path, untied):
    card = card_of(
        trained_run(tmp_path / "project", templated(untied, tmp_path, HYBRID)), tmp_path / "out"
    )
    assert "has to be off wherever this is served" in card
    assert card.count("enable_thinking=False,") == 1, "in what Python is told"
    assert (
        """--generation-config DIR --default-chat-template-kwargs '{"enable_thinking": false}'"""
        in card
    )


def test_the_system_text_stands_above_the_question_where_the_base_takes_no_such_message(
    tmp_path, untied
):
    card = card_of(
        trained_run(tmp_path / "project", templated(untied, tmp_path, REFUSING)), tmp_path / "out"
    )
    assert "Answer ```briefly```.\n\n(the question)\n" in card
    assert "System message" not in card and '"role": "system"' not in card


def test_nothing_is_said_of_thinking_where_the_base_cannot(run, tmp_path):
    card = card_of(run, tmp_path / "out")
    assert "thinking" not in card and '"role": "system"' in card


def templated(folder, tmp_path, template):
    """The same base with another chat template."""
    base = shutil.copytree(folder, tmp_path / "base")
    (base / "chat_template.jinja").write_text(template, encoding="utf-8")
    return base
