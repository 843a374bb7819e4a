"""How much a rung will have a model read, learn and write: what time and memory follow from."""

import math
from dataclasses import dataclass, replace

from harness.effort import Effort
from rag.rerank import Size
from tuning.at_once import at_once
from tuning.recipe import batch_rows

TIMED = 6
"""Questions that every rung answers one by one first, to time them as a user would meet them,
unless the user wants others."""


@dataclass(frozen=True, slots=True)
class Amounts:
    """Rows of a task, and the mean tokens of their parts."""

    train: int
    dev: int
    """Rows that settings are compared on, as effort has it."""
    heldout: int
    question: float
    answer: float
    longest_answer: int
    """The limit on every answer: what an untuned model often runs into."""
    passage: float
    """As they are cut; 0 without documents."""
    system: float
    """What all prompts begin with; computed once where rows go together."""
    closed: bool = False
    """Answers are labels or JSON: whether to allow only those is tried on dev."""
    pairs: int = 0
    """Preference pairs to learn from."""
    dev_pairs: int = 0
    heldout_pairs: int = 0
    pair_side: float = 0.0
    """Tokens of one of a pair's answers after its question."""
    reranker: Size | None = None
    """The user's; None without one."""
    tuned_already: bool = False
    """Fine-tuning on the examples is part of the same check, and need not be done again."""
    budget: int = 0
    """The user's tokens of passages before a question, at most; 0 without a limit."""
    timed: int = TIMED
    """Questions answered one by one, to time them."""
    learned_at_once: int = at_once("cpu").learned
    """Tokens of training rows that go through the model together where it will live."""

    def read(self, passages: float) -> float:
        """Tokens of so many passages before a question."""
        found = passages * self.passage
        return min(found, self.budget) if self.budget else found


@dataclass(frozen=True, slots=True)
class Work:
    """What one cell of a rung will do, in tokens."""

    reads: float = 0.0
    learns: float = 0.0
    writes: float = 0.0
    writes_alone: float = 0.0
    """Of answers given one by one, beside `writes`."""
    row: float = 0.0
    """Length of its prompts with the answer, the system prompt included."""
    shared: float = 0.0
    """Of `row`, tokens that all rows begin with."""
    learns_at_once: float = 0.0
    """Of training rows, tokens that go through the model together."""
    answers_at_once: float = 0.0
    """Of them, tokens of the answers."""

    def and_reads(self, rows: float, tokens: float, written: float) -> "Work":
        """The same, and so many prompts of so many tokens read and answered beside it."""
        return replace(
            self,
            reads=self.reads + rows * tokens,
            writes=self.writes + rows * written,
            row=max(self.row, tokens + written),
        )


def asking(amounts: Amounts, prompt: float, trials: int = 0, answer: float | None = None) -> Work:
    """A rung that leaves the model as it is.

    Args:
        amounts: of the task.
        prompt: tokens of a prompt after the system prompt.
        trials: how often dev is answered to choose a setting.
        answer: tokens of an answer; by default the limit, which an untuned model runs into.
    """
    written = amounts.longest_answer if answer is None else answer
    asked = Work().and_reads(amounts.heldout + trials * amounts.dev, prompt, written)
    alone = amounts.timed * written
    return replace(asked, row=asked.row + amounts.system, shared=amounts.system, writes_alone=alone)


def tuning_on(amounts: Amounts, effort: Effort, prompt: float) -> Work:
    """A rung that trains an adapter on prompts of so many tokens, and answers with it."""
    row, rates = prompt + amounts.answer, effort.learning_rates
    step = _rows_of_step(effort, amounts.train)
    parts = _parts(step * row, row, amounts.learned_at_once - amounts.system)
    steps = effort.epochs * amounts.train / step
    looks = rates * effort.evaluations
    work = Work(
        learns=rates * (effort.epochs * amounts.train * row + steps * parts * amounts.system),
        learns_at_once=step * row / parts + amounts.system,
        answers_at_once=step * amounts.answer / parts,
    )
    # dev is read twice a look: once for the loss, once to be answered
    work = work.and_reads(looks * amounts.dev, 2 * row, amounts.answer)
    # whether answers are held to the allowed ones takes answering dev both ways
    answered = amounts.heldout + 2 * amounts.closed * amounts.dev
    work = work.and_reads(answered, prompt, amounts.answer)
    return replace(
        work,
        row=row + amounts.system,
        shared=amounts.system,
        writes_alone=amounts.timed * amounts.answer,
    )


def aligning_on(amounts: Amounts, effort: Effort) -> Work:
    """Fine-tuning, unless that is done, then preference pairs: two answers a row."""
    before = replace(amounts, closed=False)
    tuned = tuning_on(before, effort, amounts.question)
    if amounts.tuned_already:
        heldout = replace(before, train=0, dev=0)
        tuned = replace(tuning_on(heldout, effort, amounts.question), learns=0.0)
    side = amounts.pair_side + amounts.system
    step = _rows_of_step(effort, amounts.pairs)
    parts = _parts(step * 2 * side, 2 * side, amounts.learned_at_once)
    looks = effort.evaluations + 1
    answered = (looks + 2 * amounts.closed) * amounts.dev
    # the reference reads training and dev pairs, each look the dev pairs, three states the others
    read = amounts.pairs + amounts.dev_pairs * (1 + looks) + 3 * amounts.heldout_pairs
    row = amounts.question + amounts.answer
    return replace(
        tuned,
        reads=tuned.reads + 2 * side * read + answered * amounts.question,
        learns=tuned.learns + effort.pair_epochs * amounts.pairs * 2 * side,
        writes=tuned.writes + answered * amounts.answer,
        row=max(tuned.row, side, row + amounts.system),
        learns_at_once=max(tuned.learns_at_once, step * 2 * side / parts),
        answers_at_once=max(tuned.answers_at_once, step * 2 * amounts.answer / parts),
    )


def _rows_of_step(effort: Effort, n_rows: int) -> int:
    return min(effort.batch_rows or batch_rows(n_rows), max(1, n_rows))


def _parts(tokens: float, row: float, budget: float) -> float:
    """Into how many a step's tokens are cut; a row is never cut (`tuning.schedule.cut`)."""
    return max(1.0, min(math.ceil(tokens / max(1.0, budget)), tokens / max(1.0, row)))
