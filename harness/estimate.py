"""What a check will take on this machine, said before it starts.

Tokens to read, learn and write are counted from the task (each rung's file says how much it does),
seconds follow from the machine's measured speed, memory from the model's sizes. It is an estimate:
within about a third where nothing else runs.
"""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.ceilings import ceilings_of
from harness.counting import count_amounts
from harness.device import most_threads
from harness.effort import effort_of
from harness.generators.endpoint import PREFIX
from harness.models import EMBEDDED, resolve, unpacked
from harness.rungs import rung_type
from harness.runner import chosen_rungs
from harness.search_cost import (
    ENDING_S,
    index_seconds,
    looked_up,
    searching_memory,
    second_look,
)
from harness.settings import CheckSettings
from harness.speed import ROW, Speed, known_speed, sizes_of, speed
from harness.tuning_memory import free_from_outside, memory_of
from harness.types import Task
from harness.work import Amounts, Work
from tuning.at_once import at_once
from tuning.recipe import adapter_shape
from tuning.sizes import ModelSizes

METHOD_WORK = {"lora": 1.0, "qlora": 2.0, "full": 1.5}
"""A token learned by each method over one learned by an adapter. All weights: 6 operations a weight
against 4, for the gradient of the weights comes on top. Weights in 4 bits are unpacked for every
product, and by libraries that pad: 1.2 to 1.4 times the engine's time a step where rows share
nothing (SmolLM2-135M, float32), twice a whole fine-tuning with other work beside it."""
MOVED = 0.25
"""Of the held-out questions, those that a ceiling asks anew: search does not have the right passage
first. On the sample 0.2; where search is poor it is more."""


def learned_by(method: str, work: Work) -> Work:
    """The same work where another method than an adapter learns."""
    return dataclasses.replace(work, learns=METHOD_WORK[method] * work.learns)


@dataclass(frozen=True, slots=True)
class RungNeed:
    """What one rung will take."""

    rung: str
    title: str
    runs: int
    """Cells: more than one where several seeds are trained."""
    seconds: float
    """All cells, the ceiling's that is measured beside it among them."""
    memory_bytes: float
    """The most that one of its processes will hold."""


@dataclass(frozen=True, slots=True)
class CheckNeed:
    """What a check will take."""

    rungs: tuple[RungNeed, ...]
    skipped: dict[str, str]
    """Rungs that cannot run, with the reason."""
    index_s: float
    """Embedding and indexing for all rungs that search; 0 where none does."""
    seconds: float
    memory_bytes: float
    free_bytes: int
    """Memory free right now where the model will live: this machine's, or the card's."""
    longest_row: float
    """Tokens of the longest rung's prompts with their answers."""
    rank: int
    """Of the adapter that is trained."""
    amounts: Amounts
    sizes: ModelSizes
    speed: Speed

    def only(self, names: Sequence[str]) -> "CheckNeed":
        """The same for some of the rungs."""
        some = tuple(need for need in self.rungs if need.rung in names)
        searches = any("embeddings" in rung_type(need.rung).needs for need in some)
        index_s = self.index_s if searches else 0.0
        return dataclasses.replace(
            self,
            rungs=some,
            index_s=index_s,
            seconds=index_s + sum(need.seconds for need in some),
            memory_bytes=max((need.memory_bytes for need in some), default=0.0),
        )

    @property
    def busy_cores(self) -> int:
        """Cores that others were using when speed was measured, a part of one counted whole."""
        if self.speed.kind != "cpu":
            return 0
        return max(0 if self.speed.quiet else 1, most_threads() - self.speed.threads)

    @property
    def fits(self) -> bool:
        """Whether the memory that is free suffices."""
        return self.has_room_for(self.memory_bytes)

    def has_room_for(self, memory_bytes: float) -> bool:
        """Whether a process of so many bytes finds room; a card holds only the model's part."""
        beside = self.speed.process_bytes if self.on_card else 0
        return memory_bytes - beside <= self.free_bytes

    @property
    def on_card(self) -> bool:
        """Whether the model will live on a card of its own memory."""
        return self.speed.kind == "cuda"


