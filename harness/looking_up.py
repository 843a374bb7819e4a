"""How a rung looks passages up: the retriever chosen on dev, and the questions it then asks."""

import time
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import NamedTuple

from harness.answering import Asked
from harness.choosing import taken
from harness.errors import Problem, UserError
from harness.given import ALWAYS
from harness.models import PLACES
from harness.plugins import pick
from harness.prompts import LAST, Demonstration, render, target, with_passages
from harness.retrieval import contexts_for, holds_answer, judged, total_right
from harness.types import Context, Example, Json, Query, TaskSpec
from harness.workbench import Workbench
from rag.index import Index
from rag.measure import ndcg, recall, reciprocal_rank
from rag.retrievers import RETRIEVERS
from rag.widen import PASSAGE

DEPTH = 10
"""Places that MRR and nDCG look at."""

NO_RERANKER = "none"
"""What settings say where there was one to try and it was not taken."""

BEFORE = "dense"
"""How runs looked passages up that do not say how: they were begun by an older version."""


class Taken(NamedTuple):
    """The retriever taken, and what each one tried finds."""

    looked_up: Index
    tried: list[dict[str, Json]]
    reranked: list[dict[str, Json]]
    """With the second look and without; empty where the user names no reranker."""
    tokens: int = 0
    """The user's budget of passages before a question; 0: they set none."""

    @property
    def settings(self) -> dict[str, Json]:
        """As a rung records them."""
        used, context = self.looked_up.reranker, self.looked_up.context
        second = {"reranker": used.name if used else NO_RERANKER} if self.reranked else {}
        shown: dict[str, Json] = {} if context == PASSAGE else {"context": context}
        shown |= {"context_tokens": self.tokens} if self.tokens else {}
        return {"retriever": self.looked_up.retriever.name, **second, **shown}

    @property
    def effort(self) -> dict[str, Json]:
        """What was tried, as a rung records it."""
        more: dict[str, Json] = {"rerankers_tried": self.reranked} if self.reranked else {}
        if self.looked_up.nearest is not None:
            more["nearest_found"], more["nearest_looked_for"] = self.looked_up.nearest
        return {"retrievers_tried": self.tried, **more}


def retriever_of(
    settings: Mapping[str, Json], index: Index, bench: Workbench | None = None
) -> Index:
    """The index as the settings of an earlier process look it up.

    Args:
        settings: of a rung.
        index: of the run.
        bench: with the reranker; None where settings name none.

    Raises:
        UserError: there is no such retriever, or the reranker is another one now.
    """
    name = str(settings.get("retriever", BEFORE))
    found = index.using(pick(RETRIEVERS, name, "retriever", "retriever").name)
    found = found.showing(str(settings.get("context", PASSAGE)))
    wanted = settings.get("reranker", NO_RERANKER)
    if wanted == NO_RERANKER or bench is None:
        return found
    if bench.reranker.name != wanted:
        said = f"the reranker is {bench.reranker.name}, and this rung was built with {wanted}"
        fix = "put that model back, or begin a new run"
        raise UserError(Problem(said, fix, PLACES["reranker"]))
    return found.reranking(bench.reranker)


def choose_retriever(bench: Workbench, index: Index, dev: Sequence[Example]) -> Taken:
    """Take the first retriever, unless another finds clearly more of dev's answers.

    Needs no language model. What counts is recall at the numbers of passages that will be tried,
    on average (`harness.choosing.taken`). Where no answer can be told, the first is taken.
    """
    names, ks = bench.effort.retrievers, sorted(bench.passage_counts)
    totals: list[int] = []
    means: dict[str, Sequence[float]] = {}
    tried: list[dict[str, Json]] = []
    for name in names:
        pick(RETRIEVERS, name, "retriever", "effort")
        right = judged(index.using(name), dev, max(DEPTH, *ks), bench.spec)
        totals = totals or total_right(index, [example for example, _ in right], bench.spec)
        places = [flags for _, flags in right]
        means[name] = [fmean(recall(flags, k) for k in ks) for flags in places]
        tried.append({"retriever": name, **quality(places, totals, ks)})
    name = names[taken([means[name] for name in names])]
    given, both = bench.given.retrieval, list[dict[str, Json]]()
    found = index.using(name)
    if given.reranker:
        found, both = _second_look(bench, found, dev, means[name])
    return Taken(found.showing(given.context or PASSAGE), tried, both, given.context_tokens)


