"""What a verdict says: figures, cautions, what would change it; for any outcome at all."""

import dataclasses
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.agreement import NOTHING
from advisor.choice import beats_floor, choose
from advisor.limits import ONE_TRAINING
from advisor.measured import TUNED
from advisor.verdict import SETTLED
from harness.experiment import Check, Experiment
from harness.fairness import MACHINE_WAS_QUIET
from harness.rungs import rungs
from tests.advisor.experiments import (
    METRIC,
    PRIOR,
    arm,
    experiment,
    reads_plainly,
    sentences,
    verdict,
)

LADDER = list(rungs())
BETTER = {("few_shot", "prompt"): "better"}
TWO = {"prompt": 0.5, "rag": 0.7}


# Words and figures


def test_the_result_is_one_sentence_with_score_lead_and_interval():
    words = {("rag", "prompt"): "better"}
    assert verdict(experiment(TWO, words)).sentence == (
        "On 100 held-out questions retrieval scored 70 % (62–78 %) on accuracy, 20 points more "
        "than prompt (+10 to +30)."
    )


@pytest.mark.parametrize(
    ("difference", "said"),
    [(0.01, "1 point more than"), (0.0, "as much as"), (-0.04, "4 points less than")],
)
def test_the_lead_over_the_cheapest_rung_is_told_as_it_is(difference, said):
    means = {"prompt": 0.5, "few_shot": 0.6, "rag": 0.7}
    words = {
        **BETTER,
        ("rag", "few_shot"): "better",
        ("rag", "prompt"): ("inconclusive", difference),
    }
    assert f", {said} prompt (" in verdict(experiment(means, words, target=0.63)).sentence


def test_the_lead_that_is_told_is_the_one_on_which_the_last_step_was_decided():
    means = {"prompt": 0.5, "few_shot": 0.6, "rag": 0.75}
    words = {**BETTER, ("rag", "few_shot"): "better", ("rag", "prompt"): "better"}
    found = verdict(experiment(means, words))
    assert ", 15 points more than prompt with examples (+5 to +25)." in found.sentence
    assert any(text.startswith("Prompt was worse: −25 points") for text in found.reasons)


def test_every_rival_has_its_reason_with_its_own_figures():
    means = {"prompt": 0.5, "few_shot": 0.7, "rag": 0.71, "finetune": 0.6, "rag_finetune": 0.76}
    words = {**BETTER, ("rag", "few_shot"): "equivalent", ("finetune", "few_shot"): "worse"}
    said = verdict(experiment(means, words)).reasons
    assert [re.split(r" (?:was|made|is) ", text)[0] for text in said] == [
        rungs()[name].title for name in ("prompt", "rag", "finetune", "rag_finetune")
    ]
    few = rungs()["few_shot"].title.lower()
    assert said[0] == f"Prompt was worse: −20 points (−30 to −10) against {few}."
    assert "made no difference that matters: +1 points" in said[1] or "+1 point" in said[1]
    assert "was worse: −10 points (−20 to 0)" in said[2]
    assert said[3].endswith(" About 300 more questions would settle it.")


def test_a_rung_that_has_no_sentence_of_its_own_is_advised_by_its_title(monkeypatch):
    new = dataclasses.replace(rungs()["rag"], name="distil", title="Distillation")
    monkeypatch.setitem(rungs(), "distil", new)
    found = experiment({"prompt": 0.5, "distil": 0.7}, {("distil", "prompt"): "better"})
    assert verdict(found).headline == "Use distillation."


def test_not_to_fine_tune_is_advised_only_where_it_was_tried():
    open_still = {("rag", "prompt"): ("inconclusive", 0.02)}
    assert "fine-tune" not in verdict(experiment(TWO, open_still)).headline
    tried = verdict(experiment({**TWO, "finetune": 0.5}, open_still))
    assert tried.headline == "Start with a good prompt. Do not fine-tune yet."


def test_no_difference_that_matters_is_told_with_the_interval_that_shows_it():
    found = experiment(TWO, {("rag", "prompt"): "equivalent"})
    wide = {"low": -0.035, "high": 0.035, "low_90": -0.02, "high_90": 0.03}
    known = tuple(dataclasses.replace(c, **wide) for c in found.comparisons)
    found = dataclasses.replace(found, comparisons=known)
    (said,) = verdict(found).reasons[-1:]
    assert "made no difference that matters" in said and "(90 % interval −2 to +3)" in said
    turned = found.contrast("prompt", "rag")
    assert (turned.low_90, turned.high_90) == (-0.03, 0.02)


