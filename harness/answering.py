"""From rendered prompts to answers, the same way for every rung."""

import time
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final, NamedTuple

from harness.generators.base import Completion, Refusal
from harness.generators.local import LocalGenerator
from harness.prompts import (
    LAST,
    Demonstration,
    Prompt,
    above,
    marked_again,
    passage,
    with_passages,
)
from harness.types import Answer, Context, Failure, Query
from harness.workbench import Workbench
from rag.cite import cite
from tuning.card import KIND
from tuning.constrain import Constraint

WARMING: Final = 2
"""Tokens of the answer that warms a card up: the first reads the prompt, the second follows it."""


class Asked(NamedTuple):
    """A query with what will be put before the model."""

    query: Query
    prompt: Prompt
    contexts: tuple[Context, ...] = ()
    seconds: float = 0.0
    """Time spent on this query before the model: retrieval, choice of demonstrations."""
    layout: str = LAST
    """Of the passages."""
    dropped: int = 0
    """Passages that were found and did not fit, the farthest; see `fitted`."""

    def holding(
        self,
        bench: Workbench,
        contexts: tuple[Context, ...],
        turns: tuple[Demonstration, ...] | None = None,
    ) -> "Asked":
        """The same question with the first so many of its passages, and such worked examples."""
        shown = self.prompt.turns if turns is None else turns
        user = self.prompt.user  # as it is worded: a search may have found other words
        if contexts != self.contexts:
            user = with_passages(self.query.text, contexts, self.layout, bench.spec.language)
        prompt = Prompt(self.prompt.system, tuple(shown), user)
        gone = self.dropped + len(self.contexts) - len(contexts)
        return self._replace(prompt=prompt, contexts=contexts, dropped=gone)


def answer_all(
    bench: Workbench,
    asked: Sequence[Asked],
    *,
    timed: int = 0,
    constraint: Constraint | None = None,
) -> Iterator[Answer | Failure]:
    """Answer every prompt once, yielding as they get ready.

    Args:
        bench: the model and the token limit.
        asked: prompts; passages beyond the budget, and what leaves no room for an answer, are cut
            (`fitted`).
        timed: so many are answered one at a time first, for their latency; the rest in batches.
        constraint: what answers may be, for a model on this machine; None for anything.
    """
    complete = bench.generator.complete  # opened before any clock runs
    asked = [fitted(bench, one, constraint) for one in asked]
    if constraint is not None:
        complete = partial(bench.local().complete, constraint=constraint)
    if timed and asked:
        _warm_up(bench, asked[0])
    for one in asked[:timed]:
        started = time.perf_counter()
        (done,) = complete([one.prompt], bench.max_new_tokens)
        yield _answer(one, done, time.perf_counter() - started + one.seconds)
    rest = asked[timed:]
    for done in complete([one.prompt for one in rest], bench.max_new_tokens):
        yield _answer(rest[done.row], done, None)


def _warm_up(bench: Workbench, one: Asked) -> None:
    """One short answer that nobody times: a card loads its kernels when they are first wanted.

    That takes longer than an answer, and whoever serves a model has it behind him.
    """
    model = bench.generator
    if isinstance(model, LocalGenerator) and bench.device.kind == KIND:
        list(model.complete([one.prompt], WARMING))


def fitted(bench: Workbench, one: Asked, constraint: Constraint | None = None) -> Asked:
    """A prompt with as many of its passages and worked examples as leave room for an answer.

    Of the passages first those that the user's budget in tokens has room for, if there is one.
    They are cut by words; in a script without spaces one can be a page long. What is too long
    without any of them stays as it is and is refused by name. How many tokens an endpoint's model
    takes is not known: there the budget alone counts, by its estimate.
    """
    model, one = bench.generator, _in_budget(bench, one)
    if not isinstance(model, LocalGenerator):
        return one
    room = model.context_length - max(bench.max_new_tokens, constraint.longest if constraint else 0)
    if model.count_prompt(one.prompt) <= room:
        return one
    for contexts, turns in _ever_less(one):
        less = one.holding(bench, contexts, turns)
        if model.count_prompt(less.prompt) <= room:
            return less
    return one


def _in_budget(bench: Workbench, one: Asked) -> Asked:
    """A prompt without the farthest passages that `context_tokens` has no room for.

    What counts is all that stands above the question, titles and a hint too. Worked examples hold
    passages of their own, which are not counted.
    """
    budget, most = bench.given.retrieval.context_tokens, len(one.contexts)

    def tokens(n: int) -> int:
        shown = above(one.query.text, one.contexts[:n], one.layout, bench.spec.language)
        return bench.generator.count_tokens(shown)

    if not budget or tokens(most) <= budget:
        return one
    kept = next((n for n in reversed(range(1, most)) if tokens(n) <= budget), 0)
    return one.holding(bench, one.contexts[:kept])


def _ever_less(one: Asked) -> Iterator[tuple[tuple[Context, ...], tuple[Demonstration, ...]]]:
    """Ever fewer of a prompt's passages and worked examples.

    The farthest passages give way first, then the examples, last the closest passage; where that
    is what does not fit, the examples come back. Of examples the longest goes first, so that the
    fewest are lost.
    """
    contexts, turns = one.contexts, one.prompt.turns
    by_length = sorted(range(len(turns)), key=lambda at: len("".join(turns[at])))
    fewer = [
        tuple(turns[at] for at in sorted(by_length[:n])) for n in reversed(range(len(turns) + 1))
    ]
    yield from ((contexts[:n], turns) for n in reversed(range(1, len(contexts))))
    if contexts:
        yield from ((contexts[:1], some) for some in fewer[1:])
    yield from (((), some) for some in fewer)


def answers_only(results: Iterator[Answer | Failure]) -> list[Answer]:
    """Answers without the failures, for choosing settings on dev."""
    return [result for result in results if isinstance(result, Answer)]


def _answer(one: Asked, done: Completion | Refusal, latency: float | None) -> Answer | Failure:
    if isinstance(done, Refusal):
        return Failure(one.query.id, done.kind, done.message)
    text = marked_again(done.text)
    return Answer(
        query_id=one.query.id,
        text=text,
        contexts=one.contexts,
        citations=cite(text, [passage(context) for context in one.contexts]),
        latency_s=latency,
        prompt_tokens=done.prompt_tokens,
        completion_tokens=done.completion_tokens,
        truncated=done.truncated,
        dropped_contexts=one.dropped,
    )
