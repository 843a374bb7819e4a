"""What a rung that reads would achieve if search never missed: the same reader, handed the passage.

Not a rung: it is told which passages hold the answers, so it is compared with nothing and never
recommended. It says how much a better search could bring at most, read as now.
"""

from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from dataclasses import replace
from typing import NamedTuple, Protocol, cast

from harness.errors import JobError, Problem
from harness.floors import FLOOR_TITLES
from harness.gold import Gold, handed_over, known
from harness.retrieval import contexts_for
from harness.rung import Rung
from harness.rungs import rung_type, title_of
from harness.store import Run
from harness.types import (
    Answer,
    Context,
    Example,
    Failure,
    Json,
    Preparation,
    Query,
    TaskSpec,
    TrainView,
)
from harness.workbench import Workbench
from rag.index import Hit, Index
from rag.rerank import Reranker
from rag.widen import rows_around

LOOKED_THROUGH = 50
"""Passages that search lists to say which of several right ones is closest to the question."""


CERTAIN = 1.0
"""The highest cosine: no passage comes nearer than one that is known to be right."""


class Ceiling(NamedTuple):
    """A ceiling by name."""

    reader: str
    """The rung that it is the ceiling of."""
    title: str


CEILINGS = {
    "oracle": Ceiling("rag", "The right passage handed over"),
    "oracle_finetune": Ceiling("rag_finetune", "The right passage handed over, fine-tuned"),
}


class Reader(Rung, Protocol):
    """A rung that reads passages, as a ceiling uses it."""

    index: Index
    k: int
    """Passages before a question."""


class KnowingIndex(Index):
    """An index whose search is perfect for the questions whose gold passages it was told.

    The gold passage that search itself ranks highest comes first, which is next to the question in
    the prompt; the places behind it are filled with what search finds, so that the reader sees as
    many passages, laid out as it was chosen or trained for. Of a question of which only the right
    document is known, as many of that document's passages as there are places come first.
    """

    def __init__(self, index: Index, gold: Mapping[str, Gold]) -> None:
        vars(self).update(vars(index))
        self._searching, self._gold = index, gold
        self._by_id = {chunk.id: row for row, chunk in enumerate(index.chunks)}

    def using(self, retriever: str) -> "KnowingIndex":
        """The same, looked up another way."""
        return KnowingIndex(self._searching.using(retriever), self._gold)

    def reranking(self, reranker: Reranker | None) -> "KnowingIndex":
        """The same, with another second look or without one."""
        return KnowingIndex(self._searching.reranking(reranker), self._gold)

    def search(self, queries: Sequence[str], k: int) -> list[list[Hit]]:
        """The k best passages of each query, gold ones first."""
        found = self._searching.search(queries, max(k, LOOKED_THROUGH))
        return [self._told(query, hits)[:k] for query, hits in zip(queries, found, strict=True)]

    def _told(self, query: str, hits: list[Hit]) -> list[Hit]:
        gold = self._gold.get(query)
        if gold is None:
            return hits
        top = max(CERTAIN, hits[0].score if hits else CERTAIN)
        named = [self._names(hit) for hit in hits]
        listed, wanted = set().union(*named), frozenset(gold.passages)
        right = [hit for hit, names in zip(hits, named, strict=True) if names & wanted]
        beyond = (one for one in gold.passages if one not in listed and one in self._by_id)
        right += [Hit(self.with_context(self._by_id[one]), top) for one in beyond]
        first = right if gold.by_document else right[:1]
        return self._apart([*(hit._replace(score=top) for hit in first), *hits])

    def _names(self, hit: Hit) -> set[str]:
        """Ids of all passages whose text is shown, those around the one found among them.

        One of several documents is right where it is the right one of any of them.
        """
        chunk = hit.chunk
        around = rows_around(self.chunks, self._by_id[chunk.id], self.context)
        near = self.chunks[around.start : around.stop]
        inside = {one.id for one in near if chunk.start <= one.start and one.end <= chunk.end}
        return inside | {one.id for one in hit.also}

    def _apart(self, hits: Sequence[Hit]) -> list[Hit]:
        """Without those of which something is shown before."""
        shown: set[str] = set()
        kept = []
        for hit in hits:
            names = self._names(hit)
            if not names & shown:
                kept.append(hit)
                shown |= names
        return kept


