"""What a check concludes on real data whose sane outcome is known, as a user would get it.

Every set goes the way of a stranger's data: files of his, ``rungwise new --from``, an instruction,
``rungwise check``. Nothing here knows a result. The sets are no part of the project; see
``bench/retrieval_data.py`` for where they are looked for. ``RUNGWISE_VERDICTS=banking77,snips``
takes some of them, those of `bench.rung_sets` too, which are not run otherwise;
``RUNGWISE_KEEP=FOLDER`` keeps the projects, and goes on where a check stopped.
"""

import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.retrieval_data import data_folder
from bench.rung_sets import MORE, MORE_FOLDERS
from bench.verdict_sets import FOLDERS, SETS, Given
from harness.environment import environment
from harness.types import Json


def measure() -> dict[str, Json]:
    """Verdict, reasons and scores of every set; tables and words are printed as they come."""
    data = data_folder()
    if data is None:
        return {"skipped": "the real data sets are not here; RUNGWISE_REAL_DATA names their folder"}
    wanted = os.environ.get("RUNGWISE_VERDICTS", "")
    names = wanted.split(",") if wanted else list(SETS)
    sets, folders = {**SETS, **MORE}, {**FOLDERS, **MORE_FOLDERS}
    if unknown := sorted(set(names) - set(sets)):
        raise SystemExit(f"error: no set {', '.join(unknown)}\nfix: choose from {', '.join(sets)}")
    found: dict[str, Json] = {}
    with kept_folder() as folder:
        for name in names:
            given = sets[name](data / folders[name])
            found[name] = _outcome(_check(folder / name, given), given)
    return found


@contextlib.contextmanager
def kept_folder() -> Iterator[Path]:
    """Where checks are made: what ``RUNGWISE_KEEP`` names, or a place that is gone afterwards."""
    kept = os.environ.get("RUNGWISE_KEEP")
    if kept:
        Path(kept).mkdir(parents=True, exist_ok=True)
        yield Path(kept)
    else:
        with tempfile.TemporaryDirectory() as folder:
            yield Path(folder)


def _check(root: Path, given: Given) -> dict[str, Any]:
    if not (root / "rungwise.toml").is_file():
        _make(root, given)
    run = ("check", root, "--run", "first", "--effort", "quick", "--rungs", ",".join(given.rungs))
    rungwise(*run)
    print(rungwise("show", root / "runs" / "first"), flush=True)
    experiment: dict[str, Any] = json.loads(
        (root / "runs" / "first" / "experiment.json").read_text(encoding="utf-8")
    )
    return experiment


def _make(root: Path, given: Given) -> None:
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for part, rows in (("train", given.train), ("heldout", given.heldout)):
            if rows:
                files.append(Path(folder) / f"{part}.jsonl")
                lines = [json.dumps(row, ensure_ascii=False) for row in rows]
                files[-1].write_text("\n".join(lines), encoding="utf-8")
        if given.documents:
            files.append(Path(folder) / "documents")
            files[-1].mkdir()
            for file in given.documents:
                (files[-1] / file.name).write_bytes(file.read_bytes())
        rungwise("new", root, "--from", *files)
    settings = root / "rungwise.toml"
    text = settings.read_text(encoding="utf-8")
    lines = [f'kind = "{given.kind}"', f"instruction = {json.dumps(given.instruction)}"]
    task = "\n".join(["[task]", *lines, *([given.settings] if given.settings else [])]) + "\n"
    text = re.sub(r"(?ms)^\[task\]\n.*?(?=^\[|\Z)", lambda _: f"{task}\n", text, count=1)
    settings.write_text(text, encoding="utf-8")
    said = [f"{question} = {json.dumps(option)}" for question, option in given.answers.items()]
    (root / "answers.toml").write_text("\n".join(["[answers]", *said, ""]), encoding="utf-8")


def rungwise(*arguments: object) -> str:
    """What a command prints.

    Raises:
        SystemExit: it failed.
    """
    command = [sys.executable, "-m", "advisor", *map(str, arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}")
    return done.stdout


def _outcome(experiment: dict[str, Any], given: Given) -> dict[str, Json]:
    task, verdict = experiment["task"], experiment["verdict"]

    def scores(arms: dict[str, Any]) -> dict[str, Json]:
        return {
            name: [arm["scores"][task["metric"]][key] for key in ("mean", "low", "high")]
            for name, arm in arms.items()
        }

    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": environment().get("commit", ""),
        "expected": given.expected,
        "n": [task["n_train"], task["n_dev"], task["n_heldout"]],
        "metric": task["metric"],
        "rungs": scores(experiment["rungs"]),
        "floors": scores(experiment["floors"]),
        "ceilings": scores(experiment["ceilings"]),
        "verdict": verdict,
        "seconds": experiment["seconds"],
    }
