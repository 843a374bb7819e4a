"""Prior against evidence: by which number it is overturned, and against which answers."""

import dataclasses

import pytest

from advisor.recommend import recommend
from advisor.verdict import reconcile
from tests.advisor.experiments import PRIOR, experiment, reads_plainly, verdict

TWO = {"prompt": 0.5, "rag": 0.7}
CLIMB = {"prompt": 0.5, "rag": 0.85, "finetune": 0.95}
STEPS = {("rag", "prompt"): "better", ("finetune", "rag"): "better",
         ("finetune", "prompt"): "better"}  # fmt: skip
POINTED = (
    " These answers had pointed there most: “When an answer is not good enough, what is usually "
    "wrong with it?” “The facts: wrong, missing or out of date”; “Does a right answer need "
    "knowledge that a general model cannot have learnt?” “Yes: it stands only in our own documents "
    "or systems”."
)


# Confirmed, overturned, too close to call


@pytest.mark.parametrize(
    ("words", "aim", "agreement", "said"),
    [
        ({("rag", "prompt"): "better"}, "rag", "confirmed", "confirms it"),
        ({("rag", "prompt"): "better"}, "prompt", "overturned", "points to retrieval"),
        ({("rag", "prompt"): "worse"}, "rag", "overturned", "points to prompt"),
        ({("rag", "prompt"): "equivalent"}, "rag", "overturned", "points to prompt"),
        ({("rag", "prompt"): "equivalent"}, "prompt", "confirmed", "confirms it"),
        ({}, "rag", "too_close_to_call", "too close to call"),
        ({}, "prompt", "too_close_to_call", "does not contradict that, but is too close to"),
        (
            {("rag", "prompt"): ("inconclusive", 0.02)},
            "prompt",
            "too_close_to_call",
            "too close to",
        ),
        ({("rag", "prompt"): ("inconclusive", -0.2)}, "prompt", "confirmed", "confirms it"),
    ],
    ids=[
        "the expected rung is better",
        "another rung is better",
        "the expected rung is worse",
        "the expected rung costs more for nothing",
        "nothing above makes a difference",
        "the expected rung may be better",
        "a rung above may be better",
        "whether a rung above is better by what matters is open",
        "a rung above is lower, if anything",
    ],
)
def test_what_was_expected_is_compared_with_what_was_measured(words, aim, agreement, said):
    measured = experiment(TWO, words)
    # as a comparison says it of itself: its interval ends below the margin
    comparisons = tuple(
        dataclasses.replace(one, non_superior=one.high < measured.task.margin)
        for one in measured.comparisons
    )
    found = verdict(dataclasses.replace(measured, comparisons=comparisons), aim)
    assert (found.prior, found.agreement) == (aim, agreement)
    assert said in found.prior_sentence
    reads_plainly(found)


def test_a_cheaper_rung_shown_no_worse_overturns_a_dearer_expectation():
    found = experiment(TWO, {("rag", "prompt"): ("inconclusive", 0.01)})
    assert verdict(found, "rag").agreement == "too_close_to_call"
    turned = dataclasses.replace(found.comparisons[0], a="prompt", b="rag", non_inferior=True)
    assert (
        verdict(dataclasses.replace(found, comparisons=(turned,)), "rag").agreement == "overturned"
    )


@pytest.mark.parametrize(
    ("aim", "target", "agreement"),
    [
        ("stay", None, "overturned"),
        ("none", None, "overturned"),
        ("stay", 0.95, "confirmed"),
        ("none", 0.95, "confirmed"),
        ("prompt", 0.95, "overturned"),
    ],
)
def test_advice_against_any_rung_is_confirmed_only_where_none_is_good_enough(
    aim, target, agreement
):
    found = verdict(experiment({"prompt": 0.5}, target=target), aim)
    assert found.agreement == agreement
    reads_plainly(found)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"skipped": {"rag": "the project has no documents"}}, "the project has no documents"),
        ({"failed": {"rag-s0": "out of memory"}}, "it failed (out of memory)"),
        ({}, "it was not part of this check"),
    ],
)
def test_an_expected_rung_without_a_result_says_why(more, why):
    found = verdict(experiment({"prompt": 0.5}, **more), "rag")
    assert found.agreement is None, "it is neither confirmed nor overturned, nor close"
    assert found.prior_sentence == (
        f"Your answers pointed to retrieval, which was not measured: {why}."
    )


def test_without_answers_there_is_no_agreement():
    found = verdict(experiment(TWO))
    assert (found.prior, found.agreement) == (None, None)
    assert found.prior_sentence.startswith("No questionnaire was filled in")


