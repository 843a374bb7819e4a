"""How long it takes to work out a whole experiment: eight rungs, ceilings, floors.

Everything that `harness.assemble` does at the end of a check (every metric, comparisons, diagnosis
with its slices, fairness), and the draws of a weighing. Answers are drawn from sentences of the
length that people ask for, since what they say decides nothing about how long that takes.
"""

import random
import tempfile
import time
from pathlib import Path

from advisor.criteria import criteria
from advisor.weighing import weigh
from advisor.weights import Person
from harness.assemble import assemble
from harness.ceilings import CEILINGS
from harness.cell import cell_name
from harness.disk import write_json
from harness.floors import floors_for
from harness.resampled import resampled
from harness.rungs import rungs
from harness.store import SCHEMA, Cell, Plan, Run
from harness.types import Answer, Context, Example, Kind, Preparation, Task, TaskSpec
from rag.types import Document

SEEDS, ITEMS, DOCUMENTS, TRAIN = 5, 1000, 125, 300
READS = ("rag", "rag_finetune", *CEILINGS)
ABSTENTION = "That is not in our pages."
EVEN = Person("", {one.key: 1.0 for one in criteria()})
LABELS = tuple(f"label{i}" for i in range(20))
SENTENCE = (
    "the order can be sent back within days of its delivery if the box is closed and nothing has "
    "been used we pay what it cost to your card as soon as it has come in please write to us when "
    "a part is missing or broken and name the number on the bill so that we find it at once"
)
WORDS = SENTENCE.split()


def assembled_s(kind: Kind, metric: str = "") -> dict[str, float]:
    """Seconds of assembling one experiment and weighing it: by the clock, and of the processor.

    Where others use the machine only the processor's own seconds say what the work takes.
    """
    with tempfile.TemporaryDirectory() as folder:
        run = _run(Path(folder) / "runs" / "bench", kind, metric)
        began, spent = time.perf_counter(), time.process_time()
        experiment = assemble(run, {})
        weigh(experiment, resampled(run, experiment), (EVEN,))
        took, used = time.perf_counter() - began, time.process_time() - spent
    return {"s": round(took, 2), "processor s": round(used, 2)}


def _run(folder: Path, kind: Kind, metric: str) -> Run:
    draw = random.Random(0)
    abstention = ABSTENTION if kind == "answer" else ""
    labels = LABELS if kind == "label" else ()
    spec = TaskSpec("bench", kind, "Answer.", labels=labels, abstention=abstention, metric=metric)
    items = [_example(draw, kind, i) for i in range(ITEMS + TRAIN)]
    pages = [Document(f"p{i}.md", _text(draw, 120), f"p{i}.md", None, f"Page {i}")
             for i in range(DOCUMENTS)]  # fmt: skip
    heldout, rest = items[:ITEMS], items[ITEMS:]
    cut = TRAIN * 4 // 5
    task = Task(spec, tuple(rest[:cut]), tuple(rest[cut:]), tuple(heldout), tuple(pages), "bench")
    arms = [*rungs(), *(CEILINGS if kind == "answer" else ())]
    floors = [cell_name(floor, 0) for floor in floors_for(kind)]
    cells = [*floors, *(cell_name(arm, seed) for arm in arms for seed in range(SEEDS))]
    run = Run(folder)
    run.create(_plan(spec, cells), task)
    for place, cell in enumerate(cells):
        ability = 0.3 + 0.5 * place / len(cells)
        write_json(run.cell_file(cell), _cell(draw, cell, heldout, ability))
    return run


def _plan(spec: TaskSpec, cells: list[str]) -> Plan:
    return Plan(
        schema=SCHEMA, run="bench", created="2026-01-02T03:04:05.678+00:00", spec=spec,
        fingerprint="bench", generator="bench", generator_revision="", embedder="bench",
        cells=tuple(cells), skipped={}, seeds=SEEDS, effort="normal", margin=0.03, target=None,
        max_new_tokens=64, environment={},
    )  # fmt: skip


def _example(draw: random.Random, kind: Kind, i: int) -> Example:
    tags = (("channel", draw.choice(("mail", "phone", "chat"))), ("month", str(i % 12)))
    if kind == "label":
        return Example(f"e{i}", _text(draw, 12), (draw.choice(LABELS),), tags=tags)
    if i % 10 == 9:
        return Example(f"e{i}", _text(draw, 10), (), tags=tags)
    page = (f"p{i % DOCUMENTS}.md",)
    return Example(f"e{i}", _text(draw, 10), (_text(draw, 14),), page, tags=tags)


def _cell(draw: random.Random, cell: str, heldout: list[Example], ability: float) -> Cell:
    rung, _, seed = cell.rpartition("-s")
    answers: list[Answer] = []
    for example in heldout:
        right = next(iter(example.references), ABSTENTION)
        wrong = draw.choice(LABELS) if right.startswith("label") else _text(draw, 14)
        said = right if draw.random() < ability else wrong
        contexts: tuple[Context, ...] = ()
        if rung in READS and example.context_ids:
            pages = (*example.context_ids, "p0.md", "p1.md")
            contexts = tuple(Context(page, _text(draw, 80), 0.5) for page in pages)
        latency = draw.uniform(0.5, 2.0) if len(answers) < 20 else None
        answers.append(Answer(example.id, said, contexts, latency_s=latency))
    return Cell(cell, rung, int(seed), Preparation(), tuple(answers), (), 60.0, 10**9, "", "")


def _text(draw: random.Random, n: int) -> str:
    return " ".join(draw.choices(WORDS, k=n))
