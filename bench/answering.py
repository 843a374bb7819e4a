"""Answers to the same prompts: the product's generator beside transformers.

Stock parts are `pipeline` one prompt at a time, batched `generate` with prompts sorted by length,
and, for labels, `generate` held to the label set token by token. A slow side is given fewer of the
same prompts; what is compared is answers a second, and the answers to those that both were given.
"""

from pathlib import Path
from typing import NamedTuple

from bench.lines import Measured, line, same
from bench.rows import few_shot_prompts, label_prompts, labelled, passage_prompts
from bench.sides import Done, Side, Turn, Work, in_turn
from bench.stock_answering import batched_answers, held_answers, pipeline_answers
from harness.device import Device, pick_device
from harness.models import resolve
from harness.prompts import Prompt
from harness.types import Json, TaskSpec

NEW_TOKENS = 16
SHARED = 600
PRODUCT, PIPELINE = "engine", "pipeline, batch 1"
BATCHED, HELD = "generate, sorted batches of 64", "generate held to labels, batch 1"
SHARES, LABELS = "prompts that share their beginning", "labels over a trie"
EXAMPLES, PASSAGES = f"few-shot prompts, {SHARED} tokens shared", "prompts with passages"

AMOUNTS: dict[str, dict[str, int]] = {
    SHARES: {PRODUCT: 64, PIPELINE: 4, BATCHED: 64},
    LABELS: {PRODUCT: 64, PIPELINE: 4, HELD: 3},
    EXAMPLES: {PRODUCT: 64, PIPELINE: 2},
    PASSAGES: {PRODUCT: 16, PIPELINE: 2},
}
"""Prompts of a turn. The engine shares a beginning within a wave of up to 64."""
MUST = {
    ("float32", SHARES, PIPELINE): 18.0, ("bfloat16", SHARES, PIPELINE): 40.0,
    ("bfloat16", SHARES, BATCHED): 5.0,
    ("float32", LABELS, PIPELINE): 100.0, ("bfloat16", LABELS, PIPELINE): 100.0,
    ("float32", EXAMPLES, PIPELINE): 40.0, ("bfloat16", EXAMPLES, PIPELINE): 40.0,
    ("float32", PASSAGES, PIPELINE): 8.0, ("bfloat16", PASSAGES, PIPELINE): 8.0,
}  # fmt: skip


class Asking(NamedTuple):
    """What every side is given; sent to its process."""

    folder: Path
    device: Device
    prompts: dict[str, list[Prompt]]
    spec: TaskSpec

    def of(self, job: str, side: str) -> list[Prompt]:
        """The prompts of a side's turn."""
        return self.prompts[job][: AMOUNTS[job][side]]


def measure() -> dict[str, Json]:
    """Answers a second by side, in float32 and, where the machine has it, in bfloat16."""
    device = pick_device()
    ref = resolve("smollm2-135m-instruct", "generator", Path.cwd())
    most = {job: max(amounts.values()) for job, amounts in AMOUNTS.items()}
    asked = label_prompts(most[SHARES])
    prompts = {
        SHARES: asked,
        LABELS: asked,
        EXAMPLES: few_shot_prompts(ref.folder, most[EXAMPLES], SHARED),
        PASSAGES: passage_prompts(most[PASSAGES]),
    }
    given = labelled()
    lines: list[Json] = []
    for precision in sorted({"float32", device.precision}, reverse=True):
        here = device._replace(precision=precision)
        lines += _lines(Asking(ref.folder, here, prompts, given.spec))
    return {
        "data": given.name,
        "new_tokens": NEW_TOKENS,
        "threads": device.threads,
        "lines": lines,
    }


def _lines(asking: Asking) -> list[dict[str, Json]]:
    sides = [
        Side(PRODUCT, engine_answers, (asking,)),
        Side(PIPELINE, pipeline_answers, (asking,)),
        Side(BATCHED, batched_answers, (asking,)),
        Side(HELD, held_answers, (asking,)),
    ]
    found = in_turn(sides, {job: list(amounts) for job, amounts in AMOUNTS.items()})
    return [
        _line(asking, job, stock, turns)
        for job, turns in found.items()
        for stock in turns
        if stock != PRODUCT
    ]


def _line(asking: Asking, job: str, stock: str, turns: dict[str, list[Turn]]) -> dict[str, Json]:
    ours, theirs = (Measured(s, len(asking.of(job, s)), turns[s]) for s in (PRODUCT, stock))
    said, precision = (turns[PRODUCT][0].outputs, turns[stock][0].outputs), asking.device.precision
    agree = same(*said, "answers")
    if job == LABELS and stock == PIPELINE:
        agree = f"a label: {_labels(asking, said[0])} against {_labels(asking, said[1])}"
    return line(
        f"{job}, {precision}",
        "answers",
        ours,
        theirs,
        agree=agree,
        must=MUST.get((precision, job, stock)),
    )


def _labels(asking: Asking, said: list[Json]) -> str:
    return f"{sum(one in asking.spec.labels for one in said)} of {len(said)}"


def engine_answers(asking: Asking) -> Work:
    """The generator of the product."""
    from harness.closed_answers import constraint_of
    from harness.generators.local import LocalGenerator
    from harness.models import ModelRef

    model = LocalGenerator(ModelRef("bench", asking.folder, "", ""), asking.device)
    trie = constraint_of(asking.spec, model.tokenizer)

    def work(job: str) -> Done:
        prompts = asking.of(job, PRODUCT)
        texts: list[Json] = [None] * len(prompts)
        for done in model.complete(prompts, NEW_TOKENS, trie if job == LABELS else None):
            texts[done.row] = getattr(done, "text", None)  # a refusal has none
        return Done(texts)

    list(model.complete(asking.prompts[SHARES][:2], 2))
    return work
