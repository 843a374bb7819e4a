"""The main flow, in order; the terminal and the pages go through it.

1. a project: `advisor.new_project`, `advisor.sample_projects`, opened by `advisor.project`
2. its data: `load`, looked over by `advisor.auditing`
3. the questionnaire, the prior: `keep_answers`, `prior`
4. the check, the evidence: `start_run`, `check`, in a process of its own `start_in_background`
5. the result and the verdict: `finished`, anew where prices changed (`advisor.renewing`);
   weighed and decided on by `advisor.deciding`
6. the report: `write_report`

What is done to a finished run besides has modules of its own: `advisor.probing`,
`advisor.learning`, `advisor.exporting`, `advisor.judging`.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from advisor import background
from advisor.audit import AuditReport
from advisor.auditing import audit_of
from advisor.forecast import foretell, unpack_model
from advisor.kept_audit import keep_audit
from advisor.prior import keep_prior
from advisor.prior import prior_of as prior_of
from advisor.progress import ask_to_stop, progress
from advisor.project import ANSWERS, Project, answers_in
from advisor.questionnaire import AnswerSheet, write_answers
from advisor.ready import is_run_name, require_ready
from advisor.recommend import recommend
from advisor.recommendation import Recommendation
from advisor.renewing import experiment_of as experiment_of
from advisor.renewing import judge
from advisor.report import Audience, build, report_format
from advisor.result_file import EXPERIMENT
from advisor.result_file import verdict_of as verdict_of
from harness.disk import writing
from harness.errors import Problem, UserError
from harness.experiment import Experiment
from harness.runner import make_plan, run_check
from harness.settings import CheckSettings
from harness.store import Event, Run, runs_in
from harness.task import Loaded, load_task
from harness.watch import STARTING, announce

# 2. its data


def load(project: Project, on_document: Callable[[int, int], None] | None = None) -> Loaded:
    """Import and split the project's data; problems are in the result."""
    return load_task(project.spec(), project.sources(), on_document)


# 3. the questionnaire: the prior


def answers_of(project: Project) -> AnswerSheet | None:
    """The filled-in questionnaire; None when there is none yet."""
    return answers_in(project.root)


def keep_answers(project: Project, sheet: AnswerSheet) -> Recommendation:
    """Keep a sheet of answers, whatever was there, and say what they advise."""
    write_answers(project.root / ANSWERS, dataclasses.replace(sheet, at=datetime.now(UTC)))
    return recommend(sheet.answers)


def save_answers(
    project: Project,
    answers: Mapping[str, str],
    by: str = "",
    from_data: Mapping[str, str] | None = None,
) -> Recommendation:
    """Keep answers of the user's own and say what they advise.

    Args:
        project: whose answers.
        answers: question to option, all of them; they confirm what a worked case had filled in.
        by: who answered; empty keeps the name that is there.
        from_data: what in the data gave which answer. Earlier such remarks stay with the answers
            that have not changed.
    """
    earlier = answers_of(project) or AnswerSheet({})
    kept = {
        question: words
        for question, words in earlier.from_data.items()
        if answers.get(question) == earlier.answers.get(question)
    }
    remarks = {**kept, **(from_data or {})}
    return keep_answers(project, AnswerSheet(dict(answers), remarks, by or earlier.by))


def prior(project: Project) -> Recommendation | None:
    """What the project's answers advise; None without answers."""
    sheet = answers_of(project)
    return recommend(sheet.answers) if sheet and sheet.answers else None


# 4. the check: the evidence


