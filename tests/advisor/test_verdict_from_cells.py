"""From finished cells to the verdict: what failed, what is alike, what was run twice."""

import pytest

from advisor.measured import fewest_scored
from advisor.verdict import reconcile
from harness.assemble import assemble
from tests.advisor.experiments import prior, reads_plainly
from tests.advisor.label_cells import answers, assembled, begun, half, nearly_all
from tests.advisor.report_runs import put


def test_a_cheapest_rung_that_failed_entirely_is_left_out_of_the_choice(tmp_path):
    cells = {("prompt", 0): None, ("few_shot", 0): answers(nearly_all)}
    found = reconcile(assembled(tmp_path, cells), prior("prompt"))
    assert found.recommended == "few_shot"
    assert found.sentence.startswith("On 60 held-out questions prompt with examples scored 90 %")
    assert "No answer of prompt could be scored, so it is left out of the choice." in found.cautions
    assert found.agreement is None, "the expected rung has no score"
    assert found.prior_sentence == (
        "Your answers pointed to prompt, which was not measured: none of its answers could be "
        "scored."
    )
    reads_plainly(found)


def test_rungs_above_one_that_failed_entirely_are_climbed_as_if_it_were_not_there(tmp_path):
    cells = {
        ("prompt", 0): None,
        ("few_shot", 0): answers(half),
        ("finetune", 0): answers(nearly_all),
    }
    experiment = assembled(tmp_path, cells)
    found = reconcile(experiment, None)
    assert found.recommended == "finetune"
    assert "40 points more than prompt with examples" in found.sentence
    assert [(c.a, c.b) for c in experiment.comparisons if c.planned] == [("finetune", "few_shot")]
    reads_plainly(found)


def test_a_half_that_failed_entirely_does_not_stand_in_the_way_of_what_is_made_of_it(tmp_path):
    cells = {
        ("prompt", 0): answers(half),
        ("rag", 0): None,
        ("rag_finetune", 0): answers(nearly_all),
    }
    found = reconcile(assembled(tmp_path, cells), None)
    assert found.recommended == "rag_finetune"
    assert not any("earn" in text for text in found.reasons)
    reads_plainly(found)


@pytest.mark.parametrize("aim", ["prompt", "stay", "none", None])
def test_where_everything_failed_nothing_is_recommended(tmp_path, aim):
    cells = {("majority", 0): answers(half), ("prompt", 0): None, ("rag", 0): None}
    found = reconcile(assembled(tmp_path, cells, target=0.8), prior(aim) if aim else None)
    assert found.recommended == "none"
    assert found.headline == "Nothing could be scored."
    assert found.sentence == "On 60 held-out questions no answer of any rung could be scored."
    assert found.agreement == (aim and "too_close_to_call")
    assert found.cautions[0].startswith("60 of 60 answers of prompt failed (prompt too long)")
    assert found.reasons == ("No rung gave an answer that could be scored.",)
    reads_plainly(found)


def test_answers_that_are_all_equal_speak_for_the_cheapest_rung(tmp_path):
    cells = {("prompt", 0): answers(half), ("rag", 0): answers(half)}
    found = reconcile(assembled(tmp_path, cells), prior("rag"))
    assert found.recommended == "prompt"
    assert "as much as" not in found.sentence, "the cheapest is compared with nothing"
    reads_plainly(found)


def test_rungs_with_different_failures_are_compared_where_both_answered(tmp_path):
    cells = {
        ("prompt", 0): answers(half, range(0, 40)),
        ("rag", 0): answers(nearly_all, range(20, 60)),
    }
    experiment = assembled(tmp_path, cells)
    assert [c.n for c in experiment.comparisons] == [20]
    found = reconcile(experiment, None)
    assert found.cautions[:2] == (
        "20 of 60 answers of prompt failed (prompt too long); they count neither as right nor as "
        "wrong.",
        "20 of 60 answers of retrieval failed (prompt too long); they count neither as right nor "
        "as wrong.",
    )
    reads_plainly(found)


