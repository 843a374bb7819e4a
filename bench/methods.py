"""Each method of fine-tuning on the sample of tickets: score, seconds, memory, and what was told.

A check a method, through ``rungwise check`` as a user would run it: same rows, same questions, one
seed, effort quick. ``RUNGWISE_KEEP=FOLDER`` keeps the projects, and goes on where a check stopped.
"""

import json
from pathlib import Path
from typing import Any

from advisor.sample_projects import copy_sample
from bench.verdicts import kept_folder, rungwise
from harness.types import Json
from tuning.recipe import METHODS

SAMPLE, RUNG = "ticket-routing", "finetune"
RUNGS = f"prompt,{RUNG}"
ROWS, ITEMS = 160, 80


def measure() -> dict[str, Json]:
    """By method; what is foretold stands beside what was taken."""
    found: dict[str, Json] = {}
    with kept_folder() as folder:
        for method in METHODS:
            found[method] = _of(_checked(folder / method, method))
            print(method, json.dumps(found[method]), flush=True)
    return found


def _checked(root: Path, method: str) -> dict[str, Any]:
    if not root.is_dir():
        made = copy_sample(SAMPLE, root.with_name(f"{root.name}.new"))
        settings = made / "rungwise.toml"
        text = settings.read_text(encoding="utf-8")
        if "[tuning]" not in text:  # a kill may have come before the rename
            less = f"[data]\nmax_train = {ROWS}\nmax_heldout = {ITEMS}\n"
            text = text.replace("[data]\n", less, 1)
            settings.write_text(f'{text}\n[tuning]\nmethod = "{method}"\n', encoding="utf-8")
        made.rename(root)  # last: what a kill left half made is not taken for a project
    run = ("--run", "first", "--effort", "quick", "--seeds", "1", "--rungs", RUNGS)
    rungwise("check", root, *run)
    read: dict[str, Any] = json.loads(
        (root / "runs" / "first" / "experiment.json").read_text(encoding="utf-8")
    )
    return read


def _of(experiment: dict[str, Any]) -> dict[str, Json]:
    task, arm = experiment["task"], experiment["rungs"][RUNG]
    score = arm["scores"][task["metric"]]
    return {
        "n": [task["n_train"], task["n_heldout"]],
        task["metric"]: [score[key] for key in ("mean", "low", "high")],
        "settings": arm["settings"],
        "taken": experiment["taken"],
    }
