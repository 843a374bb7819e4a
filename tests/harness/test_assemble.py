"""From finished cells to an experiment; most of it is tested through reports and pages."""

import dataclasses

import pytest

from advisor.reading_words import about_room
from harness.assemble import assemble
from harness.experiment import DidNotFit
from harness.showing import showing
from harness.types import Answer, Example, Task, TaskSpec
from tests.advisor.report_runs import put, start

LABELS = ("a", "b", "c")
SORTING = TaskSpec("desk", "label", "Sort.", labels=LABELS, metric="macro_f1_score")
HELDOUT = tuple(Example(f"h{i}", f"message {i}", (LABELS[i % 3],)) for i in range(60))
TRAIN = (Example("t", "x", ("a",)), Example("u", "y", ("b",)))


def right(i: int) -> Answer:
    return Answer(f"h{i}", LABELS[i % 3])


def wrong(i: int) -> Answer:
    return Answer(f"h{i}", LABELS[(i + 1) % 3])


@pytest.fixture(scope="module")
def experiment(tmp_path_factory):
    """A run judged by F1 over all items: retrieval is nearly always right, the prompt seldom."""
    task = Task(SORTING, TRAIN, TRAIN, HELDOUT, (), "f1")
    run = start(tmp_path_factory.mktemp("f1") / "runs" / "first", task, ["majority-s0", "prompt-s0",
                "rag-s0"])  # fmt: skip
    put(run, "majority", 0, [Answer(e.id, "a") for e in HELDOUT], timed=False)
    put(run, "prompt", 0, [right(i) if i % 4 == 0 else wrong(i) for i in range(60)])
    put(run, "index", 0, [], timed=False)
    put(run, "rag", 0, [wrong(i) if i % 10 == 0 else right(i) for i in range(60)])
    return assemble(run, {})


def test_rungs_are_also_compared_on_a_metric_over_all_items_together(experiment):
    (found,) = experiment.comparisons
    assert (found.a, found.b, found.metric) == ("rag", "prompt", "macro_f1_score")
    means = {name: arm.scores["macro_f1_score"].mean for name, arm in experiment.rungs.items()}
    assert found.difference == pytest.approx(means["rag"] - means["prompt"])
    assert found.verdict == "better" and found.low > 0 and found.n == 60
    assert {c.a: c.verdict for c in experiment.floor_contrasts}["rag"] == "better"


def test_every_training_counts_on_a_metric_over_all_items_together(tmp_path):
    task = Task(SORTING, TRAIN, TRAIN, HELDOUT, (), "f1")
    cells = ["majority-s0", "prompt-s0", *(f"finetune-s{seed}" for seed in range(3))]
    run = start(tmp_path / "runs" / "first", task, cells)
    put(run, "majority", 0, [Answer(e.id, "a") for e in HELDOUT], timed=False)
    put(run, "prompt", 0, [right(i) if i % 2 else wrong(i) for i in range(60)])
    for seed, every in enumerate((10, 3, 2)):
        put(run, "finetune", seed, [right(i) if i % every else wrong(i) for i in range(60)])
    found = assemble(run, {})
    tuned, prompt = found.rungs["finetune"], found.rungs["prompt"]
    mean = sum(tuned.seed_scores) / 3
    score = tuned.scores["macro_f1_score"]
    assert score.mean == pytest.approx(mean) and score.low < mean < score.high
    (step,) = found.comparisons
    assert step.difference == pytest.approx(mean - prompt.seed_scores[0])
    assert step.test.endswith("t over seeds")
    # the first training alone is shown to be ahead; with the others it is not
    assert tuned.seed_scores[0] - prompt.seed_scores[0] > 0.3 and step.verdict == "inconclusive"


def test_what_indexing_took_is_kept_with_the_experiment(experiment):
    assert experiment.index_s == 61.0 and set(experiment.rungs) == {"prompt", "rag"}


def test_the_experiment_says_how_each_comparison_was_made_and_what_it_could_show(
    tmp_path, experiment
):
    (found,) = experiment.comparisons
    assert found.low < found.low_90 < found.difference < found.high_90 < found.high
    assert found.units == 60 and experiment.task.groups is None
    # two rungs, so one decision at 5 %; F1 disagrees as often as is assumed for right or wrong
    assert experiment.task.detectable == pytest.approx(showing(HELDOUT, SORTING).smallest(2))
    by_page = [dataclasses.replace(e, group=f"g{i // 3}") for i, e in enumerate(HELDOUT)]
    task = Task(SORTING, TRAIN, TRAIN, tuple(by_page), (), "f2")
    run = start(tmp_path / "runs" / "first", task, ["prompt-s0", "few_shot-s0"])
    put(run, "prompt", 0, [right(i) if i % 4 == 0 else wrong(i) for i in range(60)])
    put(run, "few_shot", 0, [wrong(i) if i % 10 == 0 else right(i) for i in range(60)])
    grouped = assemble(run, {})
    assert grouped.task.groups == 20 and grouped.comparisons[0].units == 20
    assert grouped.task.detectable > experiment.task.detectable


def test_passages_that_did_not_fit_are_counted_over_all_seeds_and_told(tmp_path):
    task = Task(SORTING, TRAIN, TRAIN, HELDOUT, (), "f1")
    cells = ["prompt-s0", "rag_finetune-s0", "rag_finetune-s1"]
    run = start(tmp_path / "runs" / "first", task, cells)
    put(run, "prompt", 0, [right(i) for i in range(60)])
    for seed, cut in enumerate((3, 1)):
        answers = [
            dataclasses.replace(right(i), dropped_contexts=2 if i < cut else 0) for i in range(60)
        ]
        put(run, "rag_finetune", seed, answers)
    found = assemble(run, {}).rungs
    assert found["rag_finetune"].did_not_fit == DidNotFit(passages=8, answers=4)
    assert found["prompt"].did_not_fit == DidNotFit() and about_room(found["prompt"]) == ""
    assert about_room(found["rag_finetune"]) == (
        "8 passages found for 4 answers were not shown, the farthest first: a prompt was longer "
        "than the model can read at once."
    )
    own = dataclasses.replace(
        found["rag_finetune"], settings={"context_tokens": 1200}, did_not_fit=DidNotFit(1, 1)
    )
    assert about_room(own) == (
        "1 passage found for 1 answer was not shown, the farthest first: passages were longer "
        "than the 1,200 tokens that you set, or than fits."
    )
