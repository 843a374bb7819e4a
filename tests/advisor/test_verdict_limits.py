"""What limits a verdict: a single training, right answers that cost more elsewhere."""

import dataclasses

import pytest

from advisor.economics import costs_of
from advisor.limits import ONE_TRAINING
from advisor.money_tables import money_of
from advisor.prices import Prices
from advisor.verdict import SETTLED, reconcile
from harness.decoding import HELD
from harness.same_prompt import as_one
from tests.advisor.experiments import arm, experiment, reads_plainly
from tests.advisor.label_cells import answers, assembled, half, nearly_all


@pytest.mark.parametrize(
    ("metric", "seeds", "said"),
    [
        ("accuracy_score", 1, True),
        ("accuracy_score", 3, False),
        ("macro_f1_score", 1, True),
        ("macro_f1_score", 3, False),
    ],
)
def test_a_single_training_is_said_and_several_count_by_any_score(tmp_path, metric, seeds, said):
    cells = {("prompt", 0): answers(half)}
    for seed in range(seeds):
        cells["finetune", seed] = answers(lambda i, seed=seed: nearly_all(i + seed))
    found = reconcile(assembled(tmp_path, cells, metric=metric), None)
    assert (ONE_TRAINING in found.would_change_if) == said
    assert found.would_change_if != (SETTLED,) or not said
    assert not any("first training" in text for text in found.cautions)
    reads_plainly(found)


def test_a_rung_left_for_its_effort_is_named_where_its_right_answers_cost_less():
    found = experiment({"prompt": 0.5, "few_shot": 0.60, "finetune": 0.61},
                       {("finetune", "prompt"): "better"})  # fmt: skip
    held = tuple(
        dataclasses.replace(c, non_superior=(c.a, c.b) == ("finetune", "few_shot"))
        for c in found.comparisons
    )
    long = dataclasses.replace(found.rungs["few_shot"], prompt_tokens=2000.0)
    cheap = dataclasses.replace(found.rungs["finetune"], prompt_tokens=10.0)
    plain = dataclasses.replace(found.rungs["prompt"], prompt_tokens=3000.0)
    rungs = {"prompt": plain, "few_shot": long, "finetune": cheap}
    found = dataclasses.replace(found, comparisons=held, rungs=rungs)
    prices = Prices(input_per_million=1.0, output_per_million=2.0)
    said = reconcile(found, None, costs=costs_of(found, prices))
    assert said.recommended == "few_shot"
    # (2,000 + 20) / .60 against (10 + 20) / .61
    assert said.cautions[-1] == (
        "At your prices a right answer costs 68 times what it costs with fine-tuning. Whether the "
        "lower effort is worth that is yours to say."
    )
    reads_plainly(said)


def test_what_is_open_is_told_also_where_nobody_knows_how_many_questions_would_settle_it():
    """As on two questions, of which nothing can be planned; nothing to compare is not open."""
    means = {"majority": 0.6, "prompt": 0.5, "few_shot": None, "rag": 0.7}
    found = experiment(means, n_heldout=2)
    unknown = {
        name: tuple(dataclasses.replace(one, n_needed=None) for one in getattr(found, name))
        for name in ("comparisons", "floor_contrasts")
    }
    said = reconcile(dataclasses.replace(found, **unknown), None)
    untried, *left_open = said.would_change_if
    assert untried.startswith("Not tried in this check: searched prompt, constrained prompt, ")
    assert tuple(left_open) == (
        "Whether retrieval differs from prompt, and whether retrieval beats doing without a "
        "language model is left open, and how many questions would settle that cannot be told from "
        "these.",
    )
    reads_plainly(said)


def test_what_the_leader_has_still_to_beat_is_told_beside_what_else_is_open():
    means = {"prompt": 0.5, "rag": 0.5, "finetune": 0.55, "rag_finetune": 0.7}
    words = {
        ("rag", "prompt"): "equivalent",
        ("rag_finetune", "prompt"): "better",
        ("rag_finetune", "rag"): "better",
    }
    said = reconcile(experiment(means, words), None)
    assert said.headline == "Not settled yet: retrieval with fine-tuning leads."
    ends = ("fine-tuning differs from prompt.", "retrieval with fine-tuning beats fine-tuning.")
    start = "About 400 held-out questions in all would show whether "
    assert [text for text in said.would_change_if if text.startswith(start)] == [
        start + end for end in ends
    ]
    reads_plainly(said)


