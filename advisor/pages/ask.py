"""Ask: one question at the left, what the answers make of the ladder at the right."""

from collections.abc import Mapping
from functools import partial

import streamlit as st

from advisor import charts, workflow
from advisor.answers import add_known, answer, may_fill, take_case
from advisor.facts import Known, known_from
from advisor.numbers import in_sentence, signed
from advisor.page_parts.case_cards import case_cards, mark_part
from advisor.page_parts.frame import chart_theme, first_line, project_or_stop, show_chart
from advisor.page_parts.looking import look_over
from advisor.page_parts.ranking import ranking, reasons
from advisor.page_parts.text import bullets, heading, html, plain, say, show_error
from advisor.project import Project
from advisor.question_types import Case, Question
from advisor.questionnaire import AnswerSheet, visible
from advisor.recommend import recommend
from advisor.recommendation import Recommendation
from harness.device import find_card
from harness.errors import RungwiseError

# Session key: the question that is shown.
AT = "ask_at"


def keep(project: Project, sheet: AnswerSheet) -> None:
    """Answers go to disk at once."""
    try:
        workflow.keep_answers(project, sheet)
    except RungwiseError as error:
        show_error(error)


def answered(project: Project, question: Question, widget: str) -> None:
    """An option was chosen, or the one that a case had filled in confirmed.

    The page stays at the question: what the answer moved is shown there, and "Next question" would
    otherwise pass over the one that follows.
    """
    st.session_state[AT] = question.key
    sheet = workflow.answers_of(project) or AnswerSheet({})
    keep(project, answer(sheet, question.key, st.session_state[widget]))


def generator_of(project: Project) -> str:
    """The model that reads and answers, as the project names it."""
    return project.settings().generator


def move(question: Question) -> None:
    """Show another question."""
    st.session_state[AT] = question.key


def shown(questions: tuple[Question, ...], sheet: AnswerSheet) -> int:
    """Place of the question to show: the chosen one, else the first that the user is to answer."""
    keys = [question.key for question in questions]
    if st.session_state.get(AT) in keys:
        return keys.index(st.session_state[AT])
    left = [i for i, key in enumerate(keys) if key not in sheet.answers]
    marked = [i for i, key in enumerate(keys) if key in sheet.from_case]
    return next(iter([*left, *marked]), 0)


def question_part(
    project: Project,
    questions: tuple[Question, ...],
    place: int,
    sheet: AnswerSheet,
    advice: Recommendation,
) -> None:
    """The question, its options, and the way to its neighbours."""
    question = questions[place]
    st.progress(len(answers_to(questions, sheet.answers)) / len(questions))
    html(
        '<p class="rw-quiet rw-small rw-p">Question {number} of {total}</p>'
        '<h2 class="rw-where" style="font-size:1.25rem">{text}</h2>'
        '<p class="rw-p rw-quiet">For example: {example}</p>',
        number=place + 1,
        total=len(questions),
        text=question.text,
        example=question.example,
    )
    widget = f"answer|{project.root}|{question.key}"
    # The file decides what is chosen, so the page shows the same after a reload.
    st.session_state[widget] = sheet.answers.get(question.key)
    options = {option.key: option.text for option in question.options}
    st.radio(
        question.text,
        list(options),
        format_func=lambda key: plain(options[key], 300),
        key=widget,
        on_change=answered,
        args=(project, question, widget),
        label_visibility="collapsed",
    )
    mark_part(question, sheet, partial(answered, project, question, widget))
    moved_part(question, advice)
    with st.container(horizontal=True, vertical_alignment="center"):
        back, ahead = questions[max(0, place - 1)], questions[min(place + 1, len(questions) - 1)]
        st.button("Back", on_click=move, args=(back,), disabled=place == 0, key="ask_back")
        last = place == len(questions) - 1
        st.button("Next question", on_click=move, args=(ahead,), disabled=last, key="ask_next")
        with st.popover("All questions"):
            jump(questions, place, sheet)
    with st.expander("Why this is asked"):
        say(question.why)
        say(f"If you do not know: {question.find_out}", "rw-p rw-quiet")


def jump(questions: tuple[Question, ...], place: int, sheet: AnswerSheet) -> None:
    """A list of all questions to go to; what only a case has answered is not ticked off."""
    for number, question in enumerate(questions):
        done = question.key in sheet.answers and question.key not in sheet.from_case
        st.button(
            plain(f"{number + 1}. {question.text}", 90),
            on_click=move,
            args=(question,),
            key=f"jump_{question.key}",
            type="tertiary",
            icon=":material/check:" if done else ":material/radio_button_unchecked:",
            disabled=number == place,
        )


