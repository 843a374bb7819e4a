"""What a check concludes on real data whose sane outcome is known, as a user would get it.

Every set goes the way of a stranger's data: files of his, ``rungwise new --from``, an instruction,
``rungwise check``. Nothing here knows a result. The sets are no part of the project; see
``bench/retrieval_data.py`` for where they are looked for. ``RUNGWISE_VERDICTS=banking77,xquad``
takes some of them; ``RUNGWISE_KEEP=FOLDER`` keeps the projects, and goes on where a check stopped.
"""

import contextlib
import csv
import io
import json
import os
import random
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from bench.retrieval_data import data_folder
from harness.types import Json

Row = dict[str, Any]
SEED = 5


class Given(NamedTuple):
    """What a user brings."""

    train: Sequence[Row]
    heldout: Sequence[Row]
    """Empty: the check splits the rows itself."""
    kind: str
    instruction: str
    documents: Sequence[Path] = ()
    settings: str = ""
    """More lines for [task]."""
    rungs: Sequence[str] = ("prompt", "few_shot", "finetune")
    expected: str = ""
    """What the set's description says a sane product finds."""


READING = ("prompt", "few_shot", "rag", "finetune", "rag_finetune")


def measure() -> dict[str, Json]:
    """Verdict, reasons and scores of every set; tables and words are printed as they come."""
    data = data_folder()
    if data is None:
        return {"skipped": "the real data sets are not here; RUNGWISE_REAL_DATA names their folder"}
    wanted = os.environ.get("RUNGWISE_VERDICTS", "")
    names = wanted.split(",") if wanted else list(SETS)
    if unknown := sorted(set(names) - set(SETS)):
        raise SystemExit(f"error: no set {', '.join(unknown)}\nfix: choose from {', '.join(SETS)}")
    found: dict[str, Json] = {}
    with _folder() as folder:
        for name in names:
            given = SETS[name](data / FOLDERS[name])
            found[name] = _outcome(_check(folder / name, given), given)
    return found


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
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
    _rungwise(*run)
    print(_rungwise("show", root / "runs" / "first"), flush=True)
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
        _rungwise("new", root, "--from", *files)
    settings = root / "rungwise.toml"
    text = settings.read_text(encoding="utf-8")
    lines = [f'kind = "{given.kind}"', f"instruction = {json.dumps(given.instruction)}"]
    task = "\n".join(["[task]", *lines, *([given.settings] if given.settings else [])]) + "\n"
    text = re.sub(r"(?ms)^\[task\]\n.*?(?=^\[|\Z)", lambda _: f"{task}\n", text, count=1)
    settings.write_text(text, encoding="utf-8")


def _rungwise(*arguments: object) -> str:
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
        "expected": given.expected,
        "n": [task["n_train"], task["n_dev"], task["n_heldout"]],
        "metric": task["metric"],
        "rungs": scores(experiment["rungs"]),
        "floors": scores(experiment["floors"]),
        "ceilings": scores(experiment["ceilings"]),
        "verdict": verdict,
        "seconds": experiment["seconds"],
    }


# the sets


def _lines(file: Path) -> list[Row]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").split("\n") if line]


def _table(file: Path) -> list[Row]:
    return list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8"))))


def _drawn(rows: Sequence[Row], n: int) -> list[Row]:
    return random.Random(SEED).sample(list(rows), min(n, len(rows)))


def _documents(folder: Path, rows: Sequence[Row]) -> list[Path]:
    """Those that the rows name."""
    return [folder / name for name in sorted({row["doc"] for row in rows})]


def _banking77(folder: Path) -> Given:
    train, test = (_table(folder / f"{part}.csv") for part in ("train", "test"))
    labels = random.Random(SEED).sample(sorted({row["label"] for row in train}), 10)
    seen = {row["text"] for row in test}
    return Given(
        _drawn([r for r in train if r["label"] in labels and r["text"] not in seen], 300),
        _drawn([r for r in test if r["label"] in labels], 100),
        "label",
        "Classify the message of a bank's customer.",
        rungs=("prompt", "few_shot", "constrained", "finetune"),
        expected="fine-tuning far above examples, those above the prompt",
    )


def _xquad(folder: Path) -> Given:
    rows = [
        {key: row[key] for key in ("question", "answer", "doc")}
        for row in _lines(folder / "qa_en.jsonl")
    ]
    articles = sorted({row["doc"] for row in rows})
    random.Random(SEED).shuffle(articles)
    held, learned = set(articles[:20]), set(articles[20:44])
    train = _drawn([row for row in rows if row["doc"] in learned], 140)
    heldout = _drawn([row for row in rows if row["doc"] in held], 60)
    return Given(
        train,
        heldout,
        "answer",
        "Answer with the words of the text, as short as you can.",
        _documents(folder / "docs_en", [*train, *heldout]),
        rungs=READING,
        expected="retrieval, with or without fine-tuning, far above all that does not read",
    )


def _sentiment(folder: Path) -> Given:
    rows = [{key: row[key] for key in ("text", "label")} for row in _table(folder / "all.csv")]
    return Given(
        _drawn(rows, 40),
        (),
        "label",
        "Say whether the review is positive or negative.",
        rungs=("prompt", "few_shot", "constrained", "finetune"),
        expected="prompt or examples are enough; too few rows to claim more",
    )


def _dstc9(folder: Path) -> Given:
    keys = ("question", "answer", "fact", "doc")
    train, test = (
        [{key: row[key] for key in keys} for row in _lines(folder / f"{part}.jsonl")]
        for part in ("train", "test")
    )
    train, test = _drawn(train, 160), _drawn(test, 60)
    return Given(
        train,
        test,
        "answer",
        "Answer the customer with the fact from the page, then offer further help.",
        _documents(folder / "docs", [*train, *test]),
        rungs=READING,
        expected="retrieval with fine-tuning above both halves: the fact is looked up, the manner "
        "learnt",
    )


def _nq_open(folder: Path) -> Given:
    rows = _drawn(
        [{key: row[key] for key in ("question", "answer")} for row in _lines(folder / "qa.jsonl")],
        200,
    )
    return Given(
        rows[:120],
        rows[120:],
        "answer",
        "Answer the question in a few words.",
        expected="nothing: there are no documents",
    )


def _pubmedqa(folder: Path) -> Given:
    keys = ("question", "answer", "doc")
    rows = _lines(folder / "qa.jsonl")
    test = _drawn([row for row in rows if row["split"] == "test"], 80)
    train = _drawn([row for row in rows if row["split"] != "test"], 100)
    return Given(
        [{key: row[key] for key in keys} for row in train],
        [{key: row[key] for key in keys} for row in test],
        "label",
        "Answer the question by the paper: yes, no or maybe.",
        _documents(folder / "docs", [*train, *test]),
        rungs=("prompt", "constrained", "rag", "finetune", "rag_finetune"),
        expected="always yes is a strong floor, and is named",
    )


SETS: dict[str, Callable[[Path], Given]] = {
    "banking77": _banking77,
    "sentiment": _sentiment,
    "nq_open": _nq_open,
    "xquad": _xquad,
    "dstc9": _dstc9,
    "pubmedqa": _pubmedqa,
}
FOLDERS = {
    "banking77": "banking77",
    "sentiment": "sentiment_uci",
    "nq_open": "nq_open_closedbook",
    "xquad": "xquad_en_tr",
    "dstc9": "dstc9_faq",
    "pubmedqa": "pubmedqa",
}
