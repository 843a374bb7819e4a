"""Finished runs on disk for tests: written through the store, scored and compared by real code."""

import dataclasses
from pathlib import Path

import msgspec

from advisor.recommend import recommend
from advisor.recommendation import Recommendation
from advisor.verdict import reconcile
from harness.assemble import assemble
from harness.cell import cell_name
from harness.disk import write_json
from harness.experiment import Experiment
from harness.store import SCHEMA, Cell, Plan, Run
from harness.types import Answer, Context, Example, Failure, Preparation, Task, TaskSpec
from rag.types import Document

ABSTENTION = "That is not in our pages."
SCRIPT = "<script>alert('question')</script>"
TEMPLATE = "{{ 7 * 7 }} {% include '/etc/passwd' %}"
TURNED = "\u202ethgir ot tfel\u0000"
LONG = "<i>" + "long " * 2000
NOTE = "A sample & a <em>note</em>: written for demonstration."
NAME = "Çağrı merkezi <b>destek</b>"


def smallest(folder: Path) -> Run:
    """One rung, two questions, nothing else."""
    spec = TaskSpec("small", "label", "Sort.", labels=("a", "b"), metric="accuracy_score")
    items = tuple(Example(f"h{i}", f"message {i}", ("a",)) for i in range(2))
    task = Task(spec, (Example("t", "x", ("a",)),), (Example("d", "y", ("b",)),), items, (), "f1")
    run = start(folder / "runs" / "only", task, ["prompt-s0"])
    put(run, "prompt", 0, [Answer("h0", "a", latency_s=0.5), Answer("h1", "b", latency_s=0.7)])
    finish(run, None)
    return run