def test_rungs_that_answered_no_question_in_common_are_not_settled(tmp_path):
    cells = {
        ("prompt", 0): answers(half, range(0, 30)),
        ("rag", 0): answers(nearly_all, range(30, 60)),
    }
    found = reconcile(assembled(tmp_path, cells), prior("rag"))
    assert (found.recommended, found.agreement) == ("prompt", "too_close_to_call")
    reads_plainly(found)


def test_with_a_margin_of_nothing_a_step_still_has_to_be_shown(tmp_path):
    cells = {("prompt", 0): answers(half), ("rag", 0): answers(nearly_all)}
    found = reconcile(assembled(tmp_path / "1", cells, margin=0.0), None)
    assert found.recommended == "rag"
    cells["rag", 0] = answers(lambda i: half(i) or i == 2)
    level = reconcile(assembled(tmp_path / "2", cells, margin=0.0), None)
    assert level.recommended == "prompt"
    reads_plainly(found)
    reads_plainly(level)


def test_two_trainings_that_differ_count_together(tmp_path):
    cells = {
        ("prompt", 0): answers(half),
        ("finetune", 0): answers(nearly_all),
        ("finetune", 1): answers(lambda i: nearly_all(i + 1)),
    }
    experiment = assembled(tmp_path, cells)
    assert experiment.rungs["finetune"].seeds == (0, 1)
    found = reconcile(experiment, None)
    assert found.recommended == "finetune"
    assert not any("One training run" in text for text in found.cautions)
    reads_plainly(found)


def test_a_target_with_a_fraction_is_told_whole_where_a_climb_stopped_at_it(tmp_path):
    cells = [("prompt", 0), ("rag", 0)]
    run = begun(tmp_path, cells, target=0.845, climb=True)
    put(run, "prompt", 0, answers(lambda i: True))
    found = assemble(run, {})
    assert found.not_run == {"rag": "a lower rung reached the target of 84.5 %"}


@pytest.mark.parametrize("aim", ["prompt", "rag", None])
@pytest.mark.parametrize(
    "cells",
    [
        {("prompt", 0): (False, False), ("rag", 0): (True, True)},
        {("prompt", 0): (True, False), ("rag", 0): (False, True)},
        {("prompt", 0): (True, True), ("rag", 0): (True, True)},
        {("prompt", 0): (True, True), ("rag", 0): None},
        {("prompt", 0): (True, False), ("finetune", 0): (True, True), ("finetune", 1): (True,)},
    ],
    ids=["all gained", "one each", "all right", "one rung failed", "a seed that lost an item"],
)
def test_two_held_out_items_earn_no_dearer_rung_its_place_and_are_told_as_two(tmp_path, cells, aim):
    given = {
        cell: rights and answers(lambda i, rights=rights: rights[i], range(len(rights)))
        for cell, rights in cells.items()
    }
    experiment = assembled(tmp_path, given, n=2, target=0.9)
    assert all(one.verdict == "inconclusive" for one in experiment.comparisons)
    found = reconcile(experiment, prior(aim) if aim else None)
    assert found.recommended in ("prompt", "none"), "no dearer rung has earned its place"
    assert found.agreement in (None, "too_close_to_call", "overturned")
    n = fewest_scored(experiment)  # a seed may have lost one of the two
    assert n == min(len(rights) for rights in cells.values() if rights)
    assert found.sentence.startswith(("On 2 held-out questions ", "On 1 of 2 held-out questions "))
    assert any(text.startswith(f"With {n} held-out question") for text in found.cautions)
    reads_plainly(found)


@pytest.mark.parametrize(
    ("rungs", "aim", "target"),
    [
        ({"prompt": True}, "prompt", 0.8),
        ({"majority": True, "prompt": False}, "none", None),
        ({"prompt": False}, "stay", 0.8),
    ],
    ids=["a target is reached", "worse than the floor", "a target is missed"],
)
def test_what_thirty_questions_confirm_twenty_nine_do_not(tmp_path, rungs, aim, target):
    def agreement(n):
        cells = {
            (name, 0): answers(lambda i, right=right: right, range(n))
            for name, right in rungs.items()
        }
        experiment = assembled(tmp_path / str(n), cells, n=n, target=target)
        found = reconcile(experiment, prior(aim))
        reads_plainly(found)
        return found.agreement

    assert (agreement(29), agreement(30)) == ("too_close_to_call", "confirmed")
