"""When a step is taken, when none is good enough, and what was expected."""

import dataclasses

import pytest

from advisor.choice import choose
from advisor.economics import costs_of
from advisor.numbers import in_points, points_range
from advisor.prices import Prices
from advisor.verdict import reconcile
from harness.experiment import Estimate
from tests.advisor.experiments import (
    METRIC,
    arm,
    experiment,
    reads_plainly,
    verdict,
)

BETTER = {("few_shot", "prompt"): "better"}


# Climbing


@pytest.mark.parametrize("word", ["inconclusive", "equivalent", "worse"])
def test_no_step_is_taken_for_anything_but_better(word):
    found = experiment({"prompt": 0.5, "rag": 0.7}, {("rag", "prompt"): word})
    assert choose(found).top == "prompt" == verdict(found).recommended


def test_each_step_must_beat_the_one_that_was_climbed_to():
    means = {"prompt": 0.4, "few_shot": 0.5, "rag": 0.6, "finetune": 0.7}
    words = {**BETTER, ("rag", "prompt"): "better", ("finetune", "few_shot"): "better"}
    assert choose(experiment(means, words)).top == "finetune"
    del words["finetune", "few_shot"]
    assert choose(experiment(means, words)).top == "few_shot", "rag only beats what was left behind"


@pytest.mark.parametrize(
    ("word", "recommended"),
    [("better", "finetune"), ("equivalent", "constrained"), ("inconclusive", "constrained")],
)
def test_where_only_the_form_failed_a_constrained_prompt_comes_before_any_training(
    word, recommended
):
    means = {"prompt": 0.4, "constrained": 0.7, "finetune": 0.72}
    words = {
        ("constrained", "prompt"): "better",
        ("finetune", "prompt"): "better",
        ("finetune", "constrained"): word,
    }
    found = verdict(experiment(means, words))
    assert found.recommended == recommended
    if recommended == "constrained":
        assert found.headline == "Use a prompt with constrained output. Do not fine-tune yet."
        assert found.sentence.startswith("On 100 held-out questions constrained prompt scored 70 %")
    reads_plainly(found)


def test_with_one_rung_there_is_nothing_to_climb():
    found = verdict(experiment({"rag": 0.6}))
    assert (found.recommended, found.reasons, found.agreement) == ("rag", (), None)
    reads_plainly(found)


# None is good enough


@pytest.mark.parametrize(
    ("target", "recommended"), [(0.70, "none"), (0.57, "prompt"), (0.4, "prompt")]
)
def test_none_is_good_enough_when_the_target_is_shown_to_be_missed(target, recommended):
    found = verdict(experiment({"prompt": 0.5}, target=target))
    assert found.recommended == recommended
    reads_plainly(found)


def test_a_missed_target_is_told_with_the_best_score_and_the_target():
    found = verdict(experiment({"prompt": 0.5, "rag": 0.55}, target=0.9), "rag")
    assert found.headline == "None of these is good enough yet."
    assert found.reasons[0] == (
        "The best rung, retrieval, reached 55 % (47–63 %); you asked for 90 %."
    )
    assert found.agreement == "overturned"


def test_a_target_within_the_interval_is_a_caution():
    found = verdict(experiment({"prompt": 0.5}, target=0.55))
    said = "Whether it reaches your target of 55 % is not settled: it scored 50 % (42–58 %)."
    assert said in found.cautions
    assert said not in verdict(experiment({"prompt": 0.5}, target=0.4)).cautions


@pytest.mark.parametrize("score", [n / 100 for n in range(60, 101)])
def test_a_target_is_either_reached_or_missed_or_not_settled(score):
    found = verdict(experiment({"prompt": score}, target=0.80))
    said = [
        any("reaches that" in text for text in found.reasons),
        found.recommended == "none",
        any("is not settled" in text for text in found.cautions),
    ]
    assert sum(said) == 1


def test_of_the_cheapest_rung_it_is_not_said_that_no_cheaper_one_reaches_the_target():
    found = verdict(experiment({"prompt": 0.9, "rag": 0.9}, target=0.80))
    assert found.reasons[0] == "You asked for 80 %: prompt reaches that with 90 % (82–98 %)."


@pytest.mark.parametrize(("lead", "headline"), [
    (0.3, "Not settled yet: retrieval leads."),
    (0.05, "Start with a good prompt. Do not fine-tune yet."),
])  # fmt: skip
def test_a_large_lead_that_is_not_shown_is_not_told_as_a_good_prompt(lead, headline):
    means = {"prompt": 0.4, "rag": 0.4 + lead, "finetune": 0.4}
    words = {("rag", "prompt"): ("inconclusive", lead), ("finetune", "prompt"): "equivalent"}
    found = verdict(experiment(means, words))
    assert found.recommended == "prompt" and found.headline == headline
    ahead = "seems better" if lead > 0.1 else "is too close to call"
    assert found.reasons[0].startswith(f"Retrieval {ahead}: +{lead * 100:.0f} points")
    assert ("several rungs are compared at once" in found.reasons[0]) == (lead > 0.1)
    reads_plainly(found)