def start_run(
    project: Project,
    run_name: str = "",
    *,
    settings: CheckSettings | None = None,
    audited: AuditReport | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> Run:
    """Plan a new run, or find the one to go on with.

    Args:
        project: its data is imported and checked.
        run_name: an existing run is resumed with the settings it was started with; a new name
            names the new run; empty makes one from date and time.
        settings: default is what rungwise.toml says.
        audited: its audit, where it is at hand; None looks the data over now.
        say: told about work that takes seconds.

    Raises:
        UserError: everything that stands against a check, at once.
    """
    name = run_name or datetime.now(UTC).astimezone().strftime("%Y%m%d-%H%M%S")
    run = Run(project.root / "runs" / name)
    going_on = is_run_name(name) and (run.folder / "run.json").is_file()
    if not going_on:
        say("Reading and splitting the data …")
    chosen = None if going_on else settings or project.settings()
    loaded = require_ready(project, name, chosen)
    if loaded is not None and loaded.task is not None and chosen is not None:
        task = loaded.task
        unpack_model(chosen.generator, say)
        plan = make_plan(project.root, name, task, chosen, say)
        run.create(plan, task)
        keep_prior(run, prior(project))
        if audited is None:
            say("Looking for what is odd about the data …")
        keep_audit(run, audited or audit_of(project, loaded))
        foretell(project, run, task, chosen, say)
    elif not (run.folder / EXPERIMENT).is_file():
        keep_prior(run, prior(project))  # of a run that a version began which fixed none
    return run


def run_the_rest(run: Run) -> None:
    """Let a climb that stopped at its target go on to the rungs it left out."""
    run.change_plan(dataclasses.replace(run.plan(), climb=False))


def check(
    project: Project, run: Run, on_event: Callable[[Event], None] = lambda event: None
) -> Experiment:
    """Run what is still open, reconcile with the prior, write experiment.json last."""
    return judge(project, run, run_check(run, on_event))


def start_in_background(project: Project, run: Run) -> None:
    """Start the check as a process of its own that outlives the app; its state is on disk."""
    announce(run, STARTING)
    arguments = ["check", str(project.root), "--run", run.name]
    background.start(arguments, run.folder / "check.log")


def cancel(run: Run) -> bool:
    """Ask a check to stop, also one that is starting; False when nothing runs."""
    return ask_to_stop(run)


def use_what_it_has(run: Run) -> bool:
    """Ask the training under way to end with the best it has so far. False when none is."""
    cell = progress(run).working
    if cell is None or not cell.training:
        return False
    run.enough_file.touch()
    return True


# 5. what was found


def finished(run: Run) -> Experiment:
    """The finished experiment.

    Raises:
        UserError: the run is not finished.
    """
    experiment = experiment_of(run)
    if experiment is None:
        raise UserError(
            Problem(
                "the run is not finished",
                f"go on with: rungwise check {run.project} --run {run.name}",
                run.name,
            )
        )
    return experiment


def find_run(where: str, project: Path | None = None) -> Run:
    """A run by folder, or by id in a project or in the working directory.

    Raises:
        UserError: no such run; the fix names the newest ones.
    """
    candidates = [Path(where)]
    for base in (project, Path.cwd()):
        if base is not None:
            candidates += [base / "runs" / where, base / where]
    for folder in candidates:
        if (folder / "run.json").is_file():
            return Run(folder.resolve())
    known = [run.name for base in (project, Path.cwd()) if base for run in runs_in(base)]
    # what was typed may name the project well and the run badly
    given = Path(where)
    bases = (given, given.parent, *([given.parent.parent] if given.parent.name == "runs" else []))
    typed = [base / "runs" / run.name for base in bases if base != Path() for run in runs_in(base)]
    known += [str(folder) for folder in typed if folder.name not in known]
    raise UserError(
        Problem(
            f"there is no run {where!r}",
            f"give the run's folder; known here: {', '.join(known[:5]) or 'none'}",
        )
    )


# 6. the report


def write_report(
    run: Run,
    names: Sequence[str] = ("html",),
    audience: Audience = "technical",
    out: Path | None = None,
) -> list[Path]:
    """Write a finished run's report from its stored files; nothing is measured again.

    Args:
        run: its check has ended.
        names: of formats.
        audience: for whom.
        out: folder for the files; by default ``report`` in the run's folder.

    Raises:
        UserError: the run is not finished, or a format or audience is unknown.
        JobError: a file cannot be written.
    """
    chosen = [report_format(name) for name in names]
    experiment = finished(run)
    report = build(run, experiment, prior_of(run), audience)
    folder = out or run.folder / "report"
    paths = []
    for one in chosen:
        path = folder / f"report-{audience}{one.suffix}"
        with writing(path):
            path.write_bytes(one.render(report))
        paths.append(path)
    return paths
