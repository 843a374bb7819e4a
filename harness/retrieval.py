"""Retrieval as the rungs use it: one index a run, built by the first cell that needs it."""

import re
from collections.abc import Sequence
from statistics import fmean

from filelock import FileLock

from harness.closed_answers import CLOSED
from harness.disk import write_json
from harness.effort import CHUNK_WORDS
from harness.text import YES_NO, normalise, words_in
from harness.types import Context, Example, Query, TaskSpec, TrainView
from harness.workbench import EMBEDDING_TIME, Workbench
from rag.chunk import Chunk, chunk_documents, count_words
from rag.index import Hit, Index, IndexMismatchError, corpus_hash
from rag.measure import recall
from rag.types import Document
from rag.widen import PASSAGE

_HEADING = re.compile(r"#{1,6}\s")

INDEX_FOLDER = "index"
"""In the run's folder."""

TIMED_TEXTS = 6
"""Questions that are embedded one by one to time it."""

MOST_TITLES = 3
"""Of the documents that share a passage, those named above it."""

TITLES_APART = "; "

LISTED = 50
"""Passages that search lists to say which of several right ones is closest to a question."""

LONGEST_SPAN = 6
"""Longest reference, in words, that is looked for literally in passages."""


def passages_of(documents: Sequence[Document], words: int = CHUNK_WORDS) -> list[Chunk]:
    """Documents as they are indexed, in passages of at most so many words.

    A document's passages do not depend on the others.
    """
    return chunk_documents(documents, count_words, words)


def open_index(bench: Workbench, documents: Sequence[Document]) -> Index:
    """The run's index; built and saved if it is not there yet.

    Vectors are kept beside the project's runs by what was embedded, so that of documents that
    changed since the last run only passages that are new are embedded.
    """
    chunks = passages_of(documents, bench.passage_words)
    folder = bench.index or bench.folder / INDEX_FOLDER
    with FileLock(f"{folder}.lock"):
        try:
            return Index.load(folder, bench.embedder, corpus_hash(chunks))
        except IndexMismatchError:
            bench.say(f"Indexing {len(chunks)} passages", {})
            index = Index.build(chunks, bench.embedder)
            index.save(folder)
            return index


def build_search(bench: Workbench, view: TrainView, queries: Sequence[Query]) -> None:
    """Embed everything that any rung will ask for, once, so that no other process has to."""
    questions = [example.question for example in (*view.train, *view.dev)]
    asked = [*questions, *(query.text for query in queries)]
    bench.embedder.embed(asked)
    alone = asked[:TIMED_TEXTS]
    if len(alone) > 1:
        write_json(bench.folder / EMBEDDING_TIME, bench.embedder.seconds_alone(alone))
    if view.documents:
        open_index(bench, view.documents)


def contexts_for(index: Index, questions: Sequence[str], k: int) -> list[tuple[Context, ...]]:
    """The k closest passages of each question, closest first."""
    return [tuple(as_context(hit) for hit in hits) for hits in index.search(questions, k)]


def as_context(hit: Hit) -> Context:
    """A passage as it is put before the model: its section's heading first, if it lost it.

    The title is not in the text: `harness.prompts.passage` puts it above. A passage that stands in
    several documents has the titles of all, for one can say what the text alone does not.
    """
    chunk = hit.chunk
    section, text = chunk.heading.rsplit(" > ", 1)[-1], chunk.text
    if _HEADING.match(text):
        first, _, below = text.partition("\n")
        if below.strip() and first.lstrip("# ").strip() == chunk.title:
            text = below.lstrip()
        text = text.lstrip("# ")
    elif section:
        text = f"{section}\n{text}"
    titles = list(dict.fromkeys(one.title for one in (chunk, *hit.also) if one.title))
    sources = dict.fromkeys(one.source for one in (chunk, *hit.also))
    return Context(
        source=chunk.source,
        text=text,
        score=round(hit.score, 4),
        title=TITLES_APART.join(titles[:MOST_TITLES]),
        page=chunk.page,
        start=chunk.start,
        end=chunk.end,
        also_in=tuple(sources)[1:],
    )


