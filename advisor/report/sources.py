"""What a report is made from: the files of a finished run, nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

import msgspec

from advisor.audit import AuditReport
from advisor.choice import choose
from advisor.forecast import foretold
from advisor.kept_audit import audit_kept
from advisor.measured import best_scored
from advisor.prices import Prices
from advisor.project import prices_of, section_of
from advisor.project_sections import PrivacySection
from advisor.recommendation import Recommendation
from advisor.reopening import UNDECIDED, Standing, standing
from advisor.verdict import Verdict
from harness.cell import cell_name
from harness.disk import decode
from harness.errors import Problem, UserError
from harness.estimate import CheckNeed
from harness.experiment import ArmResult, Experiment
from harness.exporting import Record, exports_of
from harness.judge.measure import Judged, judged_of
from harness.learning.result import CurveResult, result_of
from harness.probe_measuring import results
from harness.probe_result import AnyResult
from harness.store import Plan, Run
from harness.types import Answer, Example, Failure

Scores = Mapping[str, Mapping[str, Mapping[str, float | None]]]
"""Cell to metric to item to score; None = undefined."""


@dataclass(frozen=True, slots=True)
class Sources:
    """A finished run, read."""

    run: Run
    plan: Plan
    experiment: Experiment
    verdict: Verdict
    prior: Recommendation | None
    heldout: tuple[Example, ...]
    scores: Scores
    note: str
    prices: Prices = field(default_factory=Prices)
    """The project's as they are now, which may be newer than the run."""
    foretold: CheckNeed | None = None
    """What the check was expected to take."""
    decided: Standing = UNDECIDED
    """What was decided, and what has come to pass since."""
    exports: tuple[Record, ...] = ()
    """What was exported from the run, the oldest first."""
    probes: tuple[AnyResult, ...] = ()
    """What finished probes found."""
    curve: CurveResult | None = None
    """Would more data help; None where that was not asked."""
    judged: Judged | None = None
    """What people and a judge said of answers; None where nobody looked."""
    audit: AuditReport | None = None
    """What was odd about the data when the check began; None in older runs."""
    privacy: PrivacySection = PrivacySection()  # noqa: RUF009 - a frozen value
    """The project's statement as it is now."""

    @property
    def standing(self) -> str:
        """The chosen rung: the recommended one, or the one that came nearest."""
        if self.verdict.recommended == "none" and self.experiment.scored:  # as the run has it
            return best_scored(self.experiment)  # which need not be where the climb ended
        return choose(self.experiment).rung

    @property
    def arm(self) -> ArmResult:
        """Its result."""
        return self.experiment.rungs[self.standing]

    def answers(self, rung: str) -> dict[str, Answer | Failure]:
        """A rung's answers at its first seed, by question."""
        cell = self.run.cell(cell_name(rung, self.experiment.rungs[rung].seeds[0]))
        results: tuple[Answer | Failure, ...] = (*cell.answers, *cell.failures)
        return {result.query_id: result for result in results}

    def item_scores(self, rung: str) -> dict[str, float | None]:
        """Headline score of each item, mean over the seeds that have one."""
        arm, metric = self.experiment.rungs[rung], self.experiment.task.metric
        tables = [self.scores[cell_name(rung, seed)].get(metric, {}) for seed in arm.seeds]
        means: dict[str, float | None] = {}
        for example in self.heldout:
            values = [table.get(example.id) for table in tables]
            known = [value for value in values if value is not None]
            means[example.id] = sum(known) / len(known) if known else None
        return means


def read_sources(run: Run, experiment: Experiment, prior: Recommendation | None) -> Sources:
    """Read the rest of a finished run.

    Raises:
        UserError: a file is missing or damaged.
    """
    file = run.folder / "scores.json"
    if not file.is_file():
        raise UserError(
            Problem(
                "missing",
                f"run the check again with --run {run.name}; what is finished is not done again",
                str(file),
            )
        )
    return Sources(
        run=run,
        plan=run.plan(),
        experiment=experiment,
        verdict=msgspec.convert(experiment.verdict, Verdict),
        prior=prior,
        heldout=run.heldout(),
        scores=decode(file.read_bytes(), dict[str, dict[str, dict[str, float | None]]], file),
        note=project_note(run),
        prices=prices_of(run.project),
        foretold=foretold(run),
        decided=standing(run),
        exports=exports_of(run),
        probes=results(run),
        curve=result_of(run),
        judged=judged_of(run),
        audit=audit_kept(run),
        privacy=_stated(run),
    )


def project_note(run: Run) -> str:
    """The remark in the project's rungwise.toml; empty where the run lies apart from a project.

    Raises:
        UserError: the file is not TOML.
    """
    return str(section_of(run.project, "project").get("note", ""))


def _stated(run: Run) -> PrivacySection:
    """What the project says of personal data."""
    said = section_of(run.project, "privacy")
    names = [one.name for one in fields(PrivacySection)]
    return PrivacySection(**{name: str(said.get(name, "")) for name in names})
