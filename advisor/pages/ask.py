"""Ask: one question at the left, what the answers make of the ladder at the right."""

from collections.abc import Mapping

import streamlit as st

from advisor import charts, workflow
from advisor.facts import known_from
from advisor.numbers import in_sentence
from advisor.page_parts.frame import chart_theme, first_line, project_or_stop, show_chart
from advisor.page_parts.looking import look_over
from advisor.page_parts.ranking import ranking, signed
from advisor.page_parts.text import bullets, heading, html, plain, say, show_error
from advisor.project import Project
from advisor.question_types import Question
from advisor.questionnaire import AnswerSheet, cases, visible
from advisor.recommend import recommend
from advisor.recommendation import Recommendation
from harness.errors import RungwiseError

# Session key: the question that is shown.
AT = "ask_at"


def keep(
    project: Project, answers: Mapping[str, str], from_data: Mapping[str, str] | None = None
) -> None:
    """Answers go to disk at once."""
    try:
        workflow.save_answers(project, answers, from_data=from_data)
    except RungwiseError as error:
        show_error(error)


def answered(project: Project, question: Question, widget: str) -> None:
    """An option was chosen."""
    sheet = workflow.answers_of(project) or AnswerSheet({})
    keep(project, {**sheet.answers, question.key: st.session_state[widget]})


def move(question: Question) -> None:
    """Show another question."""
    st.session_state[AT] = question.key


def shown(questions: tuple[Question, ...], answers: Mapping[str, str]) -> int:
    """Place of the question to show: the chosen one, else the first open one."""
    keys = [question.key for question in questions]
    if st.session_state.get(AT) in keys:
        return keys.index(st.session_state[AT])
    return next((i for i, key in enumerate(keys) if key not in answers), 0)


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
    if question.key in sheet.from_data:
        say(f"Filled in from your data: {sheet.from_data[question.key]}.", "rw-p rw-small rw-quiet")
    moved_part(question, advice)
    with st.container(horizontal=True, vertical_alignment="center"):
        back, ahead = questions[max(0, place - 1)], questions[min(place + 1, len(questions) - 1)]
        st.button("Back", on_click=move, args=(back,), disabled=place == 0, key="ask_back")
        last = place == len(questions) - 1
        st.button("Next question", on_click=move, args=(ahead,), disabled=last, key="ask_next")
        with st.popover("All questions"):
            jump(questions, place, sheet.answers)
    with st.expander("Why this is asked"):
        say(question.why)
        say(f"If you do not know: {question.find_out}", "rw-p rw-quiet")


def jump(questions: tuple[Question, ...], place: int, answers: Mapping[str, str]) -> None:
    """A list of all questions to go to."""
    for number, question in enumerate(questions):
        done = question.key in answers
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
    """A worked case to start from, and what the data answers by itself."""
    with st.container(horizontal=True):
        with st.popover("Start from a worked case"):
            titles = {case.key: case for case in cases()}
            chosen = st.selectbox(
                "Which is most like yours?",
                list(titles),
                format_func=lambda key: titles[key].title,
                key="ask_case",
            )
            say(titles[chosen].story)
            if sheet.answers:
                say(f"Your {len(sheet.answers)} answers will be replaced.", "rw-p rw-quiet")
            st.button(
                "Take its answers",
                on_click=take_case,
                args=(project, titles[chosen].answers),
                type="primary",
                key="take_case",
            )
        if st.button(
            "Fill in from my data", key="ask_from_data", help="What the files answer by themselves"
        ):
            fill_in(project, sheet)


def take_case(project: Project, answers: Mapping[str, str]) -> None:
    """Start again from a worked case."""
    st.session_state.pop(AT, None)
    keep(project, answers)


def fill_in(project: Project, sheet: AnswerSheet) -> None:
    """Answer what the data says by itself; an answer given by hand stays."""
    known = [
        one
        for one in known_from(*look_over(project))
        if one.question not in sheet.answers or one.question in sheet.from_data
    ]
    if not known:
        say("The data answers nothing that is still open.", "rw-p rw-quiet")
        return
    answers = {**sheet.answers, **{one.question: one.option for one in known}}
    keep(project, answers, from_data={one.question: one.because for one in known})
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
    picture, words = st.columns([1, 1.1], gap="medium")
    with picture:
        show_chart(charts.axes(advice, chart_theme(), 180))
    with words:
        bullets("To do first", [one.do for one in advice.requirements])
        bullets("To find out", [one.text for one in advice.to_find_out[:3]])


def advice_part(question: Question, answers: Mapping[str, str], advice: Recommendation) -> None:
    """The ladder, and what would change it."""
    others = {key: option for key, option in answers.items() if key != question.key}
    if answers:
        heading("What your answers say", f"Confidence {in_sentence(advice.confidence.text)}")
    else:
        heading("Where the ladder starts", "The cheapest rung first. Every answer moves it.")
    ranking(advice, recommend(others))
    with st.expander("What would change the advice"):
        bullets("", [flip.text for flip in advice.would_change_if[:6]])


def state_words(done: int, total: int, advice: Recommendation) -> str:
    """What the first line says."""
    aim = next(one.title for one in advice.ranking if one.rung == advice.aim)
    if not done:
        return "Answer what you know; every answer moves the ladder at the right."
    words = f"{done} of {total} questions answered. They point to: {aim}."
    return words if done < total else f"All {total} questions answered. They point to: {aim}."


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
    state_words(done, len(questions), advice),
    ("Look over the data", "data"),
)
left, right = st.columns([1.25, 1], gap="large")
place = shown(questions, sheet.answers)
with left:
    question_part(project, questions, place, sheet, advice)
    shortcuts(project, sheet)
    case_part(advice)
with right:
    advice_part(questions[place], sheet.answers, advice)
