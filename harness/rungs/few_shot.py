"""Worked examples before the question: for each question, its nearest ones from train."""

import time
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from harness.answering import Asked, answer_all, answers_only
from harness.choosing import choose
from harness.decoding import choose_decoding, decoding_of, with_decoding
from harness.effort import Effort
from harness.prompts import Demonstration, render, target
from harness.rung import RungType
from harness.types import Answer, Failure, Json, Preparation, Query, TrainView
from harness.work import Amounts, Work, asking
from harness.workbench import Workbench
from tuning.constrain import Constraint


class FewShotRung:
    """See `harness.rung.Rung`. The closest example stands last, next to the question."""

    def __init__(self, view: TrainView, bench: Workbench) -> None:
        self.view, self.bench = view, bench
        self.count = 0
        self.constraint: Constraint | None = None

    def prepare(self, settings: Mapping[str, Json] | None) -> Preparation:
        """Choose on dev how many examples to show."""
        if settings is not None:
            self.count = int(str(settings["demonstrations"]))
            self.constraint = decoding_of(self.bench, settings)
            return Preparation(settings)
        dev = self.bench.dev(self.view.dev)
        queries = [Query(example.id, example.question) for example in dev]

        def score(count: int, constraint: Constraint | None = None) -> float | None:
            self.count, self.constraint = count, constraint
            return self.bench.dev_score(dev, answers_only(self.answer(queries, 0)))

        counts = [n for n in self.bench.effort.demonstrations if n <= len(self.view.train)]
        choice = choose("demonstrations", counts, score, len(dev), self.bench.say)
        decoding = choose_decoding(
            self.bench, partial(score, choice.value), len(dev), choice.dev_score
        )
        self.count, self.constraint = choice.value, decoding.constraint
        settings = {"demonstrations": choice.value, **decoding.settings}
        return Preparation(settings, with_decoding(choice.effort, decoding))

    def answer(self, queries: Sequence[Query], timed: int) -> Iterator[Answer | Failure]:
        """Demonstrations as earlier turns of the conversation, then the question."""
        started = time.perf_counter()
        demonstrations = self._nearest([query.text for query in queries])
        each = self.bench.embedding_s + (time.perf_counter() - started) / max(1, len(queries))
        asked = [
            Asked(query, render(self.view.spec, query.text, (), shown), (), each)
            for query, shown in zip(queries, demonstrations, strict=True)
        ]
        return answer_all(self.bench, asked, timed=timed, constraint=self.constraint)

    def _nearest(self, questions: Sequence[str]) -> list[list[Demonstration]]:
        """For each question its nearest training examples, the closest last."""
        if not questions or not self.count:
            return [[] for _ in questions]
        embed = self.bench.embedder.embed
        pool = embed([example.question for example in self.view.train])  # (n, d)
        closeness = embed(questions) @ pool.T  # (questions, n)
        order = closeness.argsort(axis=1, kind="stable")[:, -self.count :]
        spec = self.view.spec
        shown = [Demonstration(e.question, target(spec, e)) for e in self.view.train]
        return [[shown[at] for at in row] for row in order]


def _work(amounts: Amounts, effort: Effort) -> Work:
    most = max(effort.demonstrations)
    trials = len(effort.demonstrations) if len(effort.demonstrations) > 1 else 0
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
