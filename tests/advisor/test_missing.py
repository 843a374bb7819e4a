"""Where nothing is good enough: what is missing, by what was measured; and form before training."""

import dataclasses

import pytest

from advisor.diagnosis_words import about_form
from advisor.missing import _short_by, untried_form
from advisor.verdict import reconcile
from harness.diagnosis.findings import Diagnostics, RungDiagnosis
from harness.diagnosis.read_findings import Handed
from harness.diagnosis.share import Share
from harness.experiment import Estimate
from harness.types import Answer
from tests.advisor.experiments import METRIC, arm, reads_plainly, verdict
from tests.advisor.experiments import experiment as by_hand
from tests.advisor.label_cells import HELDOUT, answers, assembled, half, nearly_all

LATER = (
    "Whether more training rows would help is not known yet: run the learning curve to find out."
)


def free(example):
    """An answer that is no label."""
    return Answer(example.id, "Nobody knows.")


def all_changes(folder, cells, **plan):
    found = reconcile(assembled(folder, cells, **plan), None)
    assert found.recommended == "none"
    reads_plainly(found)
    return found.would_change_if


# What is missing


def test_a_missed_target_names_what_costs_the_nearest_rung_most(tmp_path):
    cells = {("prompt", 0): answers(half), ("few_shot", 0): answers(lambda i: i % 3 > 0)}
    said = all_changes(tmp_path, cells, target=0.95)
    assert said[0].startswith(
        "Mending the content of answers could: prompt with examples lost 33 points by it. The "
        "commonest mistake: "
    )
    assert not any(text.startswith("Whether more training rows") for text in said)


def test_a_cause_that_costs_less_than_what_is_missing_is_not_enough_alone(tmp_path):
    wrong = answers(lambda i: i % 20 >= 4)
    given = [free(e) if i % 20 >= 15 else wrong[i] for i, e in enumerate(HELDOUT)]
    said = all_changes(tmp_path, {("prompt", 0): given}, target=0.95)
    assert said[0].startswith(
        "Mending the form of answers would not be enough alone: prompt lost 25 points by it and "
        "40 are missing. 15 of 60 answers (25 %) were no label of the list."
    )


def test_where_a_target_is_set_what_is_missing_is_missing_to_it_and_not_to_a_floor(tmp_path):
    wrong = answers(lambda i: i % 20 >= 2)
    given = [free(e) if i % 20 >= 17 else wrong[i] for i, e in enumerate(HELDOUT)]
    cells = {("majority", 0): answers(half), ("prompt", 0): given}
    found = assembled(tmp_path, cells, target=0.8)
    nearest = found.rungs["prompt"].scores["accuracy_score"]
    assert nearest.mean < 0.8 < nearest.high
    assert _short_by(found, "prompt") == pytest.approx(0.05)
    assert _short_by(assembled(tmp_path / "2", cells), "prompt") < 0, "it beats the floor"


def test_a_floor_that_is_as_good_names_it_as_well(tmp_path):
    cells = {("majority", 0): answers(nearly_all), ("prompt", 0): answers(half)}
    said = all_changes(tmp_path, cells)
    assert said[0].startswith("Mending the content of answers could: prompt lost 50 points by it. ")
    given = [free(e) if i % 6 == 0 else answers(half)[i] for i, e in enumerate(HELDOUT)]
    cells = {("majority", 0): answers(lambda i: i != 0), ("prompt", 0): given}
    said = all_changes(tmp_path / "2", cells)
    assert "would not be enough alone: prompt lost 42 points by it and 57 are missing" in said[0]


def test_where_something_was_trained_the_learning_curve_says_whether_more_rows_would_help(tmp_path):
    cells = {("prompt", 0): answers(half), ("finetune", 0): answers(half)}
    experiment = assembled(tmp_path, cells, target=0.95)
    assert any(text.startswith(LATER) for text in reconcile(experiment, None).would_change_if)
    told = "More data of this kind would hardly help: twice the rows is foretold +1 point."
    known = reconcile(experiment, None, learned=told)
    assert told in known.would_change_if
    assert not any(text.startswith(LATER) for text in known.would_change_if)


def test_a_target_above_what_the_right_answers_score_is_told_as_out_of_reach():
    found = by_hand({"prompt": 0.5}, target=0.9)
    right = {METRIC: Estimate(0.7, 0.65, 0.75, 100, 0)}
    said = verdict(dataclasses.replace(found, right_answers=right))
    assert said.would_change_if[0] == (
        "Another score or another target would: the right answers themselves do not reach 90 % on "
        "accuracy."
    )
    reads_plainly(said)


@pytest.mark.parametrize(
    ("ceiling", "known", "said"), [(0.6, 95, True), (0.85, 95, False), (0.6, 40, False)]
)
def test_a_ceiling_below_the_target_says_that_a_better_search_alone_is_not_enough(
    ceiling, known, said
):
    """Unless of most questions no passage is known: there it holds what was found anyway."""
    found = by_hand({"prompt": 0.3, "rag": 0.5}, target=0.9)
    given = Handed(Share(ceiling, ceiling, ceiling, known), Share(), Share(), Share(), 0)
    told = Diagnostics(rungs={"rag": RungDiagnosis(handed=given)})
    found = dataclasses.replace(found, ceilings={"oracle": arm("rag", ceiling)}, diagnostics=told)
    told = verdict(found)
    expected = (
        "A better search alone would not: with the right passage in hand the same model scored "
        "60 % (52–68 %), so what reads has to be better."
    )
    assert (expected in told.would_change_if) is said
    reads_plainly(told)