def test_where_only_the_rung_that_leads_is_ahead_of_the_floor_no_other_is_advised():
    means = {"rag": 0.13, "rag_finetune": 0.25, "majority": 0.14}
    words = {
        ("rag_finetune", "rag"): ("inconclusive", 0.12),
        ("rag", "majority"): ("inconclusive", -0.01),
        ("rag_finetune", "majority"): ("inconclusive", 0.11),
    }
    found = verdict(experiment(means, words))
    assert found.headline == "Use retrieval, and fine-tune the model to read it."
    assert found.recommended == "rag_finetune", "what falls behind the floor is none to stand on"
    assert found.sentence == (
        "On 100 held-out questions retrieval with fine-tuning scored 25 % (17–33 %) on accuracy, "
        "12 points more than retrieval (+2 to +22), not enough when several rungs are compared at "
        "once."
    )
    assert "not shown to beat doing without a language model" in " ".join(found.cautions)


def test_a_rung_shown_to_be_worse_than_the_floor_is_never_advised_because_another_leads():
    means = {"rag": 0.5, "finetune": 0.62, "rag_finetune": 0.7, "majority": 0.6}
    words = {
        ("rag", "majority"): ("worse", -0.1),
        ("rag_finetune", "rag"): ("better", 0.2),
        ("rag_finetune", "majority"): ("better", 0.1),
    }
    assert verdict(experiment(means, words)).recommended == "rag_finetune"


def test_with_a_target_the_lowest_rung_that_reaches_it_and_beats_the_floor_is_advised():
    means = {"prompt": 0.9, "finetune": 0.96, "majority": 0.93}
    words = {
        ("finetune", "prompt"): ("inconclusive", 0.06),
        ("prompt", "majority"): ("worse", -0.03),
        ("finetune", "majority"): ("better", 0.03),
    }
    found = verdict(experiment(means, words, target=0.8))
    assert (found.recommended, found.headline) == ("finetune", "Fine-tune.")
    assert not any("no better than doing without" in text for text in found.reasons)


def test_failed_answers_count_where_it_is_asked_what_is_good_enough_and_the_score_says_of_what():
    whole = arm("prompt", 0.98, half=0.02)
    some = dataclasses.replace(
        whole, scores={METRIC: Estimate(1.0, 0.89, 1.0, 30, 70)}, failures={"refused": 70}
    )
    assert verdict(experiment({"prompt": whole}, target=0.8)).headline == "A good prompt is enough."
    found = verdict(experiment({"prompt": some}, target=0.8))
    assert found.headline != "A good prompt is enough."
    assert found.sentence.startswith("On 30 of 100 held-out questions prompt scored 100 %")


@pytest.mark.parametrize(
    ("word", "recommended"),
    [
        (("worse", -0.2), "none"),
        (("equivalent", 0.01), "none"),
        (("inconclusive", 0.15), "prompt"),
        (("better", 0.2), "prompt"),
    ],
)
def test_none_is_good_enough_when_a_floor_is_as_good(word, recommended):
    found = verdict(experiment({"prompt": 0.5, "majority": 0.5}, {("prompt", "majority"): word}))
    assert found.recommended == recommended
    if recommended == "none":
        assert found.headline == "None of these beats doing without a language model."
        assert found.sentence.endswith("; always the commonest answer scored 50 % (42–58 %).")
        assert found.reasons[0] == (
            "Prompt does no better than doing without a language model: "
            f"{in_points(word[1])} ({points_range(word[1] - 0.1, word[1] + 0.1)}) against always "
            "the commonest answer."
        )
    reads_plainly(found)


@pytest.mark.parametrize("difference", [-0.02, 0.0])
def test_a_rung_that_more_questions_could_show_to_beat_the_floor_is_not_said_to_be_no_better(
    difference,
):
    words = {("prompt", "majority"): ("inconclusive", difference)}
    found = verdict(experiment({"prompt": 0.5, "majority": 0.5}, words), "prompt")
    assert (found.recommended, found.agreement) == ("none", "too_close_to_call")
    assert found.headline == "None of these is shown to beat doing without a language model."
    assert any(
        "whether prompt differs from doing without a language model" in text
        for text in found.would_change_if
    )
    reads_plainly(found)


