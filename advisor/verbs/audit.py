"""rungwise audit: what is wrong with the data, and what to do."""

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from advisor import workflow
from advisor.at_odds import at_odds
from advisor.audit import AuditReport
from advisor.audit.finding import SEVERITY_WORDS
from advisor.auditing import audit_of
from advisor.facts import known_from
from advisor.project import CONFIG, Project, read_project
from advisor.questionnaire import AnswerSheet
from advisor.ready import load_what_can_be
from advisor.settings_file import change
from advisor.terminal import note, out, out_json
from advisor.terminal_progress import Steps
from advisor.verb import Verb
from harness.errors import Problem, UserError
from harness.task import Loaded


def configure(parser: ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("dir", type=Path, help="the project folder")
    parser.add_argument(
        "--mend",
        action="append",
        default=[],
        metavar="CODE",
        help="write into rungwise.toml what mends these findings, then look again",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(given: Namespace) -> int:
    """Print the findings; exit 1 if any stops a check."""
    project = read_project(given.dir)
    with closing(Steps()) as steps:
        loaded, problems = load_what_can_be(project, steps.reading)
        if project.problems or loaded is None:
            raise UserError(*problems)
        report = audit_of(project, loaded, steps.looking)
    if given.mend:
        _mend(project.root, report, given.mend)
        given.mend = []
        return run(given)
    told = at_odds(_answers(project), known_from(loaded, report))
    if given.json:
        out_json(report)
    else:
        _print(report, loaded, given.dir)
    for line in told:
        note(f"\n{line}")
    return 1 if any(finding.severity == "error" for finding in report.findings) else 0


def _mend(root: Path, report: AuditReport, codes: Sequence[str]) -> None:
    """Write the settings that mend findings of these codes.

    Raises:
        UserError: nothing of such a code can be mended by a setting.
    """
    offered = {found.code: found.mend for found in report.findings if found.mend}
    if unknown := [code for code in codes if code not in offered]:
        fix = f"choose from {', '.join(offered)}" if offered else "leave it away; see each fix"
        raise UserError(
            *(Problem(f"no setting mends {code!r} here", fix, "--mend") for code in unknown)
        )
    settings = [one for code in dict.fromkeys(codes) for one in offered[code].settings]
    change(root, {(section, key): value for section, key, value in settings})
    for section, key, value in settings:
        note(f'{CONFIG}: {key} = "{value}" under [{section}]')


def _answers(project: Project) -> AnswerSheet:
    """The questionnaire as it is filled in; a damaged one is told of where it is used."""
    try:
        return workflow.answers_of(project) or AnswerSheet({})
    except UserError:
        return AnswerSheet({})


def _print(report: AuditReport, loaded: Loaded, folder: Path) -> None:
    pairs = f", {report.preferences:,} preference pairs" if report.preferences else ""
    out(f"{report.examples:,} examples, {report.documents:,} documents{pairs}")
    for severity, words in SEVERITY_WORDS.items():
        for finding in report.findings:
            if finding.severity == severity:
                out(f"\n{words}: {finding.message}")
                if finding.rows:
                    more = finding.count - len(finding.rows[:5])
                    and_more = f" and {more:,} more" if more > 0 else ""
                    listed = ", ".join(finding.rows[:5])
                    out(f"  {_what(finding.rows, loaded)}: {listed}{and_more}")
                out(f"  fix: {finding.fix}")
                if finding.mend:
                    out(f"  or:  rungwise audit {folder} --mend {finding.code}")
    stops = sum(finding.severity == "error" for finding in report.findings)
    if stops:
        out(f"\nnothing can be checked before that is mended; then run: rungwise audit {folder}")
    else:
        out(f"\nnothing stands against a check; next: rungwise check {folder}")


def _what(rows: Sequence[str], loaded: Loaded) -> str:
    """What names the rows of a finding: an id must not be read as a row number of the file."""
    if set(rows) <= {document.source for document in loaded.documents}:
        return "documents"
    for items, column in (
        (loaded.examples, loaded.columns.id),
        (loaded.pairs, loaded.pair_columns.id),
    ):
        if set(rows) <= {item.id for item in items}:
            return f"ids (column {column!r})" if column else "ids (file and its row)"
    return "where"


VERB = Verb(
    name="audit",
    example="rungwise audit support-desk",
    configure=configure,
    run=run,
)
