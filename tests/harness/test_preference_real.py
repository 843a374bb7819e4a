"""Preference alignment on real sentences: the better one states every given fact."""

import dataclasses
import json
from pathlib import Path

import pytest

from harness.preferences import blind
from harness.rungs import rungs
from harness.split import take
from harness.types import Example, Preference, TaskSpec, TrainView
from harness.workbench import Workbench
from tests.harness.rung_bench import bench

pytestmark = [pytest.mark.slow, pytest.mark.real_data]
SPEC = TaskSpec("e2e", "text", "Describe the restaurant in one or two sentences.")
TUNED, ALIGNED, DEV, MEASURED = 160, 320, 24, 100
"""Rows to tune on; pairs to learn from, to choose by and to measure on."""


def parts(file: Path) -> tuple[TrainView, list[Preference]]:
    """What the rung learns from, and the held-out pairs; no question is in both."""
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    pairs = {
        f"p{i}": Preference(f"p{i}", row["prompt"], row["chosen"], row["rejected"])
        for i, row in enumerate(rows)
    }
    examples = [Example(pair.id, pair.question, (pair.chosen,)) for pair in pairs.values()]
    rest, aside = take(examples, MEASURED, "text", 0)
    rest, dev = take(rest, DEV, "text", 1)
    learned = tuple(pairs[row.id] for row in rest[:ALIGNED])
    chosen_by = tuple(pairs[row.id] for row in dev)
    view = TrainView(SPEC, rest[:TUNED], dev, (), learned, chosen_by)
    return view, [pairs[row.id] for row in aside]


@pytest.mark.timeout(7200)
def test_alignment_raises_pair_accuracy_on_questions_not_learned_from(
    real_data, tmp_path, record_property
):
    """From about one half to three quarters or more, after one pass over 320 pairs."""
    view, heldout = parts(real_data / "dpo_e2e_faithful" / "pairs.jsonl")
    tools = bench(tmp_path, Path("smollm2-135m-instruct"), "preference-s1", Workbench)
    tools = dataclasses.replace(tools, spec=SPEC, view=view)
    rung = rungs()["preference"].build(view, tools)
    settings = rung.prepare(None).settings
    right = dict.fromkeys(("base", "finetune", "preference"), 0)
    first = {pair.id: pair.chosen <= pair.rejected for pair in heldout}
    for one in rung.read_pairs(blind(heldout)):
        right[one.state] += (one.first > one.second) == first[one.pair_id]
    shares = {state: count / len(heldout) for state, count in right.items()}
    record_property("pair_accuracy", shares)
    assert shares["base"] < 0.6
    assert shares["preference"] >= 0.75, (shares, settings)
    assert shares["preference"] > shares["finetune"]
