"""Worked examples before the question: for each question its nearest ones from train, or others."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from typing import NamedTuple

from harness.answering import Asked, answer_all, answers_only
from harness.choosing import Choice, choose, taken
from harness.decoding import choose_decoding, decided, decoding_of, with_decoding
from harness.demonstrations import FIXED, NEAREST, Chosen, Pool, candidates
from harness.effort import Effort
from harness.given import WANTED
from harness.prompts import render
from harness.rung import RungType
from harness.scoring import Scored
from harness.types import Answer, Failure, Json, Preparation, Query, TrainView
from harness.work import Amounts, Work, asking
from harness.workbench import Workbench
from tuning.constrain import Constraint


class FewShotRung:
    """See `harness.rung.Rung`. How many examples and which ones is chosen on dev."""

    def __init__(self, view: TrainView, bench: Workbench) -> None:
        self.view, self.bench = view, bench
        self.count = 0
        self.chosen = Chosen(NEAREST)
        self.constraint: Constraint | None = None

    @cached_property
    def pool(self) -> Pool:
        """The training examples."""
        return Pool(self.view.spec, self.view.train, self.bench.embedder.embed)

    def prepare(self, settings: Mapping[str, Json] | None) -> Preparation:
        """Choose on dev how many examples to show, then which."""
        if settings is not None:
            self.count = int(str(settings["demonstrations"]))
            way, draw = settings.get("examples", NEAREST), settings.get("draw", 0)
            self.chosen = Chosen(str(way), int(str(draw)))
            self.constraint = decoding_of(self.bench, settings)
            return Preparation(settings)
        dev = self.bench.dev(self.view.dev)
        queries = [Query(example.id, example.question) for example in dev]

        usual = decided(self.bench)

        def score(count: int, chosen: Chosen, constraint: Constraint | None = usual) -> Scored:
            self.count, self.chosen, self.constraint = count, chosen, constraint
            return self.bench.dev_scored(dev, answers_only(self.answer(queries, 0)))

        most, wanted = len(self.view.train), self.bench.effort.demonstrations
        counts = [n for n in wanted if n <= most] or [most]
        by_count = partial(score, chosen=Chosen(NEAREST))
        choice = choose("demonstrations", counts, by_count, self.bench.say)
        which = self._which(choice, score)
        settled = partial(score, choice.value, which.chosen)
        decoding = choose_decoding(self.bench, settled, len(dev), which.scored)
        self.count, self.chosen = choice.value, which.chosen
        self.constraint = decoding.constraint
        settings = {"demonstrations": choice.value, **which.settings, **decoding.settings}
        cost = int(str(choice.effort["dev_answers"])) + len(dev) * len(which.tried)
        effort = {**choice.effort, "dev_answers": cost}
        if self.bench.given.prompt.examples > most:
            effort[WANTED] = {"demonstrations": self.bench.given.prompt.examples}
        if which.tried:
            effort |= {"examples_tried": which.tried, "against_none": which.against_none}
        return Preparation(settings, with_decoding(effort, decoding))

    def _which(self, choice: Choice[int], score: Callable[[int, Chosen], Scored]) -> "_Which":
        """The nearest examples, unless others are better on dev; and what none at all do."""
        effort = self.bench.effort
        others = candidates(self.view.spec, effort.fixed_examples, effort.example_orders)
        if not others:
            return _Which(Chosen(NEAREST), choice.scored, {}, [], {})
        tried: list[Json] = []
        usual = choice.scored
        if usual is None:  # one number only, so that it was not tried
            usual = score(choice.value, Chosen(NEAREST))
            tried.append({"examples": NEAREST, "dev_score": usual.score})
        found = [usual]
        for one in others:
            self.bench.say(f"Trying examples: {one.way}", {})
            found.append(score(choice.value, one))
            tried.append({"examples": one.way, "draw": one.draw, "dev_score": found[-1].score})
        at = taken([one.rows for one in found])
        best = (Chosen(NEAREST), *others)[at]
        self.bench.say("Trying no examples", {})
        none = score(0, Chosen(NEAREST))
        tried.append({"examples": "none", "dev_score": none.score})
        settings: dict[str, Json] = {"examples": best.way}
        if best.way == FIXED:
            settings["draw"] = best.draw
        return _Which(best, found[at], settings, tried, _against(found[at], none))

    def answer(self, queries: Sequence[Query], timed: int) -> Iterator[Answer | Failure]:
        """Demonstrations as earlier turns of the conversation, then the question."""
        texts = [query.text for query in queries]
        demonstrations, each = self.pool.found(
            texts, self.count, self.chosen, self.bench.embedding_s
        )
        asked = [
            Asked(query, render(self.view.spec, query.text, (), shown), (), each)
            for query, shown in zip(queries, demonstrations, strict=True)
        ]
        return answer_all(self.bench, asked, timed=timed, constraint=self.constraint)


class _Which(NamedTuple):
    """The examples taken, and what was tried."""

    chosen: Chosen
    scored: Scored | None
    settings: dict[str, Json]
    tried: list[Json]
    against_none: dict[str, Json]
    """Whether these examples help, and both dev scores; empty where none at all was not tried."""


def _against(shown: Scored, none: Scored) -> dict[str, Json]:
    """Examples against none at all on dev: one must lead by more than chance explains."""
    word = "unclear"
    if taken([none.rows, shown.rows]):
        word = "yes"
    elif taken([shown.rows, none.rows]):
        word = "no"
    return {"help": word, "shown": shown.score, "none": none.score}


def _work(amounts: Amounts, effort: Effort) -> Work:
    most = max(effort.demonstrations)
    trials = len(effort.demonstrations) if len(effort.demonstrations) > 1 else 0
    if effort.fixed_examples:  # another way and none at all besides
        orders = effort.example_orders * (2 if amounts.closed else 1)
        trials += effort.fixed_examples + orders + 2
    trials += (1 if trials else 2) if amounts.closed else 0
    prompt = amounts.question + most * (amounts.question + amounts.answer)
    return asking(amounts, prompt, trials)


RUNG = RungType(
    name="few_shot",
    title="Prompt with examples",
    what="The base model, with the nearest worked examples shown before each question.",
    needs=frozenset({"embeddings"}),
    seeded=False,
    build=FewShotRung,
    work=_work,
)
