"""From finished cells to an experiment; most of it is tested through reports and pages."""

import pytest

from harness.assemble import assemble
from harness.types import Answer, Example, Task, TaskSpec
from tests.advisor.report_runs import put, start

LABELS = ("a", "b", "c")
HELDOUT = tuple(Example(f"h{i}", f"message {i}", (LABELS[i % 3],)) for i in range(60))
TRAIN = (Example("t", "x", ("a",)), Example("u", "y", ("b",)))


def right(i: int) -> Answer:
    return Answer(f"h{i}", LABELS[i % 3])


def wrong(i: int) -> Answer:
    return Answer(f"h{i}", LABELS[(i + 1) % 3])


@pytest.fixture(scope="module")
def experiment(tmp_path_factory):
    """A run judged by F1 over all items: retrieval is nearly always right, the prompt seldom."""
    spec = TaskSpec("desk", "label", "Sort.", labels=LABELS, metric="macro_f1_score")
    task = Task(spec, TRAIN, TRAIN, HELDOUT, (), "f1")
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


def test_what_indexing_took_is_kept_with_the_experiment(experiment):
    assert experiment.index_s == 61.0 and set(experiment.rungs) == {"prompt", "rag"}
