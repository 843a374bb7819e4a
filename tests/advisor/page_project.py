"""A small project with a finished check, for the tests of the app; no model is needed."""

import json
from pathlib import Path

from advisor import workflow
from advisor.project import open_project
from harness.store import Run
from harness.types import Answer, Context, Failure
from tests.advisor.report_runs import finish, put, start

HOSTILE = (
    "*b* _i_ $x^2$ and $y$ :red[r] :material/delete: <script>alert(1)</script> www.evil.example"
)
"""Markdown, formulas, directives, HTML and a bare address: to be shown letter by letter."""
NAME = f"Desk {HOSTILE}"
N, HELD_OUT, PAGES = 80, 40, 40


def make_project(root: Path, generator: str = "") -> Path:
    """Eighty questions whose answers stand in forty documents; some texts are hostile."""
    (root / "data" / "documents").mkdir(parents=True)
    rows = [
        {"question": f"How many days does step {i} take?", "answer": f"{i} days", "page": page(i)}
        for i in range(N)
    ]
    rows[3]["question"] = f"What about {HOSTILE}?"
    lines = "\n".join(json.dumps(row) for row in rows)
    (root / "data" / "examples.jsonl").write_text(lines, encoding="utf-8")
    for number in range(PAGES):
        text = "\n\n".join(f"Step {i} takes {i} days." for i in range(number, N, PAGES))
        (root / "data" / "documents" / f"page{number}.md").write_text(text, encoding="utf-8")
    model = f"[model]\ngenerator = {json.dumps(generator)}\n" if generator else ""
    (root / "rungwise.toml").write_text(
        f"""# a remark of the user
[project]
name = {json.dumps(NAME)}
note = "Written for demonstration."
{model}[data]
examples = "data/examples.jsonl"
documents = "data/documents"
heldout = {HELD_OUT}   # rows
[data.columns]
question = "question"
answer = "answer"
document = "page"
[task]
kind = "answer"
instruction = "Answer briefly."
metric = "exact_match_score"
[check]
rungs = ["prompt", "few_shot", "rag", "finetune"]
effort = "quick"
""",
        encoding="utf-8",
    )
    return root


def page(i: int) -> str:
    """The document that answers question i."""
    return f"page{i % PAGES}.md"


def make_run(root: Path, name: str = "first") -> Run:
    """A finished check of the project: retrieval is right most often, one answer failed."""
    project = open_project(root)
    task = workflow.load(project).task
    assert task is not None
    cells = ["majority-s0", "prompt-s0", "few_shot-s0", "rag-s0", "finetune-s0"]
    run = start(root / "runs" / name, task, cells, {"rag_finetune": "it was left out"})
    wrong = f"Nobody knows. {HOSTILE}"
    ids = [(example.id, example.references[0]) for example in task.heldout]
    put(run, "majority", 0, [Answer(key, "no") for key, _ in ids], timed=False)
    put(run, "prompt", 0, [Answer(key, wrong) for key, _ in ids])
    put(run, "few_shot", 0, [Answer(k, a if n < 5 else wrong) for n, (k, a) in enumerate(ids)])
    passage = Context("page1.md", f"Step 1 takes 1 days. {HOSTILE}", 0.7, "Steps", 2)
    other = Context("page2.md", "Something else.", 0.5, "Steps")
    rag = [
        Answer(key, right if n % 5 else wrong, (passage, other), (0,))
        for n, (key, right) in enumerate(ids[1:])
    ]
    failed = [Failure(ids[0][0], "prompt_too_long", f"2,100 tokens {HOSTILE}")]
    put(run, "rag", 0, rag, failed, passages=2)
    put(run, "finetune", 0, [Answer(k, a if n < 3 else "?") for n, (k, a) in enumerate(ids)],
        learning_rate=0.001, rank=16, epochs=2.0, training_rows=34)  # fmt: skip
    run.say("started")
    run.say("started", "", "finetune-s0")
    for step in (1, 2):
        figures = {"step": step, "steps": 2, "loss": 2.0 / step, "learning_rate": 0.001,
                   "tokens_per_s": 500.0, "seconds_left": 9.0}  # fmt: skip
        run.say("doing", "Training", "finetune-s0", figures)
    run.say("finished", "", "finetune-s0", {"answers": len(ids)})
    run.say("finished", figures={"failed": {}})
    finish(run, workflow.prior(project))
    return run
