"""Rows that ours and stock parts are given alike.

Labelled messages are banking77 with ten of its labels where the real data sets are at hand (see
`bench.retrieval_data.data_folder`), else the ticket-routing sample. Questions with passages are the
support-desk sample's.
"""

import csv
import random
from collections.abc import Sequence
from importlib.resources import as_file, files
from pathlib import Path
from typing import NamedTuple

from advisor.project import open_project
from advisor.workflow import load
from bench.retrieval_data import data_folder
from harness.prompts import Demonstration, Prompt, render, target
from harness.retrieval import as_context, passages_of
from harness.types import Example, Task, TaskSpec
from rag.index import Hit
from rag.lexical import Lexical
from tuning.encode import Encoded, encode_example, encode_prompt
from tuning.models import open_tokenizer

LABELS = 10
SHORT = "Classify the customer message."


class Labelled(NamedTuple):
    """A task of labels."""

    name: str
    spec: TaskSpec
    train: Sequence[Example]
    test: Sequence[Example]


def labelled() -> Labelled:
    """banking77 with ten labels, or the sample; the same rows in the same order each time."""
    data = data_folder()
    folder = data / "banking77" if data else None
    if folder is None or not folder.is_dir():
        task = sample("ticket-routing")
        return Labelled("ticket-routing sample", task.spec, [*task.train, *task.dev], task.heldout)
    parts = []
    for name in ("train.csv", "test.csv"):
        with (folder / name).open(encoding="utf-8", newline="") as file:
            parts.append([(row["text"], row["label"]) for row in csv.DictReader(file)])
    draw = random.Random(0)
    labels = tuple(sorted(draw.sample(sorted({label for _, label in parts[0]}), LABELS)))
    spec = TaskSpec("banking77", "label", "Classify the customer message.", labels=labels)
    train, test = ([row for row in part if row[1] in labels] for part in parts)
    for part in (train, test):
        draw.shuffle(part)
    return Labelled("banking77, 10 labels", spec, _examples(train), _examples(test))


def _examples(rows: Sequence[tuple[str, str]]) -> list[Example]:
    return [Example(str(at), text, (label,)) for at, (text, label) in enumerate(rows)]


def sample(name: str) -> Task:
    """A sample that ships, read as the product reads it."""
    with as_file(files("advisor") / "samples" / name) as root:
        task = load(open_project(root)).task
    assert task is not None  # a sample that ships can be read
    return task


def bare_messages(question: str) -> list[dict[str, str]]:
    """A message under one short sentence: nothing worth sharing between rows."""
    return [{"role": "system", "content": SHORT}, {"role": "user", "content": question}]


def training_rows(folder: Path, n: int, *, bare: bool) -> list[Encoded]:
    """Training rows, as the product renders them (labels listed in each) or bare.

    Args:
        folder: of the model, for its tokenizer.
        n: rows.
        bare: without the list of labels.
    """
    tokenizer, given = open_tokenizer(folder), labelled()
    rows = []
    for one in given.train[:n]:
        whole = render(given.spec, one.question).messages()
        messages = bare_messages(one.question) if bare else whole
        rows.append(encode_example(tokenizer, messages, target(given.spec, one)))
    return rows


def label_prompts(n: int) -> list[Prompt]:
    """Test messages as the product asks for their label."""
    given = labelled()
    return [render(given.spec, one.question) for one in given.test[:n]]


def few_shot_prompts(folder: Path, n: int, shared: int) -> list[Prompt]:
    """The same, below so many worked examples that at least `shared` tokens are the same in all."""
    tokenizer, given = open_tokenizer(folder), labelled()
    shown: list[Demonstration] = []
    for one in given.train:
        prompt = render(given.spec, "", (), shown)
        if len(encode_prompt(tokenizer, prompt.messages())) >= shared:
            break
        shown.append(Demonstration(one.question, one.references[0]))
    return [render(given.spec, one.question, (), shown) for one in given.test[:n]]


def passage_prompts(n: int, k: int = 2) -> list[Prompt]:
    """Questions of the support-desk sample, each below passages of its own, found by words."""
    task = sample("support-desk")
    chunks = passages_of(task.documents)
    lexical = Lexical.build([chunk.with_headings for chunk in chunks])
    asked = task.heldout[:n]
    prompts = []
    for one, hits in zip(asked, lexical.search([e.question for e in asked], k), strict=True):
        contexts = [as_context(Hit(chunks[row], score)) for row, score in hits]
        prompts.append(render(task.spec, one.question, contexts))
    return prompts