def test_where_a_rung_is_good_enough_nothing_is_missing(tmp_path):
    cells = {("prompt", 0): answers(half), ("finetune", 0): answers(nearly_all)}
    found = reconcile(assembled(tmp_path, cells), None)
    assert not any("Mending" in text or "training rows" in text for text in found.would_change_if)


def test_where_nothing_could_be_scored_nothing_is_known_to_be_missing(tmp_path):
    found = reconcile(assembled(tmp_path, {("prompt", 0): None, ("finetune", 0): None}), None)
    assert found.would_change_if == ()


# Form before training


def test_training_that_only_mends_the_form_is_advised_behind_a_constrained_prompt(tmp_path):
    cells = {("prompt", 0): [free(e) for e in HELDOUT], ("finetune", 0): answers(nearly_all)}
    found = reconcile(assembled(tmp_path, cells), None)
    assert found.recommended == "finetune"
    assert found.headline == "Fine-tune. Try constrained output first."
    assert found.cautions[0] == (
        "Before any training try constrained prompt, which was not measured: most of what prompt "
        "lost, it lost by its form. 60 of 60 answers (100 %) were no label of the list. Decoding "
        "that can write nothing else would mend that without training."
    )
    reads_plainly(found)


def test_a_constrained_prompt_that_was_measured_and_is_as_good_is_the_recommendation(tmp_path):
    cells = {
        ("prompt", 0): [free(e) for e in HELDOUT],
        ("constrained", 0): answers(nearly_all),
        ("finetune", 0): answers(nearly_all),
    }
    found = reconcile(assembled(tmp_path, cells), None)
    assert found.recommended == "constrained"
    assert not any(text.startswith("Before any training") for text in found.cautions)


def test_a_prompt_that_is_wrong_in_content_is_not_helped_by_its_form(tmp_path):
    cells = {("prompt", 0): answers(half), ("finetune", 0): answers(nearly_all)}
    found = reconcile(assembled(tmp_path, cells), None)
    assert found.headline == "Fine-tune."
    assert not any(text.startswith("Before any training") for text in found.cautions)


def test_a_constrained_prompt_that_cannot_run_here_is_not_advised(tmp_path):
    cells = {("prompt", 0): [free(e) for e in HELDOUT], ("finetune", 0): answers(nearly_all)}
    experiment = assembled(tmp_path, cells, skipped={"constrained": "the endpoint cannot do it"})
    assert reconcile(experiment, None).headline == "Fine-tune."
    said = about_form(experiment, "prompt")
    assert said == "60 of 60 answers (100 %) were no label of the list.", "nothing can hold it"


def test_a_constrained_prompt_that_ran_and_failed_is_not_said_to_be_unmeasured(tmp_path):
    cells = {("prompt", 0): [free(e) for e in HELDOUT], ("finetune", 0): answers(nearly_all)}
    assert untried_form(assembled(tmp_path / "1", cells))
    failed = assembled(tmp_path / "2", {**cells, ("constrained", 0): None})
    assert not failed.rungs["constrained"].scores["accuracy_score"].n
    assert not untried_form(failed)
    broken = dataclasses.replace(assembled(tmp_path / "3", cells), failed={"constrained-s0": "no"})
    assert not untried_form(broken)


def test_rungs_that_were_not_tried_are_named_and_those_that_cannot_be_are_not():
    words = {("prompt", "linear"): "worse", ("few_shot", "prompt"): "equivalent",
             ("few_shot", "linear"): "worse"}  # fmt: skip
    means = {"prompt": 0.3, "few_shot": 0.3, "linear": 0.8}
    found = verdict(by_hand(means, words))
    assert found.would_change_if[0] == (
        "Not tried in this check: searched prompt, constrained prompt, fine-tuning. A check with "
        "them would tell."
    )
    assert "Such a classifier is a choice of its own" in found.reasons[0]
    failed = {"skipped": {"searched_prompt": "no"}, "failed": {"constrained-s0": "it died"}}
    less = verdict(by_hand(means, words, **failed))
    assert less.would_change_if[0].startswith("Not tried in this check: fine-tuning. ")
    good = verdict(by_hand({"prompt": 0.9, "linear": 0.5}, {("prompt", "linear"): "better"}))
    assert not any("Not tried" in text for text in good.would_change_if)


def test_what_a_model_behind_an_endpoint_cannot_do_is_not_proposed():
    means = {"prompt": 0.3, "linear": 0.8}
    found = by_hand(means, {("prompt", "linear"): "worse"})
    assert (
        verdict(found)
        .would_change_if[0]
        .startswith(
            "Not tried in this check: prompt with examples, searched prompt, constrained prompt, "
        )
    )
    there = {name: dataclasses.replace(one, path="endpoint") for name, one in found.rungs.items()}
    assert verdict(dataclasses.replace(found, rungs=there)).would_change_if[0] == (
        "Not tried in this check: prompt with examples, searched prompt. A check with them would "
        "tell."
    )
