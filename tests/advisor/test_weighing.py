"""Rungs weighed on measured scores: figures by hand, intervals that cover, no rank reversal."""

import dataclasses
from unittest.mock import ANY

import numpy as np
import pytest

from advisor.criteria import Overrides, Scale, criteria, judgement
from advisor.deciding import finished, weigh_run
from advisor.recommend import recommend
from advisor.verdict import reconcile
from advisor.weighing import Grounds, weigh
from advisor.weighing_words import (
    against_verdict,
    flip_sentences,
    lead,
    left_out_sentences,
    likely_sentence,
    measured_sentence,
    people_sentences,
    scale_sentences,
    sentences,
    weighing_text,
    without_sentence,
)
from advisor.weights import Person
from harness.disk import write_json
from harness.errors import UserError
from harness.experiment import Latency
from harness.resampled import Resampled, resampled
from harness.stats.joint import joint_means
from tests.advisor.experiments import arm, experiment
from tests.advisor.page_project import make_project, make_run
from tests.advisor.report_runs import fullest, smallest

KEYS = [one.key for one in criteria()]
MEANS = {"prompt": 0.5, "rag": 0.8, "finetune": 0.85}
EVEN = Person("", dict.fromkeys(KEYS, 1.0))


def person(name="", **weights):
    return Person(name, {key: float(weights.get(key, 0)) for key in KEYS})


def drawn(means, n=100, seed=0):
    """What a check of n questions with these scores would give."""
    arms = {name: [1.0] * round(n * mean) + [0.0] * (n - round(n * mean)) for name, mean in
            means.items() if mean is not None}  # fmt: skip
    return Resampled(tuple(arms), joint_means(arms, seed=seed))


def weighed(means=None, people=(EVEN,), grounds=None, **more):
    means = means or MEANS
    found = experiment(means, **more)
    return weigh(found, drawn({k: v for k, v in means.items() if v != "arm"}), people, grounds)


def test_a_utility_is_the_weighted_mean_of_its_points_by_hand():
    found = weighed(people=(person(quality=6, latency=3, upkeep=1),))
    # 0.5 s on the scale 0.1 to 10: log(10 / 0.5) / log(100)
    waiting = np.log(20) / np.log(100)
    by = {one.rung: one.utility for one in found.utilities}
    assert by["rag"] == pytest.approx(0.6 * 0.8 + 0.3 * waiting + 0.1 * 0.5)
    assert by["finetune"] == pytest.approx(0.6 * 0.85 + 0.3 * waiting + 0.1 * 0.3)
    assert [one.rung for one in found.utilities] == ["finetune", "rag", "prompt"]
    assert found.shares["quality"] == pytest.approx(0.6)


def test_a_utility_is_as_unsure_as_its_quality_times_the_weight():
    sure, unsure = weighed(people=(person(upkeep=1),)), weighed(people=(person(quality=1),))
    assert all(one.low == one.utility == one.high for one in sure.utilities)
    top = unsure.first
    assert top.high - top.low == pytest.approx(2 * 1.96 * np.sqrt(0.85 * 0.15 / 100), rel=0.1)
    half = weighed(people=(person(quality=1, upkeep=1),)).utilities
    width = {one.rung: one.high - one.low for one in half}["finetune"]
    assert width == pytest.approx((top.high - top.low) / 2, rel=0.02)


def test_the_interval_of_a_utility_covers_the_true_one():
    rng = np.random.default_rng(0)
    true = {"prompt": 0.5, "rag": 0.8}
    people, covered, tries = (person(quality=7, upkeep=3),), 0, 200
    for seed in range(tries):
        hard = rng.random(80)
        scores = {name: (hard < share).astype(float) for name, share in true.items()}
        seen = {name: float(values.mean()) for name, values in scores.items()}
        draws = Resampled(tuple(scores), joint_means(scores, draws=500, seed=seed))
        found = weigh(experiment(seen), draws, people)
        for one in found.utilities:
            upkeep = judgement(one.rung, "upkeep", Overrides()).value
            covered += one.low <= 0.7 * true[one.rung] + 0.3 * upkeep <= one.high
    assert 0.92 <= covered / (2 * tries) <= 0.99