def test_where_none_is_advised_each_rung_that_may_yet_reach_the_target_is_named():
    means = {"prompt": 0.6, "few_shot": 0.74, "rag": 0.75}
    said = reconcile(experiment(means, target=0.8), None)
    assert said.recommended == "none"
    assert said.reasons[0] == (
        "The best rung, retrieval, reached 75 % (67–83 %), which is not shown to be the 80 % that "
        "you asked for."
    )
    assert (
        "More held-out questions would show whether prompt with examples or retrieval "
        "reaches your target of 80 %."
    ) in said.would_change_if
    reads_plainly(said)
    short = reconcile(experiment({"prompt": 0.3, "rag": 0.4}, target=0.8), None)
    assert "; you asked for 80 %." in short.reasons[0]
    assert not any("your target" in text for text in short.would_change_if)


def test_of_what_did_not_finish_only_rungs_and_floors_can_change_the_verdict():
    cells = ("oracle-s0", "index-s0", "majority-s0", "finetune-s0")
    found = experiment({"prompt": 0.5, "rag": 0.6}, failed=dict.fromkeys(cells, "out of memory"))
    said = reconcile(found, None)
    assert [text for text in said.would_change_if if "did not finish" in text] == [
        "Always the commonest answer did not finish: what is missing of it may change this.",
        "Fine-tuning did not finish: what is missing of it may change this.",
    ]


def test_under_none_the_cost_stands_on_the_rung_that_came_nearest():
    found = experiment({"prompt": 0.3, "rag": 0.4}, target=0.8)
    assert money_of(found, Prices(input_per_million=1.0, output_per_million=2.0)).standing == "rag"
    dear = dataclasses.replace(found.rungs["rag"], prompt_tokens=50_000.0)
    found = dataclasses.replace(found, rungs={**found.rungs, "rag": dear})
    prices = Prices(input_per_million=1.0, output_per_million=2.0)
    said = reconcile(found, None, costs=costs_of(found, prices))
    assert not any("At your prices" in text for text in said.cautions)


@pytest.mark.parametrize("word", ["equivalent", "worse"])
def test_what_a_leader_is_shown_not_to_beat_is_not_called_open(word):
    means = {"prompt": 0.5, "finetune": 0.54, "rag_finetune": 0.55}
    words = {("rag_finetune", "prompt"): "better", ("rag_finetune", "finetune"): word}
    said = reconcile(experiment(means, words), None)
    assert said.headline == "Not settled yet: retrieval with fine-tuning leads."
    assert not any("retrieval with fine-tuning" in text for text in said.would_change_if)
    # where the half is level with the prompt as well, the three do not go together
    level = {**words, ("finetune", "prompt"): "equivalent"}
    assert reconcile(experiment(means, level), None).would_change_if[-2] == (
        "More held-out questions would show whether retrieval with fine-tuning is worth its effort."
    )


def test_under_none_what_is_mind_of_is_the_rung_that_is_spoken_of():
    means = {"majority": 0.2, "prompt": 0.60, "rag": 0.74}
    said = reconcile(experiment(means, {("rag", "majority"): "better"}, target=0.75), None)
    assert said.recommended == "none" and "retrieval scored 74 %" in said.sentence
    (caution,) = [text for text in said.cautions if "your target" in text]
    assert caution.endswith("is not settled: it scored 74 % (66–82 %).")


def test_a_rung_that_the_floor_is_shown_to_beat_cannot_change_it_by_reaching_the_target():
    means = {"majority": 0.9, "prompt": 0.72, "rag": 0.74}
    words = {("prompt", "majority"): "worse", ("rag", "majority"): "worse"}
    said = reconcile(experiment(means, words, target=0.75), None)
    assert said.recommended == "none"
    assert not any("your target" in text for text in (*said.would_change_if, *said.cautions))


def test_a_search_that_ended_with_the_plain_prompt_is_told_as_that():
    """No number of questions would tell a prompt from itself."""
    plain = {"wording": "as it stands", "count": 0}
    searched = dataclasses.replace(arm("searched_prompt", 0.5), settings=plain)
    found = experiment({"prompt": 0.5, "searched_prompt": searched})
    held = dataclasses.replace(searched, settings={**plain, "decoding": HELD})
    other = dataclasses.replace(searched, settings={**plain, "count": 3})
    for another in (held, other):
        assert as_one(found.comparisons, {"searched_prompt": another}) == found.comparisons
    same = as_one(found.comparisons, found.rungs)
    said = reconcile(dataclasses.replace(found, comparisons=same), None)
    assert "Searched prompt is the same prompt: the search ended with the plain prompt." in (
        said.reasons
    )
    assert not any("searched prompt differs" in text for text in said.would_change_if)
    reads_plainly(said)