def test_where_none_is_recommended_the_best_rung_is_the_one_that_is_quoted():
    means = {"prompt": 0.02, "finetune": 0.05, "nearest": 0.04}
    words = {("prompt", "nearest"): ("worse", -0.02),
             ("finetune", "nearest"): ("inconclusive", 0.01),
             ("finetune", "prompt"): ("inconclusive", 0.03)}  # fmt: skip
    found = verdict(experiment(means, words))
    assert found.recommended == "none"
    assert found.headline == "None of these is shown to beat doing without a language model."
    assert found.sentence.startswith("On 100 held-out questions fine-tuning scored 5 %")
    assert found.reasons[0].startswith("Fine-tuning is not shown to do better than")
    assert any("whether fine-tuning beats doing without" in text for text in found.would_change_if)
    words["finetune", "nearest"] = ("equivalent", 0.01)
    settled = verdict(experiment(means, words))
    assert settled.headline == "None of these beats doing without a language model."


def test_the_floor_is_the_first_step_so_that_the_lowest_rung_shown_to_beat_it_is_recommended():
    means = {"few_shot": 0.7, "finetune": 0.85, "rag_finetune": 0.86, "majority": 0.6}
    words = {("few_shot", "majority"): ("inconclusive", 0.05),
             ("finetune", "few_shot"): ("inconclusive", 0.08),
             ("finetune", "majority"): ("better", 0.25),
             ("rag_finetune", "majority"): ("better", 0.26),
             ("rag_finetune", "finetune"): ("inconclusive", 0.01),
             ("rag_finetune", "few_shot"): ("inconclusive", 0.09)}  # fmt: skip
    found = verdict(experiment(means, words))
    assert found.recommended == "finetune" and found.headline == "Fine-tune."
    assert found.reasons[0] == (
        "Fine-tuning is the lowest rung that is shown to beat doing without a language model: "
        "+25 points (+15 to +35) against always the commonest answer."
    )
    reads_plainly(found)


def test_a_lead_over_the_floor_that_may_be_chance_is_no_reason_for_a_language_model():
    words = {("prompt", "majority"): ("inconclusive", 0.05)}
    found = verdict(experiment({"prompt": 0.55, "majority": 0.5}, words), "prompt")
    assert (found.recommended, found.agreement) == ("none", "too_close_to_call")
    assert found.headline == "None of these is shown to beat doing without a language model."
    assert found.reasons[0] == (
        "Prompt is not shown to do better than always the commonest answer, which needs no "
        "language model: +5 points (−5 to +15)."
    )
    assert any("beats doing without a language model" in text for text in found.would_change_if)
    reads_plainly(found)


def test_a_lead_over_the_floor_that_only_the_number_of_rungs_leaves_open_is_a_caution():
    words = {("prompt", "majority"): ("inconclusive", 0.15)}
    found = verdict(experiment({"prompt": 0.65, "majority": 0.5}, words))
    assert found.recommended == "prompt"
    assert any(text.startswith("It is not shown to beat doing without") for text in found.cautions)
    words = {("prompt", "majority"): ("better", 0.15)}
    sure = verdict(experiment({"prompt": 0.65, "majority": 0.5}, words))
    assert not any(text.startswith("It is not shown to beat") for text in sure.cautions)


def test_where_facts_are_asked_for_and_there_are_no_documents_these_are_what_is_missing():
    words = {("prompt", "nearest"): ("inconclusive", 0.0), ("finetune", "prompt"): "equivalent",
             ("finetune", "nearest"): ("inconclusive", 0.01)}  # fmt: skip
    means = {"prompt": 0.02, "finetune": 0.03, "nearest": 0.02}
    found = verdict(experiment(means, words, kind="answer"))
    assert found.recommended == "none"
    assert found.would_change_if[0].startswith("Documents that hold the answers would")
    with_pages = verdict(experiment(means, words, kind="answer", n_documents=3))
    labels = verdict(experiment(means, words, kind="label"))
    for other in (with_pages, labels):
        assert not any("Documents that hold" in text for text in other.would_change_if)


# Which rung, where it is not the top of the climb


def test_the_lowest_rung_that_reaches_the_target_is_good_enough_though_a_dearer_one_is_better():
    means = {"prompt": 0.5, "rag": 0.85, "finetune": 0.95}
    words = {("rag", "prompt"): "better", ("finetune", "rag"): "better",
             ("finetune", "prompt"): "better"}  # fmt: skip
    assert verdict(experiment(means, words)).recommended == "finetune"
    found = verdict(experiment(means, words, target=0.80))
    assert found.recommended == "rag" and found.headline == "Use retrieval. Do not fine-tune yet."
    assert found.reasons[0] == (
        "You asked for 80 %, give or take 3 points: retrieval reaches that with 85 % (77–93 %), "
        "and no cheaper rung is shown to."
    )
    assert not any("your target" in text for text in found.cautions), "it is settled"
    assert any("Fine-tuning was better: +10 points" in text for text in found.reasons)
    assert verdict(experiment(means, words, target=0.81)).recommended == "finetune"
    reads_plainly(found)


