"""A small task with documents and a workbench whose model is tiny and whose calls are kept."""

import dataclasses
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

from harness.device import Device
from harness.effort import Effort
from harness.generators.base import Completion, Refusal
from harness.generators.local import LocalGenerator
from harness.prompts import Prompt
from harness.rungs import rungs
from harness.types import Example, Preference, Query, TaskSpec, TrainView
from harness.workbench import Workbench
from rag.types import Document
from tests.rag.fake_embedder import HashEmbedder
from tuning.constrain import Constraint
from tuning.encode import Encoded

SPEC = TaskSpec(
    "desk", "answer", "Answer briefly.", abstention="Nobody knows.", metric="token_f1_score"
)
EFFORT = Effort("tiny", 4, (1, 2), (1, 2), 1, 1, 1)
NEW_TOKENS = 6


def example(i: int) -> Example:
    """Every sixth is not answered anywhere; every fifth has no word in common with its page."""
    if i % 6 == 5:
        return Example(f"e{i}", f"Who dreamt up stage{i}?", ())
    question = f"Enigma{i}?" if i % 5 == 3 else f"How many days does stage{i} take?"
    page = (f"page{i % 8}.md",)
    return Example(f"e{i}", question, (f"{i} days",), page, key_facts=(f"stage{i} takes {i} days",))


def page(number: int) -> Document:
    lines = [f"The work at stage{i} takes {i} days." for i in range(number, 48, 8)]
    padding = "Nothing else is written here, and nothing else needs to be. " * 5
    text = "\n\n".join(f"## Part {at}\n\n{line} {padding}" for at, line in enumerate(lines))
    return Document(f"page{number}.md", text, f"page{number}.md", None, f"Page {number}")


ROWS = [example(i) for i in range(48)]
TRAIN, DEV, HELDOUT = tuple(ROWS[:30]), tuple(ROWS[30:38]), tuple(ROWS[38:])
QUERIES = tuple(Query(e.id, e.question) for e in HELDOUT)
PAIRS = tuple(
    Preference(f"p{i}", f"How long is leg {i}?", f"{i} days in all", f"Do ask leg {i}")
    for i in range(30)
)
PAGES = tuple(page(number) for number in range(8))
VIEW = TrainView(SPEC, TRAIN, DEV, PAGES, PAIRS[:20], PAIRS[20:26])


def closed(spec: TaskSpec) -> TaskSpec:
    """The same questions with the known answers as labels."""
    labels = tuple(sorted({said for row in ROWS for said in row.references}))
    return dataclasses.replace(spec, kind="label", labels=labels, metric="accuracy_score")


def view_of(name: str) -> TrainView:
    """What a rung is built on here: some take no task of free text."""
    spec = closed(SPEC) if "closed_answers" in rungs()[name].needs else SPEC
    return dataclasses.replace(VIEW, spec=spec)


class Keeping(LocalGenerator):
    """The local generator; what it is asked and what it learns from is kept."""

    def __init__(self, *arguments) -> None:
        super().__init__(*arguments)
        self.asked: list[tuple[Prompt, int]] = []
        self.learned: list[tuple[Prompt, str]] = []

    def complete(
        self,
        prompts: Sequence[Prompt],
        max_new_tokens: int,
        constraint: Constraint | None = None,
    ) -> Iterator[Completion | Refusal]:
        self.asked.extend((prompt, max_new_tokens) for prompt in prompts)
        return super().complete(prompts, max_new_tokens, constraint)

    def encode(self, prompt: Prompt, completion: str) -> Encoded:
        self.learned.append((prompt, completion))
        return super().encode(prompt, completion)


class Bench(Workbench):
    """The real workbench; the embedder hashes words, and the generator keeps what it is asked."""

    @cached_property
    def device(self) -> Device:
        # in bfloat16 an answer may depend on those it is made beside
        return Device("cpu", "one core", "float32", "a test", 1)

    @cached_property
    def generator(self) -> Keeping:
        return Keeping(self.generator_ref, self.device)

    @cached_property
    def embedder(self) -> HashEmbedder:
        return HashEmbedder(cache=self.folder / "vectors")


def bench(folder: Path, model: Path, cell: str, kind: type[Workbench] = Bench) -> Workbench:
    """A workbench of a cell in a folder of its own."""
    return kind(
        spec=SPEC,
        generator_name=model.as_posix(),
        embedder_name="hash",
        project=folder,
        folder=folder,
        cell=cell,
        seed=1,
        effort=EFFORT,
        max_new_tokens=NEW_TOKENS,
    )
