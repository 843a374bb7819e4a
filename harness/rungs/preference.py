"""Preference pairs on top of fine-tuning: of two answers, the better one is made the likelier.

Direct preference optimisation (Rafailov et al. 2023, arXiv 2305.18290). It changes which answers
are likely, and by that tone and tact; it brings in no facts.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from harness.adapting import (
    TRAINED,
    adapter_folder,
    free_score,
    train_adapter,
    trained_before,
    tuned_decoding,
)
from harness.aligning import PairLessons, align, encoded
from harness.answering import Asked, answer_all
from harness.decoding import decoding_of, with_decoding
from harness.prompts import render
from harness.rung import RungType
from harness.store import Run
from harness.trials import Lesson, plain_lesson
from harness.types import (
    Answer,
    Failure,
    Json,
    PairQuery,
    PairReading,
    Preference,
    Preparation,
    Query,
    TrainView,
)
from harness.work import aligning_on
from harness.workbench import Workbench
from tuning.constrain import Constraint
from tuning.pairs import log_likelihoods

BEFORE = "finetune"
"""The rung whose adapter it begins with."""


class PreferenceRung:
    """See `harness.rung.Rung`."""

    def __init__(self, view: TrainView, bench: Workbench) -> None:
        self.view, self.bench = view, bench
        self.constraint: Constraint | None = None
        self.start = Path()
        """Folder of the adapter it began with."""

    def prepare(self, settings: Mapping[str, Json] | None) -> Preparation:
        """Fine-tune unless that is done, then align; or load what an earlier process made."""
        bench, spec = self.bench, self.view.spec
        dev = [plain_lesson(spec, example) for example in bench.dev(self.view.dev)]
        prepared = trained_before(bench)
        if prepared is None:
            tuned, least = self._tuned(dev)
            lessons = PairLessons(self.view.preferences, self.view.dev_preferences, dev, least)
            prepared = align(bench, self.start, lessons, tuned)
        self.start = adapter_folder(bench.folder, str(prepared.settings["started_from"]))
        if settings is not None:
            self.constraint = decoding_of(bench, settings)
            return Preparation(settings)
        decoding = tuned_decoding(bench, dev)
        self.constraint = decoding.constraint
        return Preparation(
            {**prepared.settings, **decoding.settings}, with_decoding(prepared.effort, decoding)
        )

    def answer(self, queries: Sequence[Query], timed: int) -> Iterator[Answer | Failure]:
        """The same prompt as the prompt rung's, read by the aligned model."""
        asked = [Asked(query, render(self.view.spec, query.text)) for query in queries]
        return answer_all(self.bench, asked, timed=timed, constraint=self.constraint)

    def read_pairs(self, pairs: Sequence[PairQuery]) -> list[PairReading]:
        """By the base, by the fine-tuned model and by this one."""
        model = self.bench.local().model
        own = adapter_folder(self.bench.folder, self.bench.cell)
        states = {"base": None, "finetune": self.start, "preference": own}
        rows = encoded(self.bench, [Preference(p.id, p.question, p.first, p.second) for p in pairs])
        found = []
        for state, folder in states.items():
            model.load_adapter(folder)
            read = log_likelihoods(model, list(rows.values()))
            found += [
                PairReading(pair, state, first, second)
                for pair, (first, second) in zip(rows, read, strict=True)
            ]
        return found

    def _tuned(self, dev: Sequence[Lesson]) -> tuple[Preparation, float | None]:
        """The fine-tuning it begins with, and its score on dev.

        The finished rung's of the same seed, whose time is noted as this rung's too; or its own.
        """
        bench, cell = self.bench, f"{BEFORE}-s{self.bench.seed}"
        run = Run(bench.folder)
        done = run.finished(cell)
        shared = done and (adapter_folder(bench.folder, cell) / TRAINED).is_file()
        part = bench.under(cell if shared else f"{bench.cell}.sft")
        self.start = adapter_folder(bench.folder, part.cell)
        rows = [plain_lesson(self.view.spec, example) for example in self.view.train]
        tuned = train_adapter(part, rows, dev)
        least = free_score(tuned)
        if shared:
            earlier = run.cell(cell).preparation
            spent = {"started_s": earlier.seconds, "started_joules": earlier.joules}
            tuned = Preparation(tuned.settings, spent)
        return tuned, least


RUNG = RungType(
    name="preference",
    title="Preference alignment",
    what="The fine-tuned model, trained further to prefer the better of two answers (DPO).",
    needs=frozenset({"weights", "preferences"}),
    seeded=True,
    build=PreferenceRung,
    work=aligning_on,
    made_of=(BEFORE,),
)