def test_the_chance_of_being_best_is_one_half_for_two_that_are_level():
    a = {"few_shot": 0.6, "constrained": 0.6}
    half = {name: arm(name, 0.6) for name in a}
    first, last = [1.0, 1.0, 1.0, 0.0, 0.0] * 40, [0.0, 0.0, 1.0, 1.0, 1.0] * 40
    arms = {"few_shot": first, "constrained": last}
    draws = Resampled(tuple(arms), joint_means(arms))
    found = weigh(experiment(half), draws, (person(quality=1),))
    assert [one.best for one in found.utilities] == pytest.approx([0.5, 0.5], abs=0.03)
    assert sum(one.best for one in found.utilities) == pytest.approx(1)


def test_leaving_a_rung_out_changes_no_utility_and_no_order():
    every = weighed()
    fewer = weighed({"prompt": 0.5, "rag": 0.8})
    kept = {one.rung: one.utility for one in every.utilities if one.rung != "finetune"}
    assert {one.rung: one.utility for one in fewer.utilities} == pytest.approx(kept)


def test_cost_is_money_where_prices_are_known_and_else_seconds_and_says_so():
    without = weighed()
    assert not without.priced
    cost = next(one for one in without.values if one.criterion == "cost")
    assert cost.shown == "0.1 s of computing", "10 s for 100 questions"
    assert cost.value == pytest.approx(0.75)
    assert any("no prices are known" in line for line in scale_sentences(without, Grounds()))
    grounds = Grounds(prices={"prompt": 0.0001, "rag": 0.01, "finetune": 1.0})
    found = weighed(grounds=grounds)
    assert [v.value for v in found.values if v.criterion == "cost"] == pytest.approx([1, 0.5, 0])
    told = scale_sentences(found, grounds)
    assert any("0.0001 or less an answer is 100" in line for line in told)


def test_a_project_can_set_its_own_judgement_scale_and_waiting_time():
    slow = dataclasses.replace(arm("rag", 0.8), latency_s=Latency(0.5, 5.0, 6.0, 40))
    grounds = Grounds(Overrides("p95", {"latency": Scale(1, 25)}, {"rag": {"upkeep": 1.0}}))
    found = weigh(experiment({"rag": slow}), drawn({"rag": 0.8}), (EVEN,), grounds)
    by = {one.criterion: one for one in found.values}
    assert by["latency"].value == pytest.approx(0.5) and by["latency"].shown == "5.0 s"
    assert by["upkeep"].value == 1.0 and by["upkeep"].because == "rungwise.toml says so"


def test_a_metric_where_lower_is_better_is_turned_round(monkeypatch):
    from harness.metric import Metric

    lower = Metric("accuracy_error", "wrong", frozenset({"label"}), item=ANY)
    monkeypatch.setattr("advisor.weighing.metric", lambda name: lower)
    found = weighed(people=(person(quality=1),))
    assert found.first.rung == "prompt" and found.first.utility == pytest.approx(0.5)


def test_what_cannot_be_weighed_is_left_out_with_the_reason():
    untimed = dataclasses.replace(arm("finetune", 0.9), latency_s=Latency(None, None, None, 0))
    found = weigh(
        experiment({"prompt": 0.5, "few_shot": None, "rag": 0.8, "finetune": untimed}),
        drawn({"prompt": 0.5, "rag": 0.8, "finetune": 0.9}),
        (EVEN,),
        Grounds(ruled_out={"rag": "nothing is written down"}),
    )
    assert [one.rung for one in found.utilities] == ["prompt"]
    assert left_out_sentences(found) == [
        "Prompt with examples is left out: it has no score.",
        "Retrieval is left out: ruled out by your answers: nothing is written down.",
        "Fine-tuning is left out: it was not timed.",
    ]
    assert lead(found).endswith("It is the only rung that could be weighed.")
    assert flip_sentences(found) == []


def test_a_tail_that_was_not_timed_says_what_to_write_instead():
    with pytest.raises(UserError, match="too few questions were timed"):
        weighed(grounds=Grounds(Overrides("p95")))


def test_a_rung_without_a_price_is_left_out_and_none_at_all_is_an_error():
    found = weighed(grounds=Grounds(prices={"prompt": 0.1}))
    assert found.left_out == {"rag": "it has no price", "finetune": "it has no price"}
    with pytest.raises(UserError, match="no rung can be weighed"):
        weighed(grounds=Grounds(prices={}))


