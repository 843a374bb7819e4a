import pytest

from harness.metric import Metric, references_of
from harness.metrics import metric
from harness.scoring import default_metric, headline, item_scores, mean_score
from harness.types import Answer, Example, Score, TaskSpec

LABEL = TaskSpec("t", "label", "i", labels=("a", "b"))
EXAMPLES = [Example("e1", "q", ("a",)), Example("e2", "q", ("a",)), Example("e3", "q", ("b",))]
ACCURACY = metric("accuracy_score")


def test_the_headline_is_the_one_named_or_the_default_of_the_kind():
    assert headline(LABEL).name == "accuracy_score"
    assert headline(TaskSpec("t", "answer", "i", metric="fact_score")).name == "fact_score"
    assert [default_metric(kind) for kind in ("label", "json", "answer", "text")] == [
        "accuracy_score",
        "field_f1_score",
        "token_f1_score",
        "rouge_l_score",
    ]


def test_scores_come_one_an_example_in_order_whatever_the_order_of_answers():
    answers = {"e3": Answer("e3", "b"), "e1": Answer("e1", "b"), "e2": Answer("e2", "a")}
    scores = item_scores(ACCURACY, EXAMPLES, answers, LABEL)
    assert [score.value for score in scores] == [0, 1, 1]


def test_the_mean_is_over_the_answered_items_only():
    answers = [Answer("e1", "a"), Answer("e3", "a")]
    assert mean_score(ACCURACY, EXAMPLES, answers, LABEL) == 0.5
    assert mean_score(metric("macro_f1_score"), EXAMPLES, answers, LABEL) == pytest.approx(
        (2 / 3 + 0) / 2
    )


def test_an_answer_to_another_question_counts_for_nothing():
    assert mean_score(ACCURACY, EXAMPLES, [Answer("e9", "a")], LABEL) is None


@pytest.mark.parametrize("name", ["accuracy_score", "macro_f1_score"])
def test_without_answers_there_is_no_mean(name):
    assert mean_score(metric(name), EXAMPLES, [], LABEL) is None


def test_a_metric_of_the_whole_set_has_no_item_scores():
    with pytest.raises(ValueError, match="macro_f1_score is computed over all items together"):
        item_scores(metric("macro_f1_score"), EXAMPLES, {}, LABEL)


def test_undefined_scores_are_left_out_of_the_mean_and_not_counted_as_0():
    def only_a(example, answer, spec):
        return Score(1.0) if example.references == ("a",) else Score(None, "not an a")

    some = Metric("only_a_score", "a", frozenset({"label"}), only_a)
    answers = [Answer(example.id, "x") for example in EXAMPLES]
    assert mean_score(some, EXAMPLES, answers, LABEL) == 1.0


def test_where_nothing_answers_the_abstention_is_the_reference():
    spec = TaskSpec("t", "answer", "i", abstention="I do not know.")
    assert references_of(Example("e", "q", ()), spec) == ("I do not know.",)
    assert references_of(Example("e", "q", ("x",)), spec) == ("x",)
    assert references_of(Example("e", "q", ()), LABEL) == ()


def test_a_name_that_ends_in_error_is_better_low():
    assert not Metric(
        "length_error", "off", frozenset({"text"}), lambda *_: Score(0.0)
    ).higher_is_better
