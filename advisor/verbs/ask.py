"""rungwise ask: the questionnaire in the terminal, or from a file."""

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from advisor import workflow
from advisor.audit import audit
from advisor.facts import known_from
from advisor.project import ANSWERS, Project, read_project
from advisor.question_types import Question
from advisor.questionnaire import questions, read_answers, visible
from advisor.ready import load_what_can_be
from advisor.recommendation import Recommendation
from advisor.summary import recommendation_text
from advisor.terminal import ask, note, out, out_json
from advisor.terminal_progress import Steps
from advisor.verb import Verb
from harness.errors import Problem, UserError


def configure(parser: ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("dir", type=Path, help="the project folder")
    parser.add_argument("--answers", type=Path, metavar="FILE", help="take the answers from it")
    parser.add_argument("--json", action="store_true", help="print the recommendation as JSON")


def run(given: Namespace) -> int:
    """Ask what is not answered yet, then say what the answers advise."""
    project = read_project(given.dir)  # the questions need no data and come before it
    if given.answers:
        recommendation = workflow.save_answers(project, read_answers(given.answers).answers)
    else:
        recommendation = _interview(project)
    if given.json:
        out_json(recommendation)
    else:
        out(recommendation_text(recommendation))
        note(f"\nThe answers are in {given.dir / ANSWERS}; edit it to change one.")
    return 0


def _interview(project: Project) -> Recommendation:
    """Put the open questions one by one; each answer is on disk before the next question.

    Raises:
        UserError: there is nobody to answer and nothing has been answered yet.
    """
    sheet = workflow.answers_of(project)
    answers = dict(sheet.answers) if sheet else {}
    if _open_questions(answers):
        _fill_in(project, answers)
        note("An empty line stops; what you answered is kept, and the same command goes on.")
    while left := _open_questions(answers):
        said = _put(left[0], answers)
        if said is None:
            break
        answers[left[0].key] = said
        workflow.save_answers(project, answers)
    recommendation = workflow.prior(project)
    if recommendation is None:
        fix = "answer on the terminal, or give a file with --answers FILE"
        raise UserError(Problem("no question was answered", fix, "rungwise ask"))
    return recommendation


def _open_questions(answers: Mapping[str, str]) -> list[Question]:
    return [question for question in visible(answers) if question.key not in answers]


def _fill_in(project: Project, answers: dict[str, str]) -> None:
    """Answer what the data answers by itself, and say so."""
    with closing(Steps()) as steps:
        loaded, problems = load_what_can_be(project, steps.reading)
        if loaded is None or problems:
            return
        report = audit(loaded, project.spec(), on_finder=steps.looking)
    asked = {question.key: question for question in questions()}
    known = [one for one in known_from(loaded, report) if one.question not in answers]
    for one in known:
        answers[one.question] = one.option
        question = asked[one.question]
        answer = question.option(one.option).text
        note(f"Filled in from your data: {question.text} {answer} ({one.because})")
    if known:
        workflow.save_answers(
            project, answers, from_data={one.question: one.because for one in known}
        )


def _put(question: Question, answers: Mapping[str, str]) -> str | None:
    """One question; None to stop."""
    asked = [one.key for one in visible(answers)]
    number = f"{asked.index(question.key) + 1}/{len(asked)}"
    note(f"\n{number}  {question.text}\n      for example: {question.example}")
    for place, option in enumerate(question.options, 1):
        note(f"  {place}  {option.text}")
    keys = [option.key for option in question.options]
    while True:
        said = ask("> ")
        if not said:
            return None
        if said.isdecimal() and 1 <= int(said) <= len(keys):
            return keys[int(said) - 1]
        if said in keys:
            return said
        note(f"Type a number from 1 to {len(keys)}, or an empty line to stop.")


VERB = Verb(
    name="ask",
    example="rungwise ask support-desk --answers answers.toml",
    configure=configure,
    run=run,
)