def test_a_prompt_is_called_enough_only_where_nothing_above_it_can_be_better():
    level = {("rag", "prompt"): "equivalent", ("finetune", "prompt"): "worse"}
    means = {"prompt": 0.5, "rag": 0.5, "finetune": 0.3}
    enough = "A good prompt is enough. Do not fine-tune yet."
    assert verdict(experiment(means, level)).headline == enough
    open_one = {**level, ("rag", "prompt"): ("inconclusive", 0.02)}
    found = experiment(means, open_one)
    assert verdict(found).headline == "Start with a good prompt. Do not fine-tune yet."
    (higher,) = [c for c in found.comparisons if (c.a, c.b) == ("rag", "prompt")]
    ruled_out = dataclasses.replace(higher, non_superior=True)
    known = tuple(ruled_out if c is higher else c for c in found.comparisons)
    assert verdict(dataclasses.replace(found, comparisons=known)).headline == enough
    alone = verdict(experiment({"prompt": 0.5}))
    assert alone.headline == "Start with a good prompt.", "nobody said what is enough"


def test_a_rung_without_any_score_is_told_as_that():
    found = verdict(experiment({"prompt": None}), "prompt")
    assert found.sentence == "On 100 held-out questions no answer of any rung could be scored."
    assert found.recommended == "none"
    reads_plainly(found)


def test_target_and_margin_are_told_with_all_their_digits():
    found = verdict(experiment({"prompt": 0.85, "rag": 0.9}, target=0.845, margin=0.005))
    assert any("your target of 84.5 % is not settled" in text for text in found.cautions)
    missed = verdict(experiment({"prompt": 0.5}, target=0.845))
    assert missed.reasons[0].endswith("; you asked for 84.5 %.")
    level = experiment({"prompt": 0.5, "rag": 0.5}, margin=0.005)
    (only,) = level.comparisons
    level = dataclasses.replace(level, comparisons=(dataclasses.replace(only, non_superior=True),))
    assert any("does not gain 0.5 points or more" in text for text in verdict(level).reasons)


# Cautions and changes


@pytest.mark.parametrize(
    ("n", "said"), [(12, "smoke test"), (29, "smoke test"), (30, "14 points"), (99, "14 points")]
)
def test_few_questions_are_a_caution_with_what_can_go_unseen(n, said):
    arms = {name: arm(name, mean) for name, mean in (("prompt", 0.5), ("rag", 0.6))}
    few = {
        name: dataclasses.replace(
            one, scores={METRIC: dataclasses.replace(one.scores[METRIC], n=n)}
        )
        for name, one in arms.items()
    }
    found = experiment(few)  # of 100 rows, all of which need not have a score
    # an interval of 20 points is 3.92 standard errors; 2.8 of them are 14 points
    steps = tuple(dataclasses.replace(c, planned=True) for c in found.comparisons)
    texts = verdict(dataclasses.replace(found, comparisons=steps)).cautions
    assert any(said in text and f"{n} held-out" in text for text in texts)


def test_a_hundred_questions_are_none():
    assert verdict(experiment({"prompt": 0.9}, n_heldout=100, target=0.8)).cautions == ()


def test_without_a_target_it_is_said_that_best_need_not_be_good_enough():
    said = verdict(experiment({"prompt": 0.5})).cautions
    assert said == (
        "No target is set, so the verdict says which rung is best, not whether that is good "
        "enough.",
    )
    none = {("prompt", "majority"): "worse"}
    assert verdict(experiment({"prompt": 0.5, "majority": 0.7}, none)).cautions == ()


def test_a_model_that_ships_is_named_with_its_size():
    model = {"generator": "smollm2-135m-instruct"}
    (said,) = verdict(experiment({"prompt": 0.9}, target=0.8, model=model)).cautions
    assert said.startswith(
        "Measured with smollm2-135m-instruct, a small English model of 135 million parameters: "
    )


