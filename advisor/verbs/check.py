"""rungwise check: run the rungs on the project's data."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from advisor import terminal, workflow
from advisor.decision_words import standing_sentence
from advisor.project import read_project
from advisor.reopening import reopened
from advisor.summary import summary
from advisor.taken_words import taken_line
from advisor.target_words import no_target_text
from advisor.verb import Verb
from advisor.verbs_shared import SETTINGS, add_check_options, check_settings, follow, foretell
from harness.assemble import rung_of
from harness.errors import Problem, UserError
from harness.rungs import rungs
from harness.store import Run


def configure(parser: ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("dir", type=Path, help="the project folder")
    add_check_options(parser)
    parser.add_argument(
        "--run", default="", metavar="ID", help="name of the run; one that is there goes on"
    )
    parser.add_argument("--json", action="store_true", help="print experiment.json")


def run(given: Namespace) -> int:
    """Check, showing progress; exit 1 when a rung failed."""
    project = read_project(given.dir)  # what is wrong with it is said with what else is wrong
    run_file = project.root / "runs" / given.run / "run.json"
    going_on = bool(given.run) and run_file.is_file()
    if going_on and any(getattr(given, name) is not None for name in SETTINGS):
        _refuse_changes(Run(run_file.parent), given)
        terminal.note(f"{given.run} goes on with the settings it was started with.")
    started = workflow.start_run(
        project, given.run, settings=check_settings(project, given), say=terminal.note
    )
    if going_on and given.climb is False:
        workflow.run_the_rest(started)
    if not going_on:  # of an old one much may be done
        foretell(started)
        if started.plan().target is None:
            terminal.note(no_target_text(project))
    experiment = follow(project, started)
    if given.json:
        terminal.out_json(experiment)
    else:
        terminal.out(summary(experiment))
        for earlier, stands in reopened(project.root):
            told = standing_sentence(stands.versions[-1].rung, stands.fired)
            terminal.out(f"\nOn {earlier.name}: {told}")
        if line := taken_line(experiment):
            terminal.out(f"\n{line}")
        terminal.out(f"\nrun: {started.folder}")
        terminal.out(f"next: rungwise report {started.folder}")
    return 1 if experiment.failed else 0


def _refuse_changes(run: Run, given: Namespace) -> None:
    """What a run was started with stays: options are only as good as what they change.

    Raises:
        UserError: every option that says otherwise. That a climb goes on to the top is none.
    """
    plan = run.plan()
    planned = {rung_of(cell) for cell in plan.cells} & set(rungs()) | set(plan.skipped)
    asked = {"rungs": _names(given.rungs), "model": _same_place(given.model, plan.generator)}
    has = {
        "rungs": ",".join(name for name in rungs() if name in planned),
        "seeds": plan.seeds,
        "effort": plan.effort,
        "model": plan.generator,
        "target": plan.target,
        "climb": plan.climb,
    }
    problems = []
    for name, value in has.items():
        wanted = asked.get(name, getattr(given, name))
        if wanted is not None and wanted != value and not (name == "climb" and value):
            said = f"was started with {value}, not {wanted}"
            if value is None:
                said = f"was started without a {name}"
            elif name == "climb":  # a run that did climb forgets it once it goes on to the top
                said = "goes on to every rung by now (--no-climb)"
            fix = f"leave --{name} out to go on with that, or start another run: --run NAME"
            problems.append(Problem(f"{run.name} {said}", fix, f"--{name}"))
    if problems:
        raise UserError(*problems)


def _names(given: str | None) -> str | None:
    """Names of rungs, each once, in the order of the ladder; unknown ones last."""
    if given is None:
        return None
    names = {name.strip() for name in given.split(",")} - {""}
    return ",".join([*(name for name in rungs() if name in names), *sorted(names - set(rungs()))])


def _same_place(given: str | None, planned: str) -> str | None:
    """A model as the run names it, where both lead to one folder."""
    same = (
        given is not None
        and Path(given).is_dir()
        and Path(given).resolve() == (Path(planned).resolve())
    )
    return planned if same else given


VERB = Verb(
    name="check",
    example="rungwise check support-desk --effort quick",
    configure=configure,
    run=run,
)
