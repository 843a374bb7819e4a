"""The best prompt of a search: wordings of the instruction and worked examples, tried on dev."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from harness.answering import Asked, answer_all, answers_only
from harness.decoding import choose_decoding, decoding_of, with_decoding
from harness.demonstrations import FIXED, Chosen, Pool
from harness.effort import Effort
from harness.errors import JobError
from harness.instructions import Wording, instructed, plain
from harness.prompt_search import Search, Shown, in_words
from harness.prompts import render
from harness.proposing import propose
from harness.rung import RungType
from harness.scoring import Scored
from harness.types import Answer, Failure, Json, Preparation, Query, TrainView
from harness.work import Amounts, Work, asking
from harness.workbench import Workbench
from tuning.constrain import Constraint


class SearchedPromptRung:
    """See `harness.rung.Rung`."""

    def __init__(self, view: TrainView, bench: Workbench) -> None:
        self.view, self.bench = view, bench
        self.wording = plain(view.spec)
        self.shown = Shown()
        self.constraint: Constraint | None = None

    @cached_property
    def pool(self) -> Pool:
        """The training examples."""
        return Pool(self.view.spec, self.view.train, self.bench.embedder.embed)

    def prepare(self, settings: Mapping[str, Json] | None) -> Preparation:
        """Whether answers are held to allowed ones, then the wording, then the examples."""
        if settings is not None:
            self._restore(settings)
            return Preparation(settings)
        dev, effort = self.bench.dev(self.view.dev), self.bench.effort
        queries = [Query(example.id, example.question) for example in dev]

        def score() -> Scored:
            return self.bench.dev_scored(dev, answers_only(self.answer(queries, 0)))

        def held(constraint: Constraint | None) -> Scored:
            self.constraint = constraint
            return score()

        def asked(wording: Wording, shown: Shown) -> Scored:
            self.wording, self.shown = wording, shown
            return score()

        # first of all: what is never an allowed answer tells wordings apart by nothing
        decoding = choose_decoding(self.bench, held, len(dev))
        self.constraint = decoding.constraint
        if not dev:
            return Preparation({**self._settings(), **decoding.settings})
        proposed, told = self._proposed(effort.prompts)
        search = Search(
            self.view.spec, self.view.train, effort.prompts, asked, self.bench.say, proposed
        )
        self.wording, self.shown = search.run(effort.demonstrations, decoding.scored)
        answered = len(search.tried) - (decoding.scored is not None)
        spent = {"prompts_tried": search.tried, "dev_answers": answered * len(dev), **told}
        return Preparation(
            {**self._settings(), **decoding.settings}, with_decoding(spent, decoding)
        )

    def _proposed(self, prompts: int) -> tuple[list[Wording], dict[str, Json]]:
        """Somebody else's instructions, and what became of asking; nothing where nobody is named.

        A proposer that fails does not stop the search: it is on record, and dev decides as ever.
        """
        endpoint = self.bench.given.prompt.proposer
        if not endpoint:
            return [], {}
        self.bench.say(f"Asking {endpoint} for instructions", {})
        try:
            found = propose(endpoint, self.view.spec, self.view.train, prompts // 4)
        except JobError as error:
            self.bench.say(error.problems[0].message, {})
            return [], {"proposer": {"endpoint": endpoint, "failed": error.problems[0].message}}
        names = [f"proposed instruction {at}" for at in range(1, len(found) + 1)]
        wordings = [
            instructed(self.view.spec, text, name) for text, name in zip(found, names, strict=True)
        ]
        listed: list[Json] = [*found]
        return wordings, {"proposer": {"endpoint": endpoint, "instructions": listed}}

    def _settings(self) -> dict[str, Json]:
        wording, shown = self.wording, self.shown
        settings: dict[str, Json] = {
            "prompt": in_words(wording, shown),
            "wording": wording.name,
            "system": wording.system,
            "before": wording.before,
            "after": wording.after,
            "count": shown.count,
            "way": shown.chosen.way,
        }
        if shown.chosen.way == FIXED:
            settings["draw"] = shown.chosen.draw
            (fixed,) = self.pool.choose([""], shown.count, *shown.chosen)
            settings["shown"] = [[one.question, one.answer] for one in fixed]
        return settings

    def _restore(self, settings: Mapping[str, Json]) -> None:
        texts = (str(settings[name]) for name in ("wording", "system", "before", "after"))
        self.wording = Wording(*texts)
        draw = int(str(settings.get("draw", 0)))
        self.shown = Shown(int(str(settings["count"])), Chosen(str(settings["way"]), draw))
        self.constraint = decoding_of(self.bench, settings)

    def answer(self, queries: Sequence[Query], timed: int) -> Iterator[Answer | Failure]:
        """The prompt that was found, before each question."""
        texts = [query.text for query in queries]
        examples, each = self.pool.found(
            texts, self.shown.count, self.shown.chosen, self.bench.embedding_s
        )
        asked = [
            Asked(query, self.wording.of(render(self.view.spec, query.text, (), shown)), (), each)
            for query, shown in zip(queries, examples, strict=True)
        ]
        return answer_all(self.bench, asked, timed=timed, constraint=self.constraint)


def _work(amounts: Amounts, effort: Effort) -> Work:
    """Half of the trials show worked examples; whether answers are held is tried both ways."""
    most = max(effort.demonstrations)
    shown = amounts.question + most * (amounts.question + amounts.answer)
    trials = effort.prompts + amounts.closed
    work = asking(amounts, shown, effort.prompts // 2)
    written = amounts.answer if amounts.closed else amounts.longest_answer
    bare = (trials - effort.prompts // 2) * amounts.dev
    return work.and_reads(bare, amounts.question, written)


RUNG = RungType(
    name="searched_prompt",
    title="Searched prompt",
    what="The base model with the best of several prompts: other wordings of the instruction and "
    "other worked examples, tried on dev.",
    needs=frozenset({"embeddings"}),
    seeded=False,
    build=SearchedPromptRung,
    work=_work,
)