def holds_answer(example: Example, contexts: Sequence[Context], spec: TaskSpec) -> bool | None:
    """Whether a passage that answers the question is among them; None where that is unknown.

    By what must literally stand in a passage of the right document (`evidence`); by the document
    alone where nothing must.
    """
    wanted = evidence(example, spec)
    if not example.answerable or not (wanted or example.context_ids):
        return None
    return any(_right(example, wanted, c.sources, _plain(c, spec)) for c in contexts)


def evidence(example: Example, spec: TaskSpec) -> list[list[str]]:
    """What a passage with the answer contains: alternatives, each with all of its parts.

    The key facts together, or else any one short reference. Nothing for a free sentence, and
    nothing for a label, JSON, or a bare yes or no: that such a word stands in a passage is no sign
    that the passage tells it.
    """
    if spec.kind in CLOSED:
        return []
    if example.key_facts:
        return [[f" {normalise(fact, spec.language)} " for fact in example.key_facts]]
    said = [normalise(text, spec.language) for text in example.references]
    if any(word in side for word in said for side in YES_NO):
        return []
    return [[f" {text} "] for text in said if 0 < words_in(text) <= LONGEST_SPAN]


def recall_at_k(
    index: Index, examples: Sequence[Example], ks: Sequence[int], spec: TaskSpec
) -> dict[int, float | None]:
    """Share of answerable examples whose answer is among the k closest passages, for each k.

    None where of no example it is known which passages answer it.
    """
    right = [places for _, places in judged(index, examples, max(ks), spec)]
    return {k: fmean(recall(places, k) for places in right) if right else None for k in ks}


def judged(
    index: Index, examples: Sequence[Example], k: int, spec: TaskSpec
) -> list[tuple[Example, tuple[bool, ...]]]:
    """Which of its k closest passages hold the answer, for each example that can be judged."""
    known = [example for example in examples if holds_answer(example, (), spec) is not None]
    found = contexts_for(index, [example.question for example in known], k)
    return [
        (example, tuple(bool(holds_answer(example, [context], spec)) for context in contexts))
        for example, contexts in zip(known, found, strict=True)
    ]


def total_right(index: Index, examples: Sequence[Example], spec: TaskSpec) -> list[int]:
    """How many of all passages hold each example's answer; of those with the same text, one."""
    found = right_passages(index.chunks, examples, spec)
    return [len({index.copies.get(row, [row])[0] for row in rows}) for rows in found]


def right_passages(
    chunks: Sequence[Chunk], examples: Sequence[Example], spec: TaskSpec
) -> list[list[int]]:
    """Which of all passages hold each example's answer: their places, in order."""
    wanted = [evidence(example, spec) for example in examples]
    places: list[list[int]] = [[] for _ in examples]
    for row, chunk in enumerate(chunks):
        text = _plain(as_context(Hit(chunk, 0.0)), spec)
        for at, example in enumerate(examples):
            if _right(example, wanted[at], (chunk.source,), text):
                places[at].append(row)
    return places


def closest_of(
    index: Index, questions: Sequence[str], places: Sequence[Sequence[int]]
) -> list[int | None]:
    """Of each question's passages the one that search ranks highest, as it looks them up now.

    A fact can stand in many passages ("14 days"), and the first in the order of the files is
    seldom the one that the question is about.

    Args:
        index: as the rung looks passages up.
        questions: any.
        places: for each question, rows of `index.chunks`, in order.

    Returns:
        The first row where search lists none of them among the nearest, None where there is none.
    """
    row_of = {chunk.id: row for row, chunk in enumerate(index.chunks)}
    best: list[int | None] = []
    # alone: what stands around one passage would hide the next
    found = index.showing(PASSAGE).search(questions, LISTED)
    for hits, rows in zip(found, places, strict=True):
        listed = (row_of[chunk.id] for hit in hits for chunk in (hit.chunk, *hit.also))
        first = rows[0] if rows else None
        best.append(next((row for row in listed if row in rows), first))
    return best


def _plain(context: Context, spec: TaskSpec) -> str:
    return f" {normalise(context.text, spec.language)} "


def _right(
    example: Example, wanted: Sequence[Sequence[str]], sources: Sequence[str], text: str
) -> bool:
    """Whether a passage, normalised, answers a question; `wanted` is its evidence."""
    if example.context_ids and not set(sources) & set(example.context_ids):
        return False
    return not wanted or any(all(part in text for part in whole) for whole in wanted)