@pytest.mark.parametrize("aim", ["stay", "none", "prompt", "rag", "finetune"])
def test_where_another_rung_leads_and_nothing_is_settled_nothing_is_overturned_either(aim):
    """Retrieval leads the prompt, and not once all comparisons count."""
    means = {"prompt": 0.3, "rag": 0.5, "finetune": 0.2, "majority": 0.1}
    words = {
        ("finetune", "prompt"): "worse",
        ("finetune", "rag"): "worse",
        ("prompt", "majority"): "better",
        ("rag", "majority"): "better",
    }
    found = experiment(means, words)
    leads = [
        dataclasses.replace(c, low=0.02, high=0.38) if (c.a, c.b) == ("rag", "prompt") else c
        for c in found.comparisons
    ]
    said = verdict(dataclasses.replace(found, comparisons=tuple(leads)), aim)
    assert said.headline == "Not settled yet: retrieval leads."
    assert said.agreement == "too_close_to_call"
    assert "too close to c" in said.prior_sentence


@pytest.mark.parametrize("aim", ["stay", "none"])
def test_a_lead_over_the_floor_that_is_not_shown_overturns_no_advice_against_any_rung(aim):
    words = {("prompt", "majority"): ("inconclusive", 0.15)}
    found = verdict(experiment({"prompt": 0.5, "majority": 0.35}, words), aim)
    assert (found.recommended, found.agreement) == ("prompt", "too_close_to_call")


def test_one_rung_alone_confirms_no_expectation():
    words = {("prompt", "majority"): "better"}
    found = verdict(experiment({"prompt": 0.5, "majority": 0.2}, words), "prompt")
    assert found.agreement == "too_close_to_call"
    assert found.prior_sentence == (
        "Your answers pointed to prompt; the measurement does not contradict that, but is too "
        "close to confirm it."
    )


# With a target


@pytest.mark.parametrize("word", ["better", "inconclusive", "equivalent"])
def test_a_dearer_rung_was_not_needed_where_a_cheaper_one_reaches_the_target(word):
    words = {**STEPS, ("finetune", "rag"): word}
    found = verdict(experiment(CLIMB, words, target=0.80), "finetune")
    assert (found.recommended, found.agreement) == ("rag", "overturned")
    assert found.prior_sentence.startswith(
        "Your answers pointed to fine-tuning; the measurement does not: it points to retrieval, "
        "which costs less effort and scored 85 % (77–93 %) where you asked for 80 %."
    )
    reads_plainly(found)


def test_a_dearer_rung_that_a_climb_left_out_was_not_needed_either():
    found = experiment({"prompt": 0.9}, target=0.8)
    found = dataclasses.replace(found, not_run={"rag": "a lower rung reached the target of 80 %"})
    said = verdict(found, "rag")
    assert said.agreement == "overturned"
    assert "it points to prompt, which costs less effort and scored 90 %" in said.prior_sentence
    reads_plainly(said)


def test_the_expected_rung_that_reaches_the_target_is_confirmed_though_a_dearer_one_may_be_better():
    words = {("rag", "prompt"): "better", ("finetune", "prompt"): "better"}
    found = verdict(experiment(CLIMB, words, target=0.80), "rag")
    assert (found.recommended, found.agreement) == ("rag", "confirmed")


def test_a_cheaper_rung_that_scored_what_was_asked_for_and_is_only_not_shown_leaves_it_open():
    means = {"prompt": 0.82, "rag": 0.86}
    assert verdict(experiment(means, target=0.80), "rag").agreement == "too_close_to_call"


@pytest.mark.parametrize(
    ("prompt", "word", "agreement"),
    [
        (0.5, "inconclusive", "overturned"),
        (0.75, "better", "overturned"),
        (0.75, "inconclusive", "too_close_to_call"),
        (0.75, "equivalent", "too_close_to_call"),
    ],
    ids=["it misses the target", "it is worse", "neither is shown", "it may reach it as well"],
)
def test_a_cheaper_expectation_falls_only_where_it_is_shown_to_miss_or_to_be_worse(
    prompt, word, agreement
):
    means = {"prompt": prompt, "rag": 0.86}
    found = verdict(experiment(means, {("rag", "prompt"): word}, target=0.80), "prompt")
    assert (found.recommended, found.agreement) == ("rag", agreement)
    reads_plainly(found)


def test_an_expected_rung_that_may_reach_the_target_is_not_overturned_by_one_that_misses_it():
    means = {"prompt": 0.5, "rag": 0.55}
    found = verdict(experiment(means, target=0.60), "rag")  # retrieval: 47 to 63 %
    assert (found.recommended, found.agreement) == ("none", "too_close_to_call")
    assert verdict(experiment(means, target=0.65), "rag").agreement == "overturned"


def test_without_one_question_in_common_the_words_do_without_a_difference():
    means = {"prompt": 0.5, "rag": 0.86}
    found = experiment(means, target=0.80)
    nothing = [
        dataclasses.replace(c, difference=None, low=None, high=None, n=0) for c in found.comparisons
    ]
    said = verdict(dataclasses.replace(found, comparisons=tuple(nothing)), "prompt")
    assert said.agreement == "overturned"
    assert said.prior_sentence.startswith(
        "Your answers pointed to prompt; the measurement does not: it points to retrieval, which "
        "scored 86 % (78–94 %) where you asked for 80 %. Prompt scored 50 % (42–58 %), and you "
        "asked for 80 %."
    )


