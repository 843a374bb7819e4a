import pytest

from harness import floors
from harness.floors import FLOORS, floors_for
from harness.types import Example, Query, TaskSpec, TrainView
from tests.conftest import label_rows

LABEL = TaskSpec("desk", "label", "Sort.", labels=("billing", "delivery", "login"))
ANSWER = TaskSpec("desk", "answer", "Answer.", abstention="Nobody knows.")


def view(rows: list[tuple[str, str]], spec: TaskSpec = LABEL) -> TrainView:
    train = tuple(
        Example(f"t{i}", question, (answer,) if answer else ())
        for i, (question, answer) in enumerate(rows)
    )
    return TrainView(spec, train, (), ())


def said(name: str, data: TrainView, questions: list[str]) -> list[str]:
    floor = FLOORS[name](data, None)
    floor.prepare(None)
    answers = list(floor.answer([Query(f"q{i}", text) for i, text in enumerate(questions)], 2))
    assert [answer.query_id for answer in answers] == [f"q{i}" for i in range(len(questions))]
    assert all(answer.latency_s is None and answer.contexts == () for answer in answers)
    return [answer.text for answer in answers]


def test_majority_says_the_commonest_answer_of_train_to_everything():
    rows = [("a", "login"), ("b", "billing"), ("c", "login")]
    assert said("majority", view(rows), ["b", "anything"]) == ["login", "login"]


def test_majority_counts_what_nothing_answers_as_the_abstention():
    rows = [("a", ""), ("b", ""), ("c", "two days")]
    assert said("majority", view(rows, ANSWER), ["c"]) == ["Nobody knows."]


def test_nearest_gives_the_answer_of_the_question_with_the_most_similar_words():
    rows = [("where is my parcel", "delivery"), ("forgot my password", "login"), ("?", "billing")]
    asked = ["WHERE is the parcel?", "my password does not work", "?!"]
    assert said("nearest", view(rows), asked) == ["delivery", "login", "billing"]


def test_nearest_compares_letters_where_a_script_has_no_spaces_and_foreign_words_among_them():
    rows = [
        ("请问退货的期限是多少天？", "returns"),
        ("如何用iPhone付款？", "paying"),
        ("包裹什么时候送到？", "delivery"),
        ("Can I pay with my card?", "card"),
    ]
    asked = ["我想知道退货期限。", "iPhone 可以吗。", "什么时候能送到我家。", "pay by card"]
    assert said("nearest", view(rows), asked) == ["returns", "paying", "delivery", "card"]


def test_nearest_weighs_words_as_ever_where_scripts_have_spaces(monkeypatch):
    rows = [(row["text"], str(at)) for at, row in enumerate(label_rows(60))]
    asked = [f"case {at} about money, {rows[at][0][:20]}?" for at in range(40)]
    now = said("nearest", view(rows), asked)
    monkeypatch.setattr("harness.floors._words_or_letters", floors._words)
    assert said("nearest", view(rows), asked) == now


def test_linear_learns_labels_from_words_that_no_single_row_has_together():
    rows = [(row["text"], row["label"]) for row in label_rows(90)]
    fresh = ["refund of the price please", "courier lost the box", "code for my account"]
    assert said("linear", view(rows), fresh) == ["billing", "delivery", "login"]


def test_linear_is_not_a_straw_man():
    rows = [(row["text"], row["label"]) for row in label_rows(90)]
    answers = said("linear", view(rows[:60]), [question for question, _ in rows[60:]])
    right = sum(a == label for a, (_, label) in zip(answers, rows[60:], strict=True))
    assert right >= 27


@pytest.mark.parametrize("name", FLOORS)
@pytest.mark.parametrize("rows", [[("?", "login"), ("!", "login")], [("7", "a"), ("+", "b")]])
def test_questions_without_words_and_a_single_label_stop_no_floor(name, rows):
    answers = said(name, view(rows), ["?", "a text that was never seen", ""])
    assert set(answers) <= {answer for _, answer in rows}


@pytest.mark.parametrize("name", FLOORS)
def test_a_floor_that_has_answered_everything_before_is_asked_nothing(name):
    assert said(name, view([("one", "login"), ("two", "billing")]), []) == []


@pytest.mark.parametrize("name", FLOORS)
def test_a_floor_gives_the_same_answers_again(name):
    rows = [(row["text"], row["label"]) for row in label_rows(30)]
    questions = [f"case {i} about money" for i in range(10)]
    assert said(name, view(rows), questions) == said(name, view(rows), questions)


def test_the_classifier_is_a_floor_of_label_tasks_only():
    assert floors_for("label") == tuple(FLOORS)
    assert "linear" not in floors_for("answer")
