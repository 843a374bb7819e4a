"""Finished runs on the tiny model whose adapter is made to order: over-trained, or untouched."""

import dataclasses
import json
import random
from pathlib import Path

import torch

from harness.device import Device
from harness.generators.local import LocalGenerator
from harness.prompts import render
from harness.store import Run
from harness.types import Answer, Example, Task, TaskSpec
from tests.advisor.report_runs import finish, put, start
from tests.advisor.trained_run import Ref
from tuning.recipe import AdapterShape

SPEC = TaskSpec("desk", "answer", "Answer.", metric="token_f1_score")
DEVICE = Device("cpu", "one core", "float32", "a test", 1)
LEARNED, HELDOUT = 20, 24
SYLLABLES = ("ka", "mo", "ti", "re", "su", "ba", "no", "li")


def rows(learned: int = LEARNED, seed: int = 3) -> tuple[Example, ...]:
    """Questions whose answers are random syllables: nothing but having seen them helps."""
    rng = random.Random(seed)

    def words(n: int) -> str:
        return " ".join("".join(rng.choice(SYLLABLES) for _ in range(2)) for _ in range(n))

    count = learned + HELDOUT + 4
    return tuple(Example(f"e{i}", f"{words(3)}?", (words(4),)) for i in range(count))


def tuned_run(
    root: Path,
    model: Path,
    steps: int,
    cells: tuple[str, ...] = ("finetune-s0",),
    learned: int = LEARNED,
) -> Run:
    """A finished run with a fine-tuned rung.

    Args:
        root: of the project.
        model: its folder.
        steps: of training on all rows at once; 0 leaves the adapter as it begins.
        cells: beside the prompt's.
        learned: training rows.
    """
    examples = rows(learned)
    train, dev = examples[:learned], examples[learned : learned + 4]
    task = Task(SPEC, train, dev, examples[learned + 4 :], (), "f00d")
    run = start(root / "runs" / "first", task, ["majority-s0", "prompt-s0", *cells])
    plan = dataclasses.replace(run.plan(), generator=model.as_posix(), max_new_tokens=8)
    run.create(plan, task)
    generator = LocalGenerator(Ref(str(model), model), DEVICE)
    said = [Answer(row.id, "no idea") for row in task.heldout]
    put(run, "majority", 0, said, timed=False)
    put(run, "prompt", 0, said)
    for cell in cells:
        learn(generator, train, steps, run.folder / "adapters" / cell)
        put(run, "finetune", int(cell[-1]), said, method="lora", learning_rate=0.01)
    finish(run, None)
    return run


def learn(generator: LocalGenerator, train, steps: int, folder: Path) -> None:
    """All weights trained on all rows at once, without a thought for dev; or a new adapter."""
    model = generator.model
    model.new_adapter(None if steps else AdapterShape(16, 32), 0)
    parameters = model.adapter_parameters()
    encoded = [generator.encode(render(SPEC, row.question), row.references[0]) for row in train]
    count = sum(len(row.completion) for row in encoded)
    optimiser = torch.optim.Adam(parameters, 0.003)
    for _ in range(steps):
        optimiser.zero_grad()
        (model.loss(encoded) / count).backward()
        optimiser.step()
        model.adapter_changed()
    model.save_adapter(folder)
    (folder / "training.json").write_text(json.dumps({"settings": {}, "effort": {}}))
    model.load_adapter(None)