def fullest(folder: Path) -> Run:
    """Five rungs, floors, two seeds, failures, a skipped rung, a prior, hostile texts."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "rungwise.toml").write_text(f'[project]\nnote = "{NOTE}"\n', encoding="utf-8")
    spec = TaskSpec(
        name=NAME,
        kind="answer",
        instruction="Answer in one sentence. " + TEMPLATE,
        language="tr",
        abstention=ABSTENTION,
        metric="fact_score",
    )
    train = tuple(Example(f"t{i}", f"Soru {i}?", (f"Cevap {i}.",)) for i in range(20))
    documents = tuple(
        Document(f"page{i}.md", f"{i} gün.", f"page{i}.md", None, f"Sayfa {i}") for i in range(10)
    )
    task = Task(spec, train[:16], train[16:], tuple(question(i) for i in range(40)), documents,
                "0123abcd")  # fmt: skip
    cells = ["majority-s0", "nearest-s0", "prompt-s0", "few_shot-s0", "rag-s0", "finetune-s0",
             "finetune-s1", "rag_finetune-s0"]  # fmt: skip
    run = start(folder / "runs" / "full", task, cells, {"preference": "there are no preferences"})
    put(run, "majority", 0, [said(i, i % 8 == 7) for i in range(40)], timed=False)
    put(run, "nearest", 0, [said(i, i % 20 == 0) for i in range(40)], timed=False)
    put(run, "prompt", 0, [said(i, i % 5 == 0) for i in range(40)])
    put(run, "few_shot", 0, [said(i, i % 5 in (0, 1)) for i in range(40)], demonstrations=3)
    rag = [with_passage(said(i, i % 4 != 0), i) for i in range(40) if i != 10]
    failed = [Failure("h10", "prompt_too_long", "2,100 tokens")]
    put(run, "rag", 0, rag, failed, passages=2, dev_recall=0.8125, retriever="bm25",
        indexed_passages=10, passage_words=80, embedder="all-minilm-l6-v2@1")  # fmt: skip
    for seed in (0, 1):
        put(run, "finetune", seed, [said(i, i % 3 == seed) for i in range(40)], learning_rate=0.001,
            rank=16, epochs=2.0, training_rows=16)  # fmt: skip
    both = [with_passage(said(i, i % 4 != 1), i) for i in range(40)]
    put(run, "rag_finetune", 0, both, retriever="bm25")
    case = {"main_failure": "facts", "knowledge": "private", "citations": "must"}
    finish(run, recommend(case), {"rag_finetune-s1": "out of memory"})
    return run


def question(i: int) -> Example:
    """A held-out question; every eighth is not answered by any document."""
    text = {3: SCRIPT, 6: TURNED}.get(i, f"Kaç gün? ({i})")
    if i % 8 == 7:
        return Example(f"h{i}", text, ())
    return Example(
        f"h{i}", text, (f"{i} gün.",), (f"page{i % 10}.md",), key_facts=(f"{i} gün",)
    )  # fmt: skip


def said(i: int, right: bool) -> Answer:
    """A right or a wrong answer to `question(i)`, some of them hostile."""
    right_text = ABSTENTION if i % 8 == 7 else f"Yanıt: {i} gün. {TEMPLATE if i == 1 else ''}"
    wrong_text = {2: LONG, 4: "<img src=x onerror=alert(1)>"}.get(i, "Bilmem ne.")
    return Answer(f"h{i}", right_text if right else wrong_text, prompt_tokens=90 + i,
                  completion_tokens=12, truncated=i == 2)  # fmt: skip


def with_passage(answer: Answer, i: int) -> Answer:
    """The answer with the two passages it was read from."""
    contexts = (
        Context(f"page{i % 10}.md", "</blockquote><script>1</script>", 0.7, TURNED, 3),
        Context("page9.md", "Başka bir şey.", 0.4),
    )
    return dataclasses.replace(answer, contexts=contexts, citations=(0,) if i % 2 else ())


def start(folder: Path, task: Task, cells: list[str], skipped: dict[str, str] | None = None) -> Run:
    """A run with its plan and data."""
    plan = Plan(
        schema=SCHEMA,
        run=folder.name,
        created="2026-01-02T03:04:05.678+00:00",
        spec=task.spec,
        fingerprint=task.fingerprint,
        generator="smollm2-135m-instruct",
        generator_revision="",
        embedder="all-minilm-l6-v2",
        cells=tuple(cells),
        skipped=skipped or {},
        seeds=1,
        effort="quick",
        margin=0.03,
        target=0.6,
        max_new_tokens=54,
        environment={"python": "3.11", "rungwise": "0.1.0", "commit": "abc1234"},
    )
    run = Run(folder)
    run.create(plan, task)
    return run


def put(
    run: Run,
    rung: str,
    seed: int,
    answers: list[Answer],
    failures: list[Failure] | None = None,
    *,
    timed: bool = True,
    **settings: float | str,
) -> None:
    """A finished cell."""
    effort = {"dev_answers": 12}
    if "learning_rate" in settings:
        effort["tried"] = [
            {"learning_rate": rate, "dev_metric": 0.5, "dev_loss": 1.1, "steps": 30,
             "seconds": 12.5, "curve": curve(rate)}
            for rate in (0.0005, 0.001)
        ]  # fmt: skip
    elif settings:
        effort["tried"] = [{name: value, "dev_score": 0.25} for name, value in settings.items()]
    if "retriever" in settings:
        effort["retrievers_tried"] = [
            {"retriever": name, "questions": 16, "recall": {"1": first, "2": 0.75},
             "mrr_at_10": first + 0.06, "ndcg_at_10": None}
            for name, first in (("hybrid", 0.5), ("bm25", 0.625), ("dense", 0.25))
        ]  # fmt: skip
    if timed:
        speed = {"prompt": 1.0, "few_shot": 1.4, "rag": 1.5}.get(rung, 0.9)
        answers = [
            dataclasses.replace(answer, latency_s=speed + n / 100)
            for n, answer in enumerate(answers)
        ]
    name = cell_name(rung, seed)
    cell = Cell(
        cell=name,
        rung=rung,
        seed=seed,
        preparation=Preparation(settings, effort, 61.0),
        answers=tuple(answers),
        failures=tuple(failures or ()),
        answer_s=33.0,
        peak_memory_bytes=1_500_000_000,
        path="engine" if timed else "",
        device="Two-core machine" if timed else "",
    )
    write_json(run.cell_file(name), cell)


def curve(rate: float) -> list[dict[str, float]]:
    """A training curve: best on dev at epoch 2."""
    return [
        {
            "step": 10 * i,
            "epoch": float(i),
            "train_loss": 2.0 / i + rate,
            "dev_loss": 1.5 / i + rate,
            "dev_metric": dev_metric,
        }
        for i, dev_metric in ((1, 0.2), (2, 0.5), (3, 0.4))
    ]


def finish(
    run: Run, prior: Recommendation | None, failed: dict[str, str] | None = None
) -> Experiment:
    """experiment.json and prior.json, as the end of a check writes them."""
    experiment = assemble(run, failed or {})
    verdict = reconcile(experiment, prior)
    finished = dataclasses.replace(experiment, verdict=msgspec.to_builtins(verdict))
    if prior is not None:
        write_json(run.folder / "prior.json", prior)
    write_json(run.folder / "experiment.json", finished)
    return finished
