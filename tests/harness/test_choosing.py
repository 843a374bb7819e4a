import pytest

from harness.choosing import choose
from harness.types import Answer, Example
from tests.harness.rung_bench import bench

DEV = tuple(Example(f"d{i}", f"q{i}", ("right",)) for i in range(4))


def chosen(scores: dict[int, float | None]):
    return choose("passages", list(scores), scores.get, 4, lambda message, figures: None)


@pytest.mark.parametrize(
    ("scores", "best"),
    [
        ({1: 0.2, 2: 0.5, 3: 0.4}, 2),
        ({3: 0.5, 1: 0.5, 2: 0.5}, 1),
        ({1: None, 2: 0.0}, 2),
        ({2: None, 1: None}, 1),
    ],
    ids=["the best", "the smaller of equals", "undefined is below zero", "nothing is known"],
)
def test_the_best_on_dev_is_taken(scores, best):
    assert chosen(scores).value == best


def test_what_was_tried_and_what_it_cost_is_on_record():
    assert chosen({2: 0.5, 1: 0.25}).effort == {
        "tried": [{"passages": 1, "dev_score": 0.25}, {"passages": 2, "dev_score": 0.5}],
        "dev_answers": 8,
    }


def test_a_single_value_is_taken_without_a_trial():
    def never(value):
        raise AssertionError("there is nothing to choose")

    choice = choose("passages", [3], never, 4, lambda message, figures: None)
    assert choice == (3, {"tried": [], "dev_answers": 0}, None)


def test_two_choices_one_after_the_other_cost_what_both_cost():
    first, second = chosen({2: 0.5, 1: 0.25}), chosen({0: 0.5, 4: 0.75})
    assert (first.dev_score, second.dev_score) == (0.5, 0.75)
    both = first.and_then(second)
    assert len(both["tried"]) == 4 and both["dev_answers"] == 16


def test_a_setting_under_which_questions_fail_does_not_win_on_the_rest(tmp_path):
    tools = bench(tmp_path, tmp_path, "rag-s0")
    spared = [Answer("d0", "right")]
    all_answered = [Answer(f"d{i}", "right" if i < 3 else "wrong") for i in range(4)]
    assert tools.dev_score(DEV, spared) == 0.25
    assert tools.dev_score(DEV, all_answered) == 0.75
    assert tools.dev_score(DEV, []) is None
