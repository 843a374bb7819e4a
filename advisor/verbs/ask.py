"""rungwise ask: the questionnaire in the terminal, from a worked case, or from a file."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import cache, partial
from pathlib import Path

from advisor import workflow
from advisor.answers import add_known, answer, case_named, may_fill, shown_name, take_case
from advisor.asking_target import ask_target
from advisor.at_odds import at_odds, measured
from advisor.auditing import audit_of
from advisor.facts import Known, known_from
from advisor.project import ANSWERS, Project, read_project
from advisor.question_types import Case, Question
from advisor.questionnaire import (
    AnswerSheet,
    cases,
    in_words,
    kept_beside,
    questions,
    read_answers,
    visible,
)
from advisor.ready import load_what_can_be
from advisor.recommendation import Recommendation
from advisor.summary import recommendation_text
from advisor.terminal import ask, note, on_terminal, out, out_json
from advisor.terminal_progress import Steps
from advisor.verb import Verb
from harness.device import find_card
from harness.errors import Problem, UserError

KEEP = "="
"""Typed to confirm what a worked case has filled in."""


def configure(parser: ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("dir", type=Path, nargs="?", help="the project folder")
    parser.add_argument("--answers", type=Path, metavar="FILE", help="take the answers from it")
    parser.add_argument("--case", metavar="NAME", help="start from a worked case; see --cases")
    parser.add_argument("--cases", action="store_true", help="list the worked cases and end")
    parser.add_argument("--json", action="store_true", help="print the recommendation as JSON")


def run(given: Namespace) -> int:
    """Ask what is not answered yet, then say what the answers advise."""
    if given.cases:
        _list_cases(as_json=given.json)
        return 0
    if given.dir is None:
        fix = "name it: rungwise ask DIR; or list the worked cases: rungwise ask --cases"
        raise UserError(Problem("no project folder is given", fix, "rungwise ask"))
    project = read_project(given.dir)  # the questions need no data and come before it
    if given.answers and given.case:
        fix = "give one of --answers and --case"
        raise UserError(Problem("answers are to come from two places", fix, "rungwise ask"))
    known = cache(partial(_known, project))  # read only where something asks for it, and once
    if given.answers:
        recommendation = _take_file(project, read_answers(given.answers))
    else:
        chosen = case_named(given.case) if given.case else None
        recommendation = _interview(project, chosen, known)
    if given.json:
        out_json(recommendation)
    else:
        out(recommendation_text(recommendation))
        note(f"\nThe answers are in {given.dir / ANSWERS}; edit it to change one.")
    sheet = workflow.answers_of(project) or AnswerSheet({})
    for line in at_odds(sheet, known()) if measured(sheet) else ():
        note(f"\n{line}")
    return 0


def _take_file(project: Project, sheet: AnswerSheet) -> Recommendation:
    """Answers of a file in place of those that are there, which are kept beside and told of."""
    earlier = workflow.answers_of(project) or AnswerSheet({})
    replaced = [key for key, option in earlier.answers.items() if sheet.answers.get(key) != option]
    if replaced:
        copy = kept_beside(project.root / ANSWERS)
        note(f"Earlier answers that are no more ({len(replaced)}); a copy is in {copy.name}:")
    for key in replaced:
        question, before = in_words(key, earlier.answers[key])
        now = in_words(key, sheet.answers[key])[1] if key in sheet.answers else "not answered"
        note(f"  {question} {before} → {now}")
    return workflow.save_answers(project, sheet.answers, sheet.by)


def _list_cases(*, as_json: bool) -> None:
    """Every worked case: its name, its story, and what it leaves open."""
    if as_json:
        out_json([{"name": shown_name(c), "title": c.title, "story": c.story} for c in cases()])
        return
    asked = {question.key: question for question in questions()}
    for case in cases():
        out(f"{shown_name(case)}\n  {case.title}. {case.story}")
        out(f"  Left open: {'; '.join(asked[key].text for key in case.open)}\n")


def _interview(
    project: Project, chosen: Case | None, known: Callable[[], Sequence[Known]]
) -> Recommendation:
    """Put the open questions one by one; each answer is on disk before the next question.

    Args:
        project: whose answers they are.
        chosen: the worked case to start from; None starts from none.
        known: reads what the data answers, which is asked for where a question is open.

    Raises:
        UserError: there is nobody to answer and nothing has been answered yet.
    """
    sheet = workflow.answers_of(project) or AnswerSheet({})
    if chosen is not None:
        before = set(sheet.answers) - set(sheet.from_case)
        sheet = take_case(sheet, chosen)
        kept = len(before & set(chosen.marks()))
        note(f"Filled in from the case “{chosen.title}”: {len(sheet.from_case)} answers.")
        if kept:
            note(f"Answered before and left as they are: {kept}.")
    if _to_put(sheet):
        sheet = _fill_in(project, sheet, known())
        note("An empty line stops; what you answered is kept, and the same command goes on.")
    if chosen is not None:
        workflow.keep_answers(project, sheet)
    while left := _to_put(sheet):
        said = _put(left[0], sheet)
        if said is None:
            break
        sheet = answer(sheet, left[0].key, said)
        workflow.keep_answers(project, sheet)
    recommendation = workflow.prior(project)
    if recommendation is not None and not left and on_terminal():
        ask_target(project)
    if recommendation is None:
        fix = "answer on the terminal, or give a file with --answers FILE"
        raise UserError(Problem("no question was answered", fix, "rungwise ask"))
    return recommendation


def _to_put(sheet: AnswerSheet) -> list[Question]:
    """What is open, then what only a worked case has answered."""
    asked = visible(sheet.answers)
    marked = [question for question in asked if question.key in sheet.from_case]
    return [question for question in asked if question.key not in sheet.answers] + marked


def _fill_in(project: Project, sheet: AnswerSheet, every: Sequence[Known]) -> AnswerSheet:
    """Answer what the data answers by itself, and say so."""
    known = [one for one in every if may_fill(sheet, one.question)]
    asked = {question.key: question for question in questions()}
    for one in known:
        question = asked[one.question]
        told = question.option(one.option).text
        if sheet.answers.get(one.question) != one.option or one.question in sheet.from_case:
            note(f"Filled in from your data: {question.text} {told} ({one.because})")
    filled = add_known(sheet, known)
    if known:
        workflow.keep_answers(project, filled)
    return filled


def _known(project: Project) -> Sequence[Known]:
    """What the data answers; nothing where it cannot be read."""
    with closing(Steps()) as steps:
        loaded, problems = load_what_can_be(project, steps.reading)
        if loaded is None or problems:
            return ()
        report = audit_of(project, loaded, steps.looking)
        return known_from(loaded, report, project.settings().generator, find_card())


def _put(question: Question, sheet: AnswerSheet) -> str | None:
    """One question; None to stop."""
    asked = [one.key for one in visible(sheet.answers)]
    number = f"{asked.index(question.key) + 1}/{len(asked)}"
    note(f"\n{number}  {question.text}\n      for example: {question.example}")
    for place, option in enumerate(question.options, 1):
        note(f"  {place}  {option.text}")
    keys = [option.key for option in question.options]
    marked = question.key in sheet.from_case
    if marked:
        kept = question.option(sheet.answers[question.key]).text
        note(f"From the case: {sheet.from_case[question.key]}: {kept}\nType {KEEP} to keep it.")
    while True:
        said = ask("> ")
        if not said:
            return None
        if marked and said == KEEP:
            return sheet.answers[question.key]
        if said.isdecimal() and 1 <= int(said) <= len(keys):
            return keys[int(said) - 1]
        if said in keys:
            return said
        note(f"Type a number from 1 to {len(keys)}, or an empty line to stop.")


VERB = Verb(
    name="ask",
    example="rungwise ask support-desk --case call-centre",
    configure=configure,
    run=run,
)