@pytest.mark.parametrize("aim", ["stay", "none"])
@pytest.mark.parametrize(
    ("second", "agreement"), [(0.75, "too_close_to_call"), (0.65, "confirmed")]
)
def test_that_none_is_good_enough_is_not_confirmed_while_one_may_reach_the_target(
    aim, second, agreement
):
    means = {"prompt": 0.6, "rag": second}  # 52 to 68 %; 67 to 83 %, or 57 to 73 %
    found = verdict(experiment(means, target=0.80), aim)
    assert (found.recommended, found.agreement) == ("none", agreement)
    reads_plainly(found)


# By which number, against which answers


def test_it_names_the_difference_that_overturns_and_the_answers_that_had_pointed_there():
    found = verdict(experiment({"prompt": 0.5, "rag": 0.4}, {("rag", "prompt"): "worse"}), "rag")
    assert found.prior_sentence == (
        "Your answers pointed to retrieval; the measurement does not: it points to prompt, which "
        "scored 10 points more than retrieval (0 to +20)." + POINTED
    )
    reads_plainly(found)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("equivalent", "which costs less effort and scored 1 point less than retrieval (−11 to "
         "+9): no difference that matters."),
        ("no worse", "which costs less effort and is shown to be less than 3 points behind "
         "retrieval: −1 point (−11 to +9)."),
    ],
)  # fmt: skip
def test_a_dearer_rung_that_gains_nothing_is_told_with_its_difference(words, said):
    word = "equivalent" if words == "equivalent" else ("inconclusive", 0.01)
    found = experiment({"prompt": 0.5, "rag": 0.51}, {("rag", "prompt"): word})
    held = tuple(
        dataclasses.replace(c, non_superior=words == "no worse") for c in found.comparisons
    )
    told = verdict(dataclasses.replace(found, comparisons=held), "rag")
    assert told.agreement == "overturned" and said in told.prior_sentence
    reads_plainly(told)


def test_where_none_is_good_enough_the_expected_rungs_own_score_or_floor_is_named():
    missed = verdict(experiment({"prompt": 0.5, "rag": 0.55}, target=0.9), "rag")
    assert missed.agreement == "overturned"
    assert missed.prior_sentence.startswith(
        "Your answers pointed to retrieval; the measurement does not: it points to none of the "
        "rungs. Retrieval scored 55 % (47–63 %), and you asked for 90 %."
    )
    words = {("rag", "majority"): ("worse", -0.2), ("prompt", "majority"): ("worse", -0.2)}
    floored = verdict(experiment({"prompt": 0.3, "rag": 0.3, "majority": 0.5}, words), "rag")
    assert floored.agreement == "overturned"
    assert (
        "it points to none of the rungs. Retrieval scored 20 points less than always the commonest "
        "answer (−30 to −10), which needs no language model."
    ) in floored.prior_sentence
    for one in (missed, floored):
        reads_plainly(one)


def test_where_the_answers_advised_against_any_rung_the_score_or_its_floor_is_named():
    prior = recommend({"baseline": "reached"})
    assert prior.aim == "stay"
    found = reconcile(experiment({"prompt": 0.9}, target=0.8), prior)
    assert found.prior_sentence.startswith(
        "Your answers pointed to staying where you are; the measurement does not: it points to "
        "prompt, which scored 90 % (82–98 %) where you asked for 80 %. This answer had pointed "
        "there most: “Have you tried"
    )
    words = {("prompt", "majority"): ("better", 0.3)}
    over = reconcile(experiment({"prompt": 0.8, "majority": 0.5}, words), prior)
    assert (
        "it points to prompt, which scored 30 points more than always the commonest answer "
        "(+20 to +40), which needs no language model."
    ) in over.prior_sentence
    bare = reconcile(experiment({"prompt": 0.8}), prior)
    assert "it points to prompt, which scored 80 % (72–88 %)." in bare.prior_sentence
    for one in (found, over, bare):
        reads_plainly(one)


def test_where_no_answer_had_pointed_there_none_is_named():
    nothing = dataclasses.replace(PRIOR, aim="finetune")
    found = experiment({"prompt": 0.5, "finetune": 0.4}, {("finetune", "prompt"): "worse"})
    assert "had pointed there" not in reconcile(found, nothing).prior_sentence


def test_an_answer_that_the_questionnaire_no_longer_has_is_named_by_its_key():
    old = dataclasses.replace(PRIOR.reasons[0], question="main_trouble", answer="wrong_facts")
    prior = dataclasses.replace(PRIOR, reasons=(old,))
    found = experiment({"prompt": 0.5, "rag": 0.4}, {("rag", "prompt"): "worse"})
    said = reconcile(found, prior).prior_sentence
    assert said.endswith("This answer had pointed there most: “main trouble” “wrong facts”.")


def test_what_is_confirmed_or_too_close_names_no_answers():
    for words in ({("rag", "prompt"): "better"}, {}):
        found = verdict(experiment({"prompt": 0.5, "rag": 0.6}, words), "rag")
        assert "had pointed there" not in found.prior_sentence
