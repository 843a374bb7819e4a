"""Rows and mean tokens of a task: what a check's time and memory are foretold from."""

from collections.abc import Sequence
from pathlib import Path

from harness.answer_limit import answer_limit
from harness.closed_answers import CLOSED
from harness.effort import CHUNK_WORDS, effort
from harness.given import ON_DEV, RetrievalSettings
from harness.models import ModelRef, resolve
from harness.prompts import passage, system_prompt, target
from harness.retrieval import as_context, passages_of
from harness.settings import CheckSettings
from harness.types import Task
from harness.work import Amounts
from rag.index import Hit
from rag.rerank import Size, size_of

COUNTED = 200
"""Rows and passages whose tokens are counted, evenly drawn; the mean of more differs little."""
DOCUMENTS = 50
"""Cut into passages to learn how long these are."""
CHAT_TOKENS = 12
"""Around a question: what marks turns of a conversation."""


def count_amounts(project: Path, task: Task, settings: CheckSettings, model: ModelRef) -> Amounts:
    """Rows and mean tokens of a task, counted with the model's own tokenizer."""
    from tokenizers import Tokenizer

    limit = answer_limit(project, task, settings)  # says so if there is no tokenizer
    tokenizer = Tokenizer.from_file(str(model.folder / "tokenizer.json"))

    def lengths(texts: Sequence[str]) -> list[int]:
        drawn = list(texts[:: max(1, len(texts) // COUNTED)])
        return [len(one.ids) for one in tokenizer.encode_batch(drawn)]

    def mean(texts: Sequence[str]) -> float:
        found = lengths(texts)
        return sum(found) / max(1, len(found))

    documents = task.documents[:: max(1, len(task.documents) // DOCUMENTS)]
    chunks = passages_of(documents, settings.given.retrieval.passage_words or CHUNK_WORDS)
    passages = [passage(as_context(Hit(chunk, 0.0))) for chunk in chunks]
    pairs = task.preferences
    return Amounts(
        train=len(task.train),
        dev=min(len(task.dev), effort(settings.effort).dev_rows),
        heldout=len(task.heldout),
        question=mean([example.question for example in task.train]) + CHAT_TOKENS,
        answer=mean([target(task.spec, example) for example in task.train]),
        longest_answer=limit,
        passage=_mean_by_token(lengths(passages)),
        system=mean([system_prompt(task.spec)]) + CHAT_TOKENS,
        reranker=_reranker(project, settings.given.retrieval),
        budget=settings.given.retrieval.context_tokens,
        timed=min(settings.timed, len(task.heldout)),
        closed=task.spec.kind in CLOSED and settings.given.decoding.constrained == ON_DEV,
        pairs=len(pairs.train),
        dev_pairs=len(pairs.dev),
        heldout_pairs=len(pairs.heldout),
        pair_side=mean([one.question for one in pairs.train])
        + mean([text for one in pairs.train for text in (one.chosen, one.rejected)])
        + CHAT_TOKENS,
    )


def _reranker(project: Path, given: RetrievalSettings) -> Size | None:
    if not given.reranker:
        return None
    revision = given.reranker_revision
    return size_of(resolve(given.reranker, "reranker", project, revision=revision).folder)


def _mean_by_token(lengths: Sequence[int]) -> float:
    """Mean length of the passage that a token stands in: long ones are found more often.

    On the sample, with titles, passages found have 91 tokens, all passages 85, and this says 93.
    """
    return sum(n * n for n in lengths) / max(1, sum(lengths))