# words


def test_the_sentences_say_when_the_first_place_would_change():
    found = weighed(people=(person(quality=8, upkeep=2),))
    told = flip_sentences(found)
    # rag leads finetune while 0.05 q < 0.2 (1 − q), that is below q = 0.8: they are level here
    assert found.first.rung == "rag" and told[0].startswith("Only if quality weighed more than 80")
    upkeep = [line for line in told if line.startswith("Only if upkeep weighed more")]
    # prompt overtakes rag where 0.3 (1 − u) = 0.5 u
    assert upkeep == ["Only if upkeep weighed more than 38 % (now 20 %) would prompt come first."]
    assert told[-1].startswith("However much or little ")


def test_what_judgements_decide_is_said():
    judged = weighed(people=(person(quality=5, upkeep=5),))
    assert measured_sentence(judged) == (
        "On what was measured alone fine-tuning would come first: the judgements decide here."
    )
    assert "no judgement decides" in measured_sentence(weighed(people=(person(quality=1),)))
    assert "rests on judgements" in measured_sentence(weighed(people=(person(upkeep=1),)))
    assert without_sentence(judged) == (
        "The first place hangs on single criteria: without upkeep it would be fine-tuning."
    )


def test_a_weighing_that_differs_from_the_verdict_says_so():
    found = experiment(MEANS, {("rag", "prompt"): "better", ("finetune", "prompt"): "better",
                               ("finetune", "rag"): "equivalent"})  # fmt: skip
    verdict = reconcile(found, None)
    assert verdict.recommended == "rag"
    same = weighed(people=(person(quality=7, upkeep=3),))
    assert "says the same" in against_verdict(same, verdict)
    other = against_verdict(weighed(people=(person(quality=1),)), verdict)
    assert "says retrieval. The weights make the difference" in other
    none = dataclasses.replace(verdict, recommended="none", headline="None is good enough.")
    assert "make none of them good enough" in against_verdict(weighed(), none)
    gone = weighed(grounds=Grounds(ruled_out={"rag": "x"}))
    assert "which is not weighed" in against_verdict(gone, verdict)


def test_people_see_what_each_would_put_first_and_how_far_they_agree():
    people = (person("Ada", quality=10), person("Bo", upkeep=10))
    found = weighed(people=people)
    told = people_sentences(found)
    assert told[0] == "2 people, each counting alike. Ada: fine-tuning first; Bo: prompt first."
    # ranks 7 and six tied at 3.5, in two different places
    assert found.agreement.w == pytest.approx(0.4167, abs=1e-4) and "agree in part" in told[1]
    assert people_sentences(weighed()) == []


def test_everything_reads_plainly():
    found = experiment(MEANS)
    text = weighing_text(weighed(), Grounds(), reconcile(found, None))
    assert "None" not in text and "nan" not in text and "judgements from how a rung works" in text
    for line in sentences(weighed(), reconcile(found, None)):
        assert line[0].isupper() and line.endswith("."), line
    assert "Of 10,000 weightings" in likely_sentence(weighed())


# from the stored files


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    return fullest(tmp_path_factory.mktemp("full"))


def test_stored_scores_give_the_means_of_the_experiment(full):
    of = finished(full)
    found = resampled(full, of.experiment)
    assert found.rungs == tuple(of.experiment.rungs)
    for name, mean in zip(found.rungs, found.draws.mean(axis=0), strict=True):
        stored = of.experiment.rungs[name].scores[of.experiment.task.metric]
        # the coin of one unknown cluster among ten pulls towards one half
        assert mean == pytest.approx(stored.mean + (0.5 - stored.mean) / 11, abs=0.02)
        low, high = np.quantile(found.draws[:, found.rungs.index(name)], [0.025, 0.975])
        # the unknown cluster makes it wider, most where the ten known ones are all alike
        assert 0.8 <= (high - low) / (stored.high - stored.low) <= 2


def test_the_smallest_run_can_be_weighed(tmp_path):
    found = weigh_run(finished(smallest(tmp_path))).weighing
    assert found.first.rung == "prompt" and found.first.best == 1.0
    assert 0 <= found.first.low < found.first.utility < found.first.high <= 1


