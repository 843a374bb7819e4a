"""Twenty steps of training: against PEFT on whole sequences, and bfloat16 against float32."""

import functools
import random
from dataclasses import replace

import pytest
import torch

from tests.tuning.oracle import (
    CPU,
    PEFT_WARNING,
    plain_loss,
    plain_model,
    some_ids,
    some_rows,
    with_adapter,
)
from tuning.encode import Encoded
from tuning.models import open_model
from tuning.outcome import Evaluated, Progress, Watch
from tuning.recipe import AdapterShape, Recipe
from tuning.schedule import batches
from tuning.train import train

pytestmark = pytest.mark.filterwarnings(PEFT_WARNING)

# it never stops early here: every `Evaluated` below is the same
RECIPE = Recipe(AdapterShape(4, 8), 1e-2, epochs=5, batch_rows=16, patience=99, seed=3)


def lesson() -> list[Encoded]:
    """64 rows with a shared opening; the answer is one of three and depends on the prompt."""
    rng = random.Random(0)
    rows = some_rows([(rng.randrange(1, 24), 1) for _ in range(64)], shared=9)
    answers = [[*some_ids(rng, length), 2] for length in (9, 12, 7)]
    return [Encoded(row.prompt, answers[row.prompt[-1] % 3]) for row in rows]


def run(folder, target, recipe=RECIPE, *, dtype=torch.float32, path="engine") -> list[Progress]:
    model = open_model(folder, dtype=dtype, device=CPU, path=path)
    steps: list[Progress] = []
    train(model, lesson(), recipe, target, lambda: Evaluated(None, 1.0), Watch(steps.append))
    assert [step.step for step in steps] == list(range(1, 21))
    assert steps[0].loss - steps[-1].loss > 1, "nothing was learned: agreement would mean little"
    return steps


def losses(steps: list[Progress]) -> list[float]:
    return [step.loss for step in steps]


def peft_losses(folder, start, rates) -> list[float]:
    """The same twenty steps in plain PEFT, from a saved adapter."""
    peft, rows = with_adapter(folder, start, trainable=True), lesson()
    learned = [parameter for parameter in peft.parameters() if parameter.requires_grad]
    optimiser = torch.optim.AdamW(learned, weight_decay=0.0)
    found = []
    for order, rate in zip(batches(64, 16, 20, RECIPE.seed), rates, strict=True):
        batch = [rows[i] for i in order]
        loss = plain_loss(peft, batch) / sum(len(row.completion) for row in batch)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learned, 1.0)
        optimiser.param_groups[0]["lr"] = rate
        optimiser.step()
        optimiser.zero_grad()
        found.append(float(loss.detach()))
    return found


@pytest.fixture(scope="module")
def whole(untied, tmp_path_factory):
    """The run of each path, every batch in one piece."""
    return functools.cache(lambda path: run(untied, tmp_path_factory.mktemp("whole"), path=path))


@pytest.mark.parametrize("path", ["engine", "library"])
def test_losses_are_those_of_peft_from_the_same_start(untied, tmp_path, whole, path):
    model = open_model(untied, dtype=torch.float32, device=CPU, path=path)
    model.new_adapter(RECIPE.shape, RECIPE.seed)
    model.save_adapter(tmp_path)
    steps = whole(path)
    wanted = peft_losses(untied, tmp_path, [step.learning_rate for step in steps])
    assert losses(steps) == pytest.approx(wanted, abs=0.002)


def test_bfloat16_weights_lose_nothing_against_float32(untied, tmp_path):
    rounded = tmp_path / "rounded"
    plain_model(untied, torch.bfloat16).save_pretrained(str(rounded))
    for file in untied.glob("tokenizer*"):
        (rounded / file.name).write_bytes(file.read_bytes())
    full = run(rounded, tmp_path / "full")
    low = run(rounded, tmp_path / "low", dtype=torch.bfloat16)
    assert losses(low) == pytest.approx(losses(full), abs=0.02)


@pytest.mark.parametrize(("path", "tokens"), [("engine", 1), ("engine", 150), ("library", 150)])
def test_accumulating_gradients_changes_nothing(untied, tmp_path, whole, path, tokens):
    parts = run(untied, tmp_path, replace(RECIPE, micro_tokens=tokens), path=path)
    assert losses(parts) == pytest.approx(losses(whole(path)), abs=1e-5)


def test_the_same_seed_gives_the_same_run_and_another_seed_another(untied, tmp_path, whole):
    assert losses(run(untied, tmp_path / "again")) == losses(whole("engine"))
    other = run(untied, tmp_path / "other", replace(RECIPE, seed=4))
    assert losses(other) != losses(whole("engine"))
