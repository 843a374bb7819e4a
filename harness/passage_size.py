"""How long passages are: compared on questions to learn from, before anything is indexed.

Short passages are found more exactly, long ones keep together what belongs together; which counts
for more is a matter of the documents. Sizes are compared by what stands in the same number of
words before the reader, titles and headings included, so a size does not win by showing more; each
with the retriever that would be taken for it. No language model is asked.
"""

import random
from collections.abc import Sequence
from statistics import fmean
from typing import Any, NamedTuple

import numpy as np

from harness.choosing import taken
from harness.disk import write_json
from harness.effort import CHUNK_WORDS
from harness.prompts import passage
from harness.records import PassageSize
from harness.retrieval import contexts_for, holds_answer, passages_of
from harness.store import PASSAGE_SIZE, Run
from harness.types import Context, Example, Json, TaskSpec, TrainView
from harness.workbench import Workbench
from rag.chunk import count_words
from rag.index import Index

MOST_PASSAGES = 5_000
"""Of the usual length, above which embedding them once more for each size takes too long."""
MOST_QUESTIONS = 300
LEAST_QUESTIONS = 20
"""Fewer tell nothing: a difference of one question is five points."""
DEPTH = 24
"""Passages that are looked at; the largest budget holds fewer of any size worth having."""


def settle_passage_size(bench: Workbench, view: TrainView) -> None:
    """Choose the size and write it down for all cells of the run, if no earlier process has."""
    file = bench.folder / PASSAGE_SIZE
    if not file.is_file() and view.documents:
        write_json(file, _choose(bench, view))
    vars(bench).pop("passage_words", None)  # read before it was settled


def _choose(bench: Workbench, view: TrainView) -> PassageSize:
    sizes = bench.effort.passage_words
    if len(sizes) < 2:
        return PassageSize(sizes[0])
    usual = passages_of(view.documents, CHUNK_WORDS)
    if len(usual) > MOST_PASSAGES:
        return PassageSize(CHUNK_WORDS, why=f"there are more than {MOST_PASSAGES:,} passages")
    known = [e for e in (*view.dev, *view.train) if holds_answer(e, (), view.spec) is not None]
    drawn = random.Random(0).sample(known, min(len(known), MOST_QUESTIONS))
    if len(drawn) < LEAST_QUESTIONS:
        return PassageSize(CHUNK_WORDS, why="it can be told of too few questions what answers them")
    looked: dict[int, list[Looked]] = {}
    for words in sizes:
        bench.say(f"Trying passages of {words} words", {})
        cut = usual if words == CHUNK_WORDS else passages_of(view.documents, words)
        index = Index.build(cut, bench.embedder)
        ways = bench.effort.retrievers
        looked[words] = [look(index.using(way), drawn, view.spec) for way in ways]
    return settled(looked, bench.effort.passages)


class Looked(NamedTuple):
    """What one way to look passages of one size up brings before the reader."""

    way: str
    shown: Any
    """Words of the first passages, mean over questions; (DEPTH + 1,), from none on."""
    right: Any
    """Whether the answer is in one of so many; (questions, DEPTH + 1)."""

    def found(self, budgets: Sequence[float]) -> list[float]:
        """Of each question, in what share of the budgets its answer stands within so many words.

        Between two numbers of passages in proportion: as often the one as the other, so that both
        come to the budget on average. Whole passages alone would leave a size part of a budget.
        """
        at = np.interp(budgets, self.shown, np.arange(len(self.shown)))
        less, more = np.floor(at).astype(int), np.ceil(at).astype(int)
        part = self.right[:, less] + (at - less) * (self.right[:, more] - self.right[:, less])
        return [float(one) for one in part.mean(axis=1)]


def settled(looked: dict[int, list[Looked]], passages: Sequence[int]) -> PassageSize:
    """The size taken: the usual one, unless another leads it by more than one standard error.

    That is the standard error of the paired difference, question by question; of several such
    sizes, the one farthest ahead (`harness.choosing.taken`).

    The budgets are what so many passages of the usual size show, but no less than one passage of
    any size, which is the least that could be shown of it.
    """
    least = max(one.shown[1] for ways in looked.values() for one in ways)
    usual = looked[CHUNK_WORDS][0].shown
    budgets = sorted({max(float(least), float(usual[k])) for k in passages})
    rows, tried = [], []
    for words, ways in looked.items():
        found = [one.found(budgets) for one in ways]
        at = taken(found)
        rows.append(found[at])
        tried.append(
            {
                "words": words,
                "found": round(fmean(found[at]), 4),
                "shown": round(float(ways[at].shown[1]), 1),
                "retriever": ways[at].way,
            }
        )
    return PassageSize([*looked][taken(rows)], tuple(tried), len(rows[0]))


def look(index: Index, asked: Sequence[Example], spec: TaskSpec) -> Looked:
    """Look the questions up and see where their answers are."""
    shown, right = np.zeros(DEPTH + 1), np.zeros((len(asked), DEPTH + 1))
    found = contexts_for(index, [example.question for example in asked], DEPTH)
    for row, (example, contexts) in enumerate(zip(asked, found, strict=True)):
        words = [_words(context) for context in contexts]
        shown[1:] += np.cumsum([*words, *[0] * (DEPTH - len(words))])
        at = next((k for k, c in enumerate(contexts, 1) if holds_answer(example, [c], spec)), None)
        if at is not None:
            right[row, at:] = 1
    return Looked(index.retriever.name, shown / len(asked), right)


def _words(context: Context) -> int:
    """As the reader sees them."""
    return count_words(passage(context))


def sizes_tried(bench: Workbench) -> dict[str, Json]:
    """For the record of a rung's effort; empty where one size was all there was to try."""
    found = Run(bench.folder).passage_size()
    if not found.tried and not found.why:
        return {}
    tried: list[Json] = [*found.tried]
    return {
        "passage_sizes_tried": tried, "passage_size_questions": found.questions,
        "passage_size_why": found.why,
    }  # fmt: skip