def test_a_cheaper_rung_that_is_shown_to_be_no_worse_than_the_top_is_taken_instead():
    means = {"prompt": 0.5, "few_shot": 0.59, "finetune": 0.60}
    found = experiment(means, {("finetune", "prompt"): "better"})
    assert verdict(found).recommended == "finetune"
    held = tuple(
        dataclasses.replace(c, non_superior=(c.a, c.b) == ("finetune", "few_shot"))
        for c in found.comparisons
    )
    cheaper = verdict(dataclasses.replace(found, comparisons=held))
    assert cheaper.recommended == "few_shot"
    assert cheaper.reasons[0] == (
        "Prompt with examples is shown to be less than 3 points behind fine-tuning, which costs "
        "more effort."
    )
    gain = "Fine-tuning does not gain 3 points or more: +1 point (−9 to +11) against "
    assert f"{gain}prompt with examples." in cheaper.reasons
    reads_plainly(cheaper)


def test_two_halves_are_joined_only_where_each_earns_its_place():
    means = {"prompt": 0.3, "rag": 0.5, "finetune": 0.55, "rag_finetune": 0.7}
    words = {("rag", "prompt"): "better", ("rag_finetune", "rag"): "better"}
    found = verdict(experiment(means, {**words, ("rag_finetune", "finetune"): "better"}))
    assert found.recommended == "rag_finetune"
    open_half = verdict(experiment(means, words))
    assert open_half.recommended == "rag"
    assert open_half.headline == "Not settled yet: retrieval with fine-tuning leads."
    assert open_half.reasons[0] == (
        "Retrieval with fine-tuning is not shown to be better than fine-tuning alone: both halves "
        "have to earn their place."
    )
    assert "several rungs" not in open_half.sentence
    reads_plainly(open_half)


def test_rungs_that_a_climb_left_out_are_named_with_what_that_saved_and_what_is_unknown():
    found = experiment({"prompt": 0.9}, target=0.8)
    found = dataclasses.replace(found, not_run={"rag": "…", "finetune": "…"})
    said = reconcile(found, None, spared_s=840.0)
    assert said.headline == "A good prompt is enough. Do not fine-tune yet."
    assert (
        "Not run, because a cheaper rung reached the target: retrieval, fine-tuning. That saved "
        "about 14 min. Whether they would do better is left open."
    ) in said.would_change_if
    reads_plainly(said)


def test_a_right_answer_that_costs_more_than_on_a_lower_rung_is_a_caution_at_the_users_prices():
    found = experiment({"prompt": 0.5, "rag": 0.75}, {("rag", "prompt"): "better"})
    # the same 100 tokens read and 10 written for both: a right answer is cheaper where more are
    prices = Prices(input_per_million=1.0, output_per_million=2.0)
    assert not any("At your prices" in text for text in costed(found, prices).cautions)
    long = dataclasses.replace(found.rungs["rag"], prompt_tokens=540.0)
    dear = dataclasses.replace(found, rungs={**found.rungs, "rag": long})
    # (540 + 20) / .75 against (100 + 20) / .5
    said = "At your prices a right answer costs 3.1 times what it costs with prompt."
    assert any(text.startswith(said) for text in costed(dear, prices).cautions)
    reads_plainly(costed(dear, prices))


def costed(found, prices):
    return reconcile(found, None, costs=costs_of(found, prices))


@pytest.mark.parametrize(("rung", "said"), [("finetune", True), ("rag", False)])
def test_shared_words_prove_no_facts_where_no_document_is_read(rung, said):
    found = experiment({"prompt": 0.2, rung: 0.5}, {(rung, "prompt"): "better"}, n_documents=3)
    overlap = {name: shared_words(arm) for name, arm in found.rungs.items()}
    task = dataclasses.replace(found.task, metric="token_f1_score")
    texts = verdict(dataclasses.replace(found, rungs=overlap, task=task)).cautions
    assert any("can state a wrong fact" in text for text in texts) is said
    assert not any("can state a wrong fact" in text for text in verdict(found).cautions)


def shared_words(arm):
    (score,) = arm.scores.values()
    return dataclasses.replace(arm, scores={"token_f1_score": score})
