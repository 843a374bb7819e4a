"""The held-out items of a run, for walking through them: a failed answer is a failure, no zero."""

import pytest

from advisor.items import choices, items_of
from advisor.report.sources import read_sources
from advisor.workflow import experiment_of, prior_of
from harness.types import Answer, Example, Failure, Task, TaskSpec
from tests.advisor.report_runs import finish, put, start

SPEC = TaskSpec("small", "label", "Sort.", labels=("a", "b"), metric="accuracy_score")


@pytest.fixture
def sources(tmp_path):
    """Prompt is right but for the last; examples fail on the first and disagree on the last."""
    heldout = tuple(Example(f"h{i}", f"message {i}", ("a",)) for i in range(3))
    rows = (Example("t", "x", ("a",)),), (Example("d", "y", ("b",)),)
    run = start(tmp_path / "runs" / "one", Task(SPEC, *rows, heldout, (), "f"),
                ["prompt-s0", "few_shot-s0"])  # fmt: skip
    put(run, "prompt", 0, [Answer("h0", "a"), Answer("h1", "a"), Answer("h2", "b")])
    put(run, "few_shot", 0, [Answer("h1", "a"), Answer("h2", "a")],
        [Failure("h0", "prompt_too_long", "")])  # fmt: skip
    finish(run, None)
    return read_sources(run, experiment_of(run), prior_of(run))


def test_a_failed_answer_is_no_disagreement(sources):
    found = items_of(sources)
    assert [one.example.id for one in found] == ["h2", "h0", "h1"]
    assert {one.example.id: one.spread for one in found} == {"h2": 1.0, "h0": 0.0, "h1": 0.0}
    ways = choices(found, sources.experiment, "few_shot")
    assert [one.example.id for one in ways["Where the rungs disagree"]] == ["h2"]
    assert [one.example.id for one in ways["An answer failed"]] == ["h0"]