def estimate(
    project: Path,
    task: Task,
    settings: CheckSettings,
    say: Callable[[str], None] = lambda line: None,
) -> CheckNeed | None:
    """Seconds and memory of every rung; None for an endpoint, whose speed is not ours to know.

    Args:
        project: its folder.
        task: with its data.
        settings: in which `settings_problems` finds nothing.
        say: told about work that takes seconds.

    Raises:
        UserError: a model that cannot be used.
        JobError: the machine's speed could not be measured.
    """
    if settings.generator.startswith(PREFIX):
        return None
    model = resolve(settings.generator, "generator", project, revision=settings.revision, say=say)
    amounts = count_amounts(project, task, settings, model)
    return need_of(task, settings, amounts, sizes_of(model), speed(model, say))


def known_estimate(project: Path, task: Task, settings: CheckSettings) -> CheckNeed | None:
    """The same where nothing has to be measured or unpacked for it; else None."""
    name = settings.generator
    if name.startswith(PREFIX) or (name in EMBEDDED and not unpacked(name)):
        return None
    model = resolve(name, "generator", project, revision=settings.revision)
    pace = known_speed(model, beside_others=True)
    if pace is None:
        return None
    amounts = count_amounts(project, task, settings, model)
    return need_of(task, settings, amounts, sizes_of(model), pace)


def need_of(
    task: Task, settings: CheckSettings, amounts: Amounts, sizes: ModelSizes, pace: Speed
) -> CheckNeed:
    """The same from what was counted and measured; instant."""
    needs, longest = [], 0.0
    amounts = dataclasses.replace(amounts, learned_at_once=at_once(pace.kind).learned)
    tuning = settings.tuning
    rank = adapter_shape(amounts.train, tuning).rank
    tries = effort_of(settings.effort, tuning, settings.given)
    if settings.preference.epochs is not None:
        tries = dataclasses.replace(tries, pair_epochs=settings.preference.epochs)
    runnable, skipped = chosen_rungs(task, settings)
    for rung in runnable:
        given = dataclasses.replace(amounts, tuned_already=rung.follows(runnable))
        work = learned_by(tuning.method, rung.work(given, tries))
        runs = settings.seeds if rung.seeded else 1
        each = seconds_of(work, pace, sizes) + second_look(
            looked_up(rung.needs, task), amounts, pace, sizes
        )
        memory = memory_of(work, pace, sizes, rank, tuning)
        memory += searching_memory(rung.needs, amounts)
        longest = max(longest, work.row)
        ceilings = ceilings_of(rung.name, task.spec, task.heldout)
        one = seconds_of(ceiling_work(amounts, work), pace, sizes)
        one += second_look(len(task.heldout), amounts, pace, sizes)
        beside = len(ceilings) * one
        needs.append(RungNeed(rung.name, rung.title, runs, runs * each + beside, memory))
    searches = any("embeddings" in rung_type(need.rung).needs for need in needs)
    index_s = index_seconds(task, amounts, tries, pace, sizes) if searches else 0.0
    return CheckNeed(
        rungs=tuple(needs),
        skipped=skipped,
        index_s=index_s,
        seconds=index_s + sum(need.seconds for need in needs),
        memory_bytes=max((need.memory_bytes for need in needs), default=0.0),
        free_bytes=free_from_outside(pace.kind),
        longest_row=longest,
        rank=rank,
        amounts=amounts,
        sizes=sizes,
        speed=pace,
    )


def ceiling_work(amounts: Amounts, reading: Work) -> Work:
    """Answering anew what search has not first, with prompts as long as those of the rung."""
    answer = amounts.answer if reading.learns else amounts.longest_answer
    prompt = reading.row - reading.shared - answer
    asked = Work().and_reads(MOVED * amounts.heldout, prompt, answer)
    return dataclasses.replace(asked, row=reading.row, shared=reading.shared)


def seconds_of(work: Work, pace: Speed, sizes: ModelSizes) -> float:
    """Time of one cell, its start included."""
    longer = slower_by(sizes, work.row)
    return (
        pace.starts_s
        + ENDING_S
        + longer * (work.reads / pace.reads + work.learns / pace.learns)
        + work.writes / pace.writes
        + work.writes_alone / pace.writes_alone
    )


def slower_by(sizes: ModelSizes, row: float) -> float:
    """How much longer a token of a long row takes than one of the rows speed was measured on.

    2 operations a weight, and 4 a row's token and hidden value for attention.
    """

    def operations(length: float) -> float:
        attention = 4 * sizes.layers * sizes.heads * sizes.head_dim * length
        return 2 * sizes.linear + attention

    return operations(max(row, ROW)) / operations(ROW)
