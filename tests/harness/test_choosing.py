import dataclasses

import pytest

from harness.choosing import choose, clearly_ahead, taken, together
from harness.metrics import metric
from harness.scoring import Scored, mean_score, row_scores
from harness.types import Answer, Example
from tests.harness.rung_bench import SPEC, bench

DEV = tuple(Example(f"d{i}", f"q{i}", ("right",)) for i in range(4))


def scored(right: int, n: int = 20) -> Scored:
    """So many right answers, the first ones."""
    return Scored(right / n, tuple(float(i < right) for i in range(n)))


def chosen(right: dict[int, int], known=None):
    return choose(
        "passages", list(right), lambda k: scored(right[k]), lambda message, figures: None, known
    )


@pytest.mark.parametrize(
    ("right", "best"),
    [
        ({2: 5, 1: 10, 3: 8}, 1),
        ({2: 10, 1: 10, 3: 10}, 2),
        ({2: 10, 1: 11, 3: 5}, 2),
        ({2: 10, 1: 12, 3: 5}, 1),
        ({2: 10}, 2),
    ],
    ids=["the best", "the first of equals", "one answer is chance", "two are more", "only one"],
)
def test_the_first_is_taken_unless_another_leads_by_more_than_chance(right, best):
    assert chosen(right).value == best


def test_a_lead_that_rows_do_not_agree_on_is_chance():
    first = (1.0, 0.0) * 10
    other = (0.0, 1.0) * 9 + (1.0, 1.0)  # one right answer more, nineteen changed
    assert taken([first, other]) == 0
    assert taken([first, (1.0, 1.0, *first[2:]), (1.0,) * 20]) == 2


def test_questions_without_a_score_are_left_out_of_a_choice():
    assert taken([(None, 0.0, 0.0, 0.0), (1.0, 1.0, 1.0, None)]) == 1
    assert taken([(None, None), (1.0, 1.0)]) == 0
    assert taken([(0.0,), (1.0,)]) == 0, "one question tells nothing"


def test_a_lead_of_exactly_the_standard_errors_asked_for_is_no_lead():
    assert not clearly_ahead([1.0, *[0.0] * 47], 1.0)
    assert clearly_ahead([1.0, 1.0, *[0.0] * 46], 1.0)


def test_what_was_scored_before_is_not_answered_again():
    assert chosen({2: 5, 1: 10}, {2: scored(5)}).effort["dev_answers"] == 20
    assert chosen({2: 5, 1: 10}).effort["dev_answers"] == 40


def test_what_was_tried_and_what_it_cost_is_on_record():
    assert chosen({2: 10, 1: 5}).effort == {
        "tried": [{"passages": 2, "dev_score": 0.5}, {"passages": 1, "dev_score": 0.25}],
        "dev_answers": 40,
    }


def test_a_single_value_is_taken_without_a_trial():
    def never(value):
        raise AssertionError("there is nothing to choose")

    choice = choose("passages", [3], never, lambda message, figures: None)
    assert choice == (3, {"tried": [], "dev_answers": 0}, None)


def test_two_choices_one_after_the_other_cost_what_both_cost():
    first, second = chosen({2: 10, 1: 5}), chosen({0: 10, 4: 15})
    assert (first.scored.score, second.scored.score) == (0.5, 0.75)
    both = together((first, second))
    assert len(both["tried"]) == 4 and both["dev_answers"] == 80


def test_a_setting_under_which_questions_fail_does_not_win_on_the_rest(tmp_path):
    tools = bench(tmp_path, tmp_path, "rag-s0")
    spared = [Answer("d0", "right")]
    all_answered = [Answer(f"d{i}", "right" if i < 3 else "wrong") for i in range(4)]
    assert tools.dev_score(DEV, spared) == 0.25
    assert tools.dev_score(DEV, all_answered) == 0.75
    assert tools.dev_score(DEV, []) is None


def test_what_rows_contribute_to_a_mean_is_their_score_and_to_a_whole_what_goes_without_them():
    spec = dataclasses.replace(SPEC, kind="label", labels=("right", "wrong"), abstention="")
    given = [Answer(f"d{i}", "right" if i < 2 else "wrong") for i in range(3)]  # d3 failed
    exact, macro = metric("accuracy_score"), metric("macro_f1_score")
    assert row_scores(exact, DEV, given, spec) == (1.0, 1.0, 0.0, 0.0)
    rows = row_scores(macro, DEV, given, spec)
    whole, without = (mean_score(macro, DEV, some, spec) for some in (given, given[1:]))
    assert rows[0] == pytest.approx(3 * whole - 2 * without) and rows[3] == 0.0
    assert taken([rows, row_scores(macro, DEV, [Answer(e.id, "right") for e in DEV], spec)]) == 1