def _second_look(
    bench: Workbench, index: Index, dev: Sequence[Example], without: Sequence[float]
) -> tuple[Index, list[dict[str, Json]]]:
    """The reranker where it finds clearly more of dev's answers, or where the user wants it."""
    ks, reranked = bench.passage_counts, index.reranking(bench.reranker)
    bench.say("Trying the reranker on dev", {})
    started = time.perf_counter()
    right = judged(reranked, dev, max(ks), bench.spec)
    each = (time.perf_counter() - started) / max(1, len(right))
    means = [fmean(recall(flags, k) for k in ks) for _, flags in right]
    both: list[dict[str, Json]] = [
        {"reranker": NO_RERANKER, "dev_recall": _mean(without)},
        {"reranker": bench.reranker.name, "dev_recall": _mean(means),
         "seconds_a_question": round(each, 4)},
    ]  # fmt: skip
    always = bench.given.retrieval.rerank == ALWAYS
    return reranked if always or taken([without, means]) == 1 else index, both


def quality(
    places: Sequence[Sequence[bool]], totals: Sequence[int], ks: Sequence[int]
) -> dict[str, Json]:
    """Recall at each k, MRR and nDCG over questions; None where there is nothing to average."""
    gains = [ndcg(p, DEPTH, total) for p, total in zip(places, totals, strict=True)]
    known = [gain for gain in gains if gain is not None]
    return {
        "questions": len(places),
        "recall": {str(k): _mean([recall(p, k) for p in places]) for k in ks},
        f"mrr_at_{DEPTH}": _mean([reciprocal_rank(p[:DEPTH]) for p in places]),
        f"ndcg_at_{DEPTH}": _mean(known),
    }


def _mean(values: Sequence[float]) -> float | None:
    return round(fmean(values), 4) if values else None


class Reading(NamedTuple):
    """What stands before a question."""

    k: int
    """Passages."""
    examples: int = 0
    """Worked examples, each with its own passages."""
    layout: str = LAST


Read = tuple[Example, tuple[Context, ...]]
"""A training question with the passages that it finds."""


def readable(spec: TaskSpec, index: Index, train: Sequence[Example], k: int) -> list[Read]:
    """Training questions whose k passages hold the answer, those with the shortest passages first.

    They are found without a second look, which would read as many pairs as there are passages to
    order, for every training question.
    """
    known = [example for example in train if holds_answer(example, (), spec) is not None]
    found = contexts_for(index.reranking(None), [example.question for example in known], k)
    pool = [one for one in zip(known, found, strict=True) if holds_answer(*one, spec)]
    return sorted(pool, key=lambda one: sum(len(context.text) for context in one[1]))


def worked_examples(spec: TaskSpec, pool: Sequence[Read], reading: Reading) -> list[Demonstration]:
    """Training questions with the passages they find and the right answer, to show how to read.

    The same ones before every question, so that the model reads them once for all. The first of
    the pool; each from another document where there are enough documents.

    Args:
        spec: of the task.
        pool: see `readable`.
        reading: how many, in which layout.

    Returns:
        At most as many as asked for; fewer where search finds the answers of fewer.
    """
    taken: list[Demonstration] = []
    used: set[str] = set()
    for fresh in (True, False):
        for example, contexts in pool:
            if len(taken) == reading.examples:
                return taken
            read = with_passages(example.question, contexts, reading.layout, spec.language)
            shown = Demonstration(read, target(spec, example))
            new = not used & {one.source for one in contexts}
            if shown not in taken and (new or not fresh):
                taken.append(shown)
                used |= {one.source for one in contexts}
    return taken


def ask(
    bench: Workbench,
    index: Index,
    queries: Sequence[Query],
    k: int,
    demonstrations: Sequence[Demonstration] = (),
    layout: str = LAST,
) -> list[Asked]:
    """Queries with their k closest passages, and what looking them up costs one of them."""
    started = time.perf_counter()
    found = contexts_for(index, [query.text for query in queries], k)
    each = (time.perf_counter() - started) / max(1, len(queries))
    if index.retriever.embeds:
        each += bench.embedding_s
    return [
        Asked(
            query,
            render(bench.spec, query.text, contexts, demonstrations, layout),
            contexts,
            each,
            layout,
        )
        for query, contexts in zip(queries, found, strict=True)
    ]
