"""A test of a trained model through its real door: the command, real processes, a kill."""

import json

import pytest

from harness.beside import store_of
from tests.command import killed_once, rungwise
from tests.harness.tuned_run import HELDOUT, LEARNED, tuned_run

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def test_a_killed_test_of_a_trained_model_goes_on_and_finds_what_was_memorised(
    tmp_path, tiny_model
):
    run = tuned_run(tmp_path / "desk", tiny_model, 60)
    store = store_of(run, "forgetting")
    killed_once(
        lambda: any(e.kind == "answered" for e in store.events()[0]),
        "probe", run.folder, "forgetting",
    )  # fmt: skip

    again = rungwise("probe", run.folder, "forgetting", "--json")
    assert again.returncode == 0, again.stderr
    found = json.loads(again.stdout)
    assert sum(found["n_items"].values()) == 134 and found["rungs"]["finetune"]["n_failed"] == 0
    asked = [e for e in store.events()[0] if e.kind == "answered" and e.cell == "base-s0"]
    done = [event.figures["done"] for event in asked]
    assert done == sorted(set(done)) and done[-1] == 134, "no item is asked twice"

    told = rungwise("probe", run.folder, "memorisation", "--json")
    assert told.returncode == 0, told.stderr
    memorised = json.loads(told.stdout)
    assert memorised["rungs"]["finetune"]["level"] == "high"
    assert memorised["n_items"] == {"heldout": HELDOUT, "train": LEARNED}
