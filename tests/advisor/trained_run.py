"""A finished run whose tuned rung is a random adapter on a tiny model; its answers are real."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from harness.checksums import folder_revision
from harness.closed_answers import constraint_of
from harness.decoding import HELD
from harness.device import Device
from harness.generators.local import LocalGenerator
from harness.models import cache_folder
from harness.prompts import render
from harness.store import Run
from harness.types import Answer, Context, Example, Task, TaskSpec
from tests.advisor.report_runs import finish, put, start
from tests.conftest import LABELS, label_rows
from tests.tuning.oracle import opened, trained

DEVICE = Device("cpu", "one core", "float32", "a test", 1)
TEXT = TaskSpec("desk <b>1</b>", "answer", "Answer ```briefly```.", metric="token_f1_score")
LABEL = TaskSpec("desk", "label", "Sort the message.", labels=LABELS, metric="accuracy_score")
NEW_TOKENS = 8


@dataclasses.dataclass(frozen=True)
class Ref:
    """What `LocalGenerator` takes of a `ModelRef`."""

    name: str
    folder: Path
    revision: str = ""
    note: str = ""


def rows(spec: TaskSpec) -> tuple[Example, ...]:
    return tuple(
        Example(
            f"e{i}",
            row["text"],
            (row["label"],) if spec.kind == "label" else (f"days {i} of the parcel",),
        )
        for i, row in enumerate(label_rows(60))
    )


def trained_run(
    root: Path,
    model: Path,
    rung: str = "finetune",
    spec: TaskSpec = TEXT,
    held: bool = False,
    whole: bool = False,
) -> Run:
    """A run in `root/runs/first` with one tuned rung, answered by the engine.

    Args:
        root: of the project.
        model: its folder.
        rung: that is tuned.
        spec: of the task.
        held: its answers are held to the allowed ones.
        whole: all weights were trained, instead of an adapter.
    """
    examples = rows(spec)
    task = Task(spec, examples[:30], examples[30:36], examples[36:], (), "f00d")
    run = start(root / "runs" / "first", task, ["majority-s0", f"{rung}-s0"])
    plan = dataclasses.replace(
        run.plan(), generator=model.as_posix(), max_new_tokens=NEW_TOKENS, target=None
    )
    run.create(plan, task)
    adapter = trained(opened(model), run.folder / "adapters" / f"{rung}-s0", 0 if whole else 3)
    weights = folder_revision(model, cache_folder())
    generator = LocalGenerator(Ref(str(model), model, weights), DEVICE)
    generator.model.load_adapter(adapter)
    contexts = passages(examples[36:]) if "rag" in rung else [()] * 24
    put(run, "majority", 0, [Answer(e.id, "login") for e in task.heldout], timed=False)
    constraint = constraint_of(spec, generator.tokenizer) if held else None
    answers = said(generator, spec, task.heldout, contexts, constraint)
    settings = {"method": "full"} if whole else {"method": "lora", "rank": 3}
    settings |= {"learning_rate": 0.001, "epochs": 2.0, "training_rows": 30}
    if held:
        settings["decoding"] = HELD
    put(run, rung, 0, answers, **settings)
    finish(run, None)
    return run


def passages(examples: Sequence[Example]) -> list[tuple[Context, ...]]:
    return [
        (Context("a.md", f"Step {i} takes {i} days.", 0.9, "Steps"), Context("b.md", "Else.", 0.1))
        for i, _ in enumerate(examples)
    ]


def said(generator, spec, examples, contexts, constraint) -> list[Answer]:
    prompts = [render(spec, e.question, c) for e, c in zip(examples, contexts, strict=True)]
    done = {one.row: one for one in generator.complete(prompts, NEW_TOKENS, constraint)}
    return [
        Answer(e.id, done[i].text, contexts[i], prompt_tokens=done[i].prompt_tokens,
               completion_tokens=done[i].completion_tokens)
        for i, e in enumerate(examples)
    ]  # fmt: skip
