"""The real data sets of `bench.verdicts`: what a user of each brings, and says beforehand."""

import csv
import io
import json
import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

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
    answers: Mapping[str, str] = MappingProxyType({})
    """To the questionnaire: what somebody who has such data would say before measuring; the rest
    stays open."""


READING = ("prompt", "few_shot", "rag", "finetune", "rag_finetune")

SORTING = {"knowledge": "general", "output_format": "values_wrong", "task_shape": "narrow"}
READS = {
    "held_out_set": "some",
    "knowledge": "private",
    "documents_size": "hundreds",
    "citations": "helpful",
    "output_format": "free",
    "examples": "from_50",
}


def lines(file: Path) -> list[Row]:
    """The rows of a JSONL file."""
    return [json.loads(line) for line in file.read_text(encoding="utf-8").split("\n") if line]


def _table(file: Path) -> list[Row]:
    return list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8"))))


def only(rows: Sequence[Row], *keys: str) -> list[Row]:
    """Rows with these columns alone."""
    return [{key: row[key] for key in keys} for row in rows]


def drawn(rows: Sequence[Row], n: int) -> list[Row]:
    """At most n of them, always the same."""
    return random.Random(SEED).sample(list(rows), min(n, len(rows)))


def documents(folder: Path, rows: Sequence[Row]) -> list[Path]:
    """Those that the rows name."""
    return [folder / name for name in sorted({row["doc"] for row in rows})]


def _banking77(folder: Path) -> Given:
    train, test = (_table(folder / f"{part}.csv") for part in ("train", "test"))
    labels = random.Random(SEED).sample(sorted({row["label"] for row in train}), 10)
    seen = {row["text"] for row in test}
    return Given(
        drawn([r for r in train if r["label"] in labels and r["text"] not in seen], 300),
        drawn([r for r in test if r["label"] in labels], 100),
        "label",
        "Classify the message of a bank's customer.",
        rungs=("prompt", "few_shot", "searched_prompt", "constrained", "finetune"),
        expected="fine-tuning far above examples, those above the prompt",
        answers={
            **SORTING,
            "held_out_set": "enough",
            "main_failure": "form",
            "examples": "from_200",
            "volume": "high_short",
        },
    )


def xquad(folder: Path, language: str, instruction: str) -> Given:
    """Questions on articles that none to learn from is about."""
    rows = only(lines(folder / f"qa_{language}.jsonl"), "question", "answer", "doc")
    articles = sorted({row["doc"] for row in rows})
    random.Random(SEED).shuffle(articles)
    held, learned = set(articles[:20]), set(articles[20:44])
    train = drawn([row for row in rows if row["doc"] in learned], 140)
    heldout = drawn([row for row in rows if row["doc"] in held], 60)
    return Given(
        train,
        heldout,
        "answer",
        instruction,
        documents(folder / f"docs_{language}", [*train, *heldout]),
        rungs=READING,
        expected="retrieval, with or without fine-tuning, far above all that does not read",
        answers={**READS, "main_failure": "facts", "voice": "little"},
    )


def _xquad(folder: Path) -> Given:
    return xquad(folder, "en", "Answer with the words of the text, as short as you can.")


def _sentiment(folder: Path) -> Given:
    return Given(
        drawn(only(_table(folder / "all.csv"), "text", "label"), 40),
        (),
        "label",
        "Say whether the review is positive or negative.",
        rungs=("prompt", "few_shot", "constrained", "finetune"),
        expected="prompt or examples are enough; too few rows to claim more",
        answers={**SORTING, "held_out_set": "under_30", "examples": "under_50"},
    )


def _dstc9(folder: Path) -> Given:
    train, test = (
        only(lines(folder / f"{part}.jsonl"), "question", "answer", "fact", "doc")
        for part in ("train", "test")
    )
    train, test = drawn(train, 160), drawn(test, 60)
    return Given(
        train,
        test,
        "answer",
        "Answer the customer with the fact from the page, then offer further help.",
        documents(folder / "docs", [*train, *test]),
        rungs=READING,
        expected="retrieval with fine-tuning above both halves: the fact is looked up, the manner "
        "learnt",
        answers={**READS, "main_failure": "both", "voice": "high", "change_rate": "monthly"},
    )


def _nq_open(folder: Path) -> Given:
    rows = drawn(only(lines(folder / "qa.jsonl"), "question", "answer"), 200)
    return Given(
        rows[:120],
        rows[120:],
        "answer",
        "Answer the question in a few words.",
        expected="nothing: there are no documents",
        answers={
            "held_out_set": "some",
            "main_failure": "facts",
            "knowledge": "rare",
            "documents_size": "unwritten",
            "output_format": "free",
            "task_shape": "open",
            "examples": "from_50",
        },
    )


def _pubmedqa(folder: Path) -> Given:
    keys = ("question", "answer", "doc")
    rows = lines(folder / "qa.jsonl")
    test = drawn([row for row in rows if row["split"] == "test"], 80)
    train = drawn([row for row in rows if row["split"] != "test"], 100)
    return Given(
        only(train, *keys),
        only(test, *keys),
        "label",
        "Answer the question by the paper: yes, no or maybe.",
        documents(folder / "docs", [*train, *test]),
        rungs=("prompt", "constrained", "rag", "finetune", "rag_finetune"),
        expected="always yes is a strong floor, and is named",
        answers={
            **READS,
            "main_failure": "facts",
            "knowledge": "rare",
            "output_format": "values_wrong",
            "task_shape": "narrow",
        },
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
