"""How long passages are: compared on questions to learn from, before anything is indexed.

Short passages are found more exactly, long ones keep together what belongs together; which counts
for more is a matter of the documents. Sizes are compared by what stands in the same number of
words before the reader, so a size does not win by showing more. No language model is asked.
"""

import math
import random
from collections.abc import Sequence
from statistics import fmean, stdev

from harness.disk import write_json
from harness.effort import CHUNK_WORDS
from harness.records import PassageSize
from harness.retrieval import as_context, holds_answer, passages_of
from harness.store import PASSAGE_SIZE, Run
from harness.types import Example, Json, TrainView
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
    """Choose the size and write it down for all cells of the run, if no earlier process has.

    Another size than the usual one is taken where its share is ahead by more than the standard
    error of the paired difference.
    """
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
    known = [e for e in (*view.dev, *view.train) if holds_answer(e, ()) is not None]
    drawn = random.Random(0).sample(known, min(len(known), MOST_QUESTIONS))
    if len(drawn) < LEAST_QUESTIONS:
        return PassageSize(CHUNK_WORDS, why="it can be told of too few questions what answers them")
    budgets = [k * CHUNK_WORDS for k in bench.effort.passages]
    found: dict[int, list[float]] = {}
    for words in sizes:
        bench.say(f"Trying passages of {words} words", {})
        cut = usual if words == CHUNK_WORDS else passages_of(view.documents, words)
        index = Index.build(cut, bench.embedder)
        found[words] = _shares(index.using(bench.effort.retrievers[0]), drawn, budgets)
    taken, lead = CHUNK_WORDS, 0.0
    for words, shares in found.items():
        gains = [a - b for a, b in zip(shares, found[CHUNK_WORDS], strict=True)]
        if fmean(gains) > max(lead, stdev(gains) / math.sqrt(len(gains))):
            taken, lead = words, fmean(gains)
    tried = tuple({"words": w, "found": round(fmean(s), 4)} for w, s in found.items())
    return PassageSize(taken, tried, len(drawn))


def _shares(index: Index, asked: Sequence[Example], budgets: Sequence[int]) -> list[float]:
    """Of each question, in what share of the budgets its answer stands within so many words."""
    shares = []
    for example, hits in zip(asked, index.search([e.question for e in asked], DEPTH), strict=True):
        shown, right = 0, math.inf
        for context in map(as_context, hits):
            shown += count_words(context.text)
            if holds_answer(example, [context]):
                right = shown
                break
        shares.append(fmean(right <= budget for budget in budgets))
    return shares


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
