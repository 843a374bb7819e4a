"""The tables that the terminal shows."""

import pytest

from advisor.recommend import recommend
from advisor.summary import differences_table, fair_text, ladder_table, recommendation_text
from harness.experiment import Check
from tests.advisor.experiments import arm, experiment


def test_failed_answers_of_several_seeds_stand_beside_how_many_answers_there_were():
    arms = {
        "prompt": arm("prompt", 0.5, failures={"prompt_too_long": 1}),
        "finetune": arm("finetune", 0.5, seeds=3, failures={"prompt_too_long": 3}),
    }
    table = ladder_table(experiment(arms))
    assert table.split()[0] == "rung" and "Fine-tuning (finetune)" in table
    first, second = (line for line in table.splitlines() if "Prompt" in line or "finetune" in line)
    assert " 1 " in first and " of " not in first
    assert "3 of 300 answers" in second


def test_a_pair_with_nothing_to_compare_has_no_interval():
    table = differences_table(experiment({"prompt": 0.5, "rag": None}))
    (line,) = (line for line in table.splitlines() if "Retrieval against prompt" in line)
    assert line.split("not known")[1].split("too close to call")[0].strip() == "no interval"


def test_what_does_not_hold_is_followed_by_a_sentence_on_it():
    found = experiment({"prompt": 0.5}, fairness=(Check("It was quiet", False, "it was loud"),))
    assert fair_text(found).endswith("does not hold: It was quiet. It was loud")


def test_a_rung_that_cannot_be_used_now_is_told_with_what_that_would_take():
    said = recommendation_text(recommend({"documents_size": "unwritten", "knowledge": "private"}))
    assert (
        "  - rag: only what is written can be found. It would take: writing the knowledge down, "
        "even as questions with answers.\n"
    ) in said


@pytest.mark.parametrize(
    ("answers", "needs"),
    [
        ({"main_failure": "facts", "knowledge": "private"}, "knowledge high, behaviour low"),
        ({"knowledge": "private"}, "knowledge high, behaviour not known"),
        ({"main_failure": "form", "voice": "high"}, "knowledge low, behaviour high"),
        ({"held_out_set": "enough"}, "knowledge not known, behaviour not known"),
    ],
)
def test_where_the_answers_put_the_case_is_said_as_the_picture_shows_it(answers, needs):
    advice = recommend(answers)
    said = recommendation_text(advice)
    assert f"\n\nWhat the case needs: {needs}.\n" in said
    assert said.index(advice.ranking[-1].title) < said.index("What the case needs")