def test_a_busy_machine_is_told_as_what_it_is_and_not_as_a_doubt_of_the_scores():
    busy = Check(MACHINE_WAS_QUIET, False, "others kept 1.6 of 2 usable cores busy")
    (said,) = verdict(experiment({"prompt": 0.9}, target=0.8, fairness=(busy,))).cautions
    assert said == (
        "Waiting times may be too long, for other programs used the machine meanwhile; scores do "
        "not depend on it. Others kept 1.6 of 2 usable cores busy."
    )


def test_another_seed_may_change_it_only_where_something_was_trained_once():
    def said(**seeds: int) -> bool:
        arms = {name: arm(name, 0.5, seeds=n) for name, n in seeds.items()}
        return ONE_TRAINING in verdict(experiment(arms)).would_change_if

    assert said(prompt=1, finetune=1)
    assert not said(prompt=1, finetune=3)
    assert not said(prompt=1, rag=1)


def test_failures_are_said_first_with_their_number():
    arms = {"prompt": 0.5, "rag": arm("rag", 0.6, failures={"prompt_too_long": 7})}
    failed = Check("No answer failed", False, "7 failed; not counted as wrong or right")
    unfair = Check("Same base model for all rungs", False, "two devices")
    found = verdict(
        experiment(arms, n_heldout=20, failed={"finetune-s0": "out"}, fairness=(failed, unfair))
    )
    assert found.cautions[0] == (
        "7 of 20 answers of retrieval failed (prompt too long); they count neither as right nor "
        "as wrong."
    )
    assert found.cautions[1] == "Not finished: finetune-s0."
    assert "Same base model for all rungs: this does not hold. Two devices." in found.cautions
    assert not any("No answer failed" in text for text in found.cautions), "it is said already"


def test_what_would_change_it_names_items_and_skipped_rungs():
    skipped = {"finetune": "the model's weights are not on this machine"}
    found = verdict(experiment(TWO, skipped=skipped, n_documents=3), "prompt")
    expected = [
        "About 400 held-out questions in all would show whether retrieval differs from prompt.",
        "Fine-tuning was not measured: the model's weights are not on this machine.",
        "Facts that change would: only retrieval follows a changed document.",
    ]
    assert [text for text in found.would_change_if if text in expected] == expected
    other = PRIOR.would_change_if[0].text
    assert other not in found.would_change_if, "another answer would move the prior alone"
    settled = verdict(experiment(TWO, {("rag", "prompt"): "better"}, n_documents=3))
    assert settled.would_change_if == (SETTLED,)


def test_a_target_that_is_not_settled_and_a_rung_that_did_not_finish_leave_it_open():
    level = {("rag", "prompt"): "equivalent"}
    found = verdict(experiment({"prompt": 0.88, "rag": 0.88}, level, target=0.92))
    assert any("your target of 92 % is not settled" in text for text in found.cautions)
    assert found.would_change_if == (
        "More held-out questions would show whether prompt reaches your target of 92 %.",
    )
    reads_plainly(found)
    halves = {"rag": 0.5, "finetune": 0.5, "rag_finetune": 0.7}
    words = {("finetune", "rag"): "equivalent", ("rag_finetune", "rag"): "better"}
    found = verdict(experiment(halves, words))
    assert found.headline == "Not settled yet: retrieval with fine-tuning leads."
    assert found.would_change_if == (
        "About 400 held-out questions in all would show whether retrieval with fine-tuning beats "
        "fine-tuning.",
        ONE_TRAINING,
    )
    failed = {"finetune-s0": "out of memory", "finetune-s1": "out of memory"}
    found = verdict(experiment(TWO, {("rag", "prompt"): "better"}, failed=failed))
    assert found.would_change_if == (
        "Fine-tuning did not finish: what is missing of it may change this.",
    )
    reads_plainly(found)


# For any outcome

quick = settings(deadline=None, max_examples=60)

WORDS = st.tuples(
    st.sampled_from(["better", "worse", "equivalent", "inconclusive"]),
    st.one_of(st.none(), st.floats(-1, 1)),
)
MEANS = st.one_of(st.none(), st.floats(0, 1))


