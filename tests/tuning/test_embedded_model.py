"""The same promises on the embedded language model, whose weights are not random."""

import json
from dataclasses import replace

import pytest
import torch

from tests.conftest import ROOT
from tests.tuning.oracle import (
    CPU,
    PEFT_WARNING,
    opened,
    plain_greedy,
    plain_loss,
    plain_model,
    with_adapter,
)
from tuning.encode import encode_example, encode_prompt, stop_ids
from tuning.models import open_tokenizer
from tuning.models.llama.batch import pack
from tuning.outcome import Evaluated, Watch
from tuning.recipe import AdapterShape, Recipe
from tuning.schedule import batches
from tuning.train import train

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900), pytest.mark.filterwarnings(PEFT_WARNING)]

RECIPE = Recipe(AdapterShape(8, 16), 1e-3, epochs=1, batch_rows=4, patience=99)


@pytest.fixture(scope="module")
def folder():
    from harness.models import resolve

    return resolve("smollm2-135m-instruct", "generator").folder


@pytest.fixture(scope="module")
def messages():
    file = ROOT / "advisor" / "samples" / "support-desk" / "data" / "train.jsonl"
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    system = {"role": "system", "content": "You answer customers of a shop in two sentences."}
    return [([system, {"role": "user", "content": row["question"]}], row["answer"]) for row in rows]


def test_logits_equal_those_of_transformers(folder, messages):
    tokenizer = open_tokenizer(folder)
    rows = sorted((encode_prompt(tokenizer, asked) for asked, _ in messages[:6]), key=len)
    engine, reference = opened(folder).model, plain_model(folder)
    with torch.no_grad():
        found = engine.logits(engine.forward(pack([], rows, torch.float32, CPU)))
        at = 0
        for row in rows:
            wanted = reference(torch.tensor([row])).logits[0]
            scale = float(wanted.abs().max())
            difference = (found[at : at + len(row)] - wanted).abs().max()
            assert float(difference) / scale < 1e-5, f"of logits up to {scale:.0f}"
            at += len(row)


def test_texts_equal_those_of_generate_in_98_of_100(folder, messages):
    engine, reference = opened(folder), plain_model(folder)
    prompts = [encode_prompt(engine.tokenizer, asked) for asked, _ in messages[:100]]
    stops = stop_ids(engine.tokenizer)
    found = {done.row: (done.ids, done.truncated) for done in engine.generate(prompts, 12)}
    same = [found[i] == plain_greedy(reference, prompts[i], 12, stops) for i in range(100)]
    assert sum(same) >= 98


def test_early_losses_are_pefts_in_float32_and_close_in_bfloat16(folder, messages, tmp_path):
    engine = opened(folder)
    rows = [encode_example(engine.tokenizer, *row) for row in messages[:80]]
    engine.new_adapter(RECIPE.shape, RECIPE.seed)
    engine.save_adapter(tmp_path / "start")
    full, low = [], []
    train(engine, rows, RECIPE, tmp_path / "full", lambda: Evaluated(None, 1.0), Watch(full.append))
    train(
        opened(folder, dtype=torch.bfloat16),
        rows,
        replace(RECIPE, micro_tokens=512),
        tmp_path / "low",
        lambda: Evaluated(None, 1.0),
        Watch(low.append),
    )
    assert [one.loss for one in low] == pytest.approx([one.loss for one in full], abs=0.02)
    peft = with_adapter(folder, tmp_path / "start", trainable=True)
    learned = [parameter for parameter in peft.parameters() if parameter.requires_grad]
    optimiser = torch.optim.AdamW(learned, weight_decay=0.0)
    for done, order in zip(full, batches(80, 4, 20, RECIPE.seed), strict=True):
        batch = [rows[i] for i in order]
        loss = plain_loss(peft, batch) / sum(len(row.completion) for row in batch)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learned, 1.0)
        optimiser.param_groups[0]["lr"] = done.learning_rate
        optimiser.step()
        optimiser.zero_grad()
        assert done.loss == pytest.approx(float(loss.detach()), abs=0.002), f"step {done.step}"
    assert full[0].loss - full[-1].loss > 0.2