def answers_to(questions: tuple[Question, ...], answers: Mapping[str, str]) -> list[str]:
    """The questions that are asked and answered."""
    return [question.key for question in questions if question.key in answers]


def shortcuts(project: Project, sheet: AnswerSheet) -> None:
    """What the data answers by itself."""
    if st.button(
        "Fill in from my data", key="ask_from_data", help="What the files answer by themselves"
    ):
        fill_in(project, sheet)


def take(project: Project, sheet: AnswerSheet, case: Case) -> None:
    """Start from a worked case; what the user and the data have answered stays."""
    st.session_state.pop(AT, None)
    keep(project, take_case(sheet, case, known_of(project)))
    st.rerun()


def known_of(project: Project) -> tuple[Known, ...]:
    """What data, model and machine answer by themselves."""
    return known_from(*look_over(project), generator_of(project), find_card())


def fill_in(project: Project, sheet: AnswerSheet) -> None:
    """Answer what the data says by itself; an answer given by hand stays."""
    known = known_of(project)
    if not any(may_fill(sheet, one.question) for one in known):
        say("The data answers nothing that is still open.", "rw-p rw-quiet")
        return
    keep(project, add_known(sheet, known))
    st.rerun()


def moved_part(question: Question, advice: Recommendation) -> None:
    """What the answer at hand did to the ladder."""
    moved = [reason for reason in advice.reasons if reason.question == question.key]
    if moved:
        titles = {one.rung: one.title for one in advice.ranking}
        gained = ", ".join(f"{titles[one.rung]} {signed(one.effect)}" for one in moved)
        html(
            '<p class="rw-p rw-small"><b>This answer moved</b> {gained}: because {why}.</p>',
            gained=gained,
            why=moved[0].because,
        )


def case_part(advice: Recommendation) -> None:
    """The case as a point between the needs."""
    heading("What the case needs")
    with st.container(key="case_needs"):
        picture, words = st.columns([1, 1.1], gap="medium")
    with picture:
        show_chart(charts.axes(advice, chart_theme(), 180))
    with words:
        bullets("These answers do not fit together", [one.text for one in advice.contradictions])
        bullets("To do first", [one.do for one in advice.requirements])
        bullets("To find out", [one.text for one in advice.to_find_out[:3]])
    if advice.next_experiment is not None:
        heading("The cheapest test that would tell most", advice.next_experiment.source)
        say(f"{advice.next_experiment.text} Because {advice.next_experiment.because}.")


def advice_part(
    place: int,
    questions: tuple[Question, ...],
    answers: Mapping[str, str],
    advice: Recommendation,
) -> None:
    """The ladder, and what would change it."""
    question = questions[place]
    others = {key: option for key, option in answers.items() if key != question.key}
    if answers:
        heading("What your answers say", f"Confidence {in_sentence(advice.confidence.text)}")
    else:
        heading("Where the ladder starts", "The cheapest rung first. Every answer moves it.")
    ranking(advice, recommend(others), questions)
    with st.expander("What would change the advice"):
        bullets("", [flip.text for flip in advice.would_change_if[:6]])
    with st.expander(f"All {len(advice.reasons)} reasons with their sources"):
        reasons(advice, questions)


def state_words(done: int, total: int, advice: Recommendation, marked: int) -> str:
    """What the first line says."""
    aim = next(one.title for one in advice.ranking if one.rung == advice.aim)
    if not done:
        return "Answer what you know; every answer moves the ladder at the right."
    words = f"{done} of {total}" if done < total else f"All {total}"
    case = f", {marked} of them from the case and to be confirmed" if marked else ""
    return f"{words} questions answered{case}. They point to: {aim}."


project = project_or_stop("Ask")
try:
    sheet = workflow.answers_of(project) or AnswerSheet({})
except RungwiseError as error:
    first_line("Ask", project.name, "The answers cannot be read.", ("Look over the data", "data"))
    show_error(error)
    st.stop()
questions = visible(sheet.answers)
advice = recommend(sheet.answers)
done = len(answers_to(questions, sheet.answers))
first_line(
    "Ask",
    project.name,
    state_words(done, len(questions), advice, len(sheet.from_case)),
    ("Look over the data", "data"),
)
case_cards(sheet, partial(take, project, sheet))
left, right = st.columns([1.25, 1], gap="large")
place = shown(questions, sheet)
with left:
    question_part(project, questions, place, sheet, advice)
    shortcuts(project, sheet)
    case_part(advice)
with right:
    advice_part(place, questions, sheet.answers, advice)