def test_a_metric_over_all_answers_is_weighed_from_the_answers(tmp_path):
    from tests.advisor.report_runs import Answer, Example, Task, TaskSpec, finish, put, start

    spec = TaskSpec("s", "label", "Sort.", labels=("a", "b"), metric="macro_f1_score")
    items = tuple(Example(f"h{i}", f"message {i}", ("ab"[i % 2],)) for i in range(40))
    task = Task(spec, (Example("t", "x", ("a",)),), (Example("d", "y", ("b",)),), items, (), "f1")
    run = start(tmp_path / "runs" / "f1", task, ["prompt-s0", "few_shot-s0", "few_shot-s1"])
    put(run, "prompt", 0, [Answer(f"h{i}", "a") for i in range(40)])
    for seed, every in ((0, 5), (1, 3)):  # of the right ones, so many are not
        said = ["ab"[i % 2 if i % every else 0] for i in range(40)]
        put(run, "few_shot", seed, [Answer(f"h{i}", text) for i, text in enumerate(said)])
    finish(run, None)
    of = finished(run)
    draws = resampled(run, of.experiment)
    for name, mean in zip(draws.rungs, draws.draws.mean(axis=0), strict=True):
        stored = of.experiment.rungs[name].scores["macro_f1_score"].mean
        assert mean == pytest.approx(stored, abs=0.02)
    one, other = of.experiment.rungs["few_shot"].seed_scores
    assert abs(one - other) > 0.05, "the second training counts, or the mean would not be met"
    assert weigh_run(of).weighing.first.rung == "few_shot"


def test_a_run_without_its_scores_says_how_to_get_them(tmp_path):
    run = smallest(tmp_path)
    (run.folder / "scores.json").unlink()
    with pytest.raises(UserError, match="missing"):
        weigh_run(finished(run))
    (run.folder / "scores.json").write_text("{", encoding="utf-8")
    with pytest.raises(UserError, match="damaged"):
        weigh_run(finished(run))


def test_the_projects_weights_count_and_its_answers_propose_where_there_are_none(tmp_path):
    root = make_project(tmp_path / "p")
    run = make_run(root)
    before = weigh_run(finished(run))
    assert before.proposed and before.weighing.shares["citation"] == pytest.approx(1 / 19)
    (root / "answers.toml").write_text('[answers]\ncitations = "must"\n', encoding="utf-8")
    assert weigh_run(finished(run)).weighing.shares["citation"] == pytest.approx(8 / 26)
    with (root / "rungwise.toml").open("a", encoding="utf-8") as file:
        file.write("[weights]\nupkeep = 4\n")
    after = weigh_run(finished(run))
    assert not after.proposed and after.weighing.shares["upkeep"] == 1.0
    assert after.weighing.first.rung == "few_shot", "prompt and fine-tuning do not beat the floor"


def test_what_the_answers_forbid_is_not_weighed_and_what_only_waits_is(tmp_path):
    run = make_run(make_project(tmp_path / "p"))
    prior = recommend({"citations": "must", "held_out_set": "none"})
    kinds = {one.rung: one.waiting for one in prior.blocked}
    assert kinds["finetune"] is False and kinds["rag"] is True
    write_json(run.folder / "prior.json", prior)
    found = weigh_run(finished(run)).weighing
    assert "ruled out by your answers" in found.left_out["finetune"]
    assert "rag" in [one.rung for one in found.utilities]


def test_what_is_not_ahead_of_doing_without_a_model_is_not_weighed_unless_nothing_is(tmp_path):
    run = make_run(make_project(tmp_path / "p"))
    found = weigh_run(finished(run)).weighing
    assert set(found.left_out) == {"prompt", "finetune"}
    assert found.left_out["prompt"] == (
        "it is not ahead of doing without a language model (always the commonest answer, 0 %)"
    )
    experiment = finished(run).experiment
    alone = {name: experiment.rungs[name] for name in found.left_out}
    only = dataclasses.replace(experiment, rungs=alone)
    people = (Person("", {"quality": 1.0}),)
    assert weigh(only, resampled(run, experiment), people).left_out == {}


def test_a_criterion_that_has_all_the_weight_decides_alone():
    only = weighed(people=(person(quality=1),))
    assert without_sentence(only) == "Only quality counts, so it decides alone."
