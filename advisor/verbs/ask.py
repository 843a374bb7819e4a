"""rungwise ask: the questionnaire in the terminal, or from a file."""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from pathlib import Path

from advisor import workflow
from advisor.project import open_project
from advisor.question_types import DONT_KNOW, Question
from advisor.questionnaire import read_answers, visible
from advisor.summary import recommendation_text
from advisor.terminal import note, out, out_json
from advisor.verb import Verb
from harness.errors import Problem, UserError


def configure(parser: ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("dir", type=Path, help="the project folder")
    parser.add_argument("--answers", type=Path, help="take the answers from this file")
    parser.add_argument("--json", action="store_true", help="print the recommendation as JSON")


def run(given: Namespace) -> int:
    """Ask what is not answered yet, then say what the answers advise."""
    project = open_project(given.dir)
    if given.answers:
        answers: Mapping[str, str] = read_answers(given.answers).answers
    else:
        sheet = workflow.answers_of(project)
        answers = _interview(dict(sheet.answers) if sheet else {})
    recommendation = workflow.save_answers(project, answers)
    if given.json:
        out_json(recommendation)
    else:
        out(recommendation_text(recommendation))
    return 0


def _interview(answers: dict[str, str]) -> dict[str, str]:
    """Put the open questions one by one; an empty line stops, what was said is kept."""
    if not sys.stdin.isatty():
        if answers:
            return answers
        raise UserError(
            Problem("no terminal to ask on", "give the answers with --answers FILE", "rungwise ask")
        )
    note("An empty line stops; what you answered is kept.")
    while True:
        open_questions = [q for q in visible(answers) if q.key not in answers]
        if not open_questions:
            return answers
        said = _put(open_questions[0], len(answers) + 1, len(visible(answers)))
        if said is None:
            return answers
        answers[open_questions[0].key] = said


def _put(question: Question, number: int, total: int) -> str | None:
    """One question; None to stop."""
    note(f"\n{number}/{total}  {question.text}\n      for example: {question.example}")
    keys = [*(option.key for option in question.options), DONT_KNOW]
    texts = [*(option.text for option in question.options), "I don't know"]
    for place, text in enumerate(texts, 1):
        note(f"  {place}  {text}")
    while True:
        try:
            said = input("> ").strip()
        except EOFError:
            return None
        if not said:
            return None
        if said.isdigit() and 1 <= int(said) <= len(keys):
            return keys[int(said) - 1]
        if said in keys:
            return said
        note(f"type a number from 1 to {len(keys)}")


VERB = Verb(
    name="ask",
    help="answer the questionnaire and see what the answers advise",
    example="rungwise ask support-desk --answers answers.toml",
    configure=configure,
    run=run,
)