class ReadingCeiling:
    """A finished rung that reads, with its own settings, over a search that never misses.

    Where nothing changes for a question, for search had the right passage first or it is not known
    which one that is, the rung's own answer is taken over: the same prompt has the same answer.
    """

    def __init__(self, name: str, view: TrainView, bench: Workbench) -> None:
        self.name, self.view, self.bench = name, view, bench
        self.run = Run(bench.folder)
        self.reader = CEILINGS[name].reader
        self.handed = handed_over(self.run)

    def prepare(self, settings: Mapping[str, Json] | None) -> Preparation:
        """Nothing is chosen: retriever, passages, examples, decoding and adapter are the rung's.

        Raises:
            JobError: the rung has not come to its end.
        """
        own = f"{self.reader}-s0"
        if not self.run.finished(own):
            why = f"{title_of(self.reader).lower()} did not come to its end"
            raise JobError(Problem(why, "see why it failed, then go on with the run", self.name))
        self.cell = self.run.cell(own)
        tools = copy(self.bench)  # with the model that is open
        tools.cell = own  # the name under which its adapter is found again
        self.rung = cast(Reader, rung_type(self.reader).build(self.view, tools))
        self.rung.prepare(self.cell.preparation.settings)
        asked = _by_text(self.run.queries(), self.handed)
        self.rung.index, self.told = KnowingIndex(self.rung.index, asked), asked.keys()
        shown = {"passages": self.rung.k, "questions_handed": len(asked)}
        return Preparation(shown if settings is None else settings, {"dev_answers": 0})

    def answer(self, queries: Sequence[Query], timed: int) -> Iterator[Answer | Failure]:
        """Every question once. None is timed: nobody could build this."""
        theirs = {answer.query_id: answer for answer in self.cell.answers}
        given = contexts_for(self.rung.index, [query.text for query in queries], self.rung.k)
        open_ones = []
        for query, contexts in zip(queries, given, strict=True):
            before = theirs.get(query.id)
            # told the passage, it does not abstain for want of one that comes near
            spared = before is not None and query.text in self.told and not before.prompt_tokens
            if before is not None and not spared and _same(before.contexts, contexts):
                yield replace(before, latency_s=None)
            else:
                open_ones.append(query)
        if open_ones:
            yield from self.rung.answer(open_ones, 0)


def _by_text(queries: Sequence[Query], handed: Sequence[Gold]) -> dict[str, Gold]:
    """Gold passages by question, as search knows questions.

    A text that is asked of two documents cannot be told apart there, so nothing is told of it.
    """
    gold = {one.query_id: one for one in handed}
    by_text: dict[str, list[Gold | None]] = {}
    for query in queries:
        by_text.setdefault(query.text, []).append(gold.get(query.id))
    return {
        text: found[0]
        for text, found in by_text.items()
        if found[0] and all(one and one.passages == found[0].passages for one in found)
    }


def _same(a: Sequence[Context], b: Sequence[Context]) -> bool:
    """Whether both put the same before the model; a gold passage's score is not its own."""
    return [replace(one, score=0.0) for one in a] == [replace(one, score=0.0) for one in b]


def ceilings_of(rung: str, spec: TaskSpec, heldout: Sequence[Example]) -> list[str]:
    """Names of the ceilings worth measuring beside a rung: none if no right passage is known."""
    if not known(heldout, spec):
        return []
    return [name for name, one in CEILINGS.items() if one.reader == rung]


def arm_title(name: str) -> str:
    """Title of a rung, a floor or a ceiling."""
    if name in CEILINGS:
        return CEILINGS[name].title
    return FLOOR_TITLES.get(name) or title_of(name)