@st.composite
def experiments(draw) -> Experiment:
    names = [name for name in LADDER if draw(st.booleans())] or [draw(st.sampled_from(LADDER))]
    means = {name: draw(MEANS) for name in names}
    if draw(st.booleans()):
        means["majority"] = draw(MEANS)
    pairs = [(a, b) for a in means for b in means if a != b]
    words = {pair: draw(WORDS) for pair in pairs}
    rest = [name for name in LADDER if name not in names]
    return experiment(
        means,
        words,
        target=draw(st.one_of(st.none(), st.floats(0, 1))),
        n_heldout=draw(st.integers(1, 300)),
        n_documents=draw(st.integers(0, 2)),
        skipped={name: "it cannot run" for name in rest if draw(st.booleans())},
        failed={f"{name}-s0": "out of memory" for name in rest if draw(st.booleans())},
    )


AIMS = st.sampled_from([*LADDER, "stay", "none", "preference", "constrained", None])


@quick
@given(experiments(), AIMS)
def test_any_outcome_has_a_verdict_in_plain_sentences(found, aim):
    said = verdict(found, aim)
    assert said.recommended in (*found.rungs, "none")
    if aim is None:
        assert said.agreement is None
    elif not found.scored or aim in (*found.scored, *NOTHING):
        assert said.agreement is not None, "what was measured has an answer"
    if SETTLED in said.would_change_if:
        once = [n for n in found.scored if n in TUNED and len(found.rungs[n].seeds) == 1]
        assert not once, "another seed could change it"
        still_open = ("not settled", "Not settled", "Not finished", "not shown")
        texts = (said.headline, *said.cautions)
        assert not any(words in text for text in texts for words in still_open)
    for text in sentences(said):
        assert text.strip() and text.endswith(".") and "None" not in text.replace("None of", "")
        assert not re.search(r"\bnan\b|[{}]", text)


@quick
@given(experiments())
def test_the_verdict_does_not_depend_on_which_side_a_pair_was_measured_from(found):
    turned = tuple(found.contrast(c.b, c.a) for c in found.comparisons)
    other = dataclasses.replace(found, comparisons=turned)
    assert verdict(other).recommended == verdict(found).recommended
    assert verdict(other).sentence == verdict(found).sentence


@quick
@given(experiments())
def test_a_recommended_rung_is_never_shown_to_be_worse_than_the_cheapest_by_a_step(found):
    choice = choose(found)
    chosen, names = choice.top, list(found.scored or found.rungs)
    if choice.why == "target":
        return  # nothing is climbed then
    if choice.why == "floor":  # what does not beat the floor is not climbed over
        shown = [name for name in names if beats_floor(found, name, shown=True)]
        names = shown or [name for name in names if beats_floor(found, name)]
        assert choice.rung in names
    assert chosen == names[0] or any(
        found.contrast(chosen, lower).verdict == "better" for lower in names[: names.index(chosen)]
    )


@quick
@given(experiments())
def test_the_lowest_rung_that_beats_doing_without_has_none_below_that_does_too(found):
    choice = choose(found)
    said = verdict(found)
    if choice.why != "floor" or said.recommended == "none":
        return
    below = found.scored[: found.scored.index(choice.rung)]
    lower = [name for name in below if beats_floor(found, name, shown=True)]
    told = " ".join(said.reasons)
    assert ("is the lowest rung that is shown to beat" in told) == (not lower)
    assert ("is the one the climb ends on" in told) == bool(lower)


def test_a_rung_above_another_that_beats_the_floor_too_is_not_called_the_lowest():
    means = {"prompt": 0.4, "few_shot": 0.6, "rag": 0.8, "majority": 0.5}
    small = ("inconclusive", 0.05)  # on other questions than the floor's
    words = {
        ("prompt", "majority"): "worse", ("few_shot", "prompt"): small, ("rag", "prompt"): small,
        ("few_shot", "majority"): "better", ("rag", "majority"): "better",
        ("rag", "few_shot"): "better",
    }  # fmt: skip
    found = experiment(means, words)
    said = verdict(found)
    assert (said.recommended, choose(found).why) == ("rag", "floor")
    assert said.reasons[0] == (
        "Of the rungs shown to beat doing without a language model, retrieval is the one the climb "
        "ends on: +30 points (+20 to +40) against always the commonest answer."
    )
    reads_plainly(said)


def test_the_metric_of_these_experiments_is_the_headline():
    assert experiment(TWO).task.metric == METRIC
