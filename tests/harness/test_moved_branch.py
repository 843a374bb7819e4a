"""A run on a hub model goes on with the snapshot it began with, wherever its branch points now."""

import dataclasses
import shutil

import pytest

from harness.errors import UserError
from harness.exporting import trained
from harness.models import resolve
from harness.runner import run_check
from harness.types import Example, Task, TaskSpec
from harness.workbench import Workbench
from tests.advisor.report_runs import put, start
from tests.harness.rung_bench import bench

NAME = "owner/tiny"
OLD, NEW = "a" * 40, "b" * 40
ROW = Example("e", "x", ("y",))
TASK = Task(TaskSpec("desk", "answer", "Answer."), (ROW,), (ROW,), (ROW,), (), "f00d")


@pytest.fixture
def hub(tmp_path, tiny_model, monkeypatch):
    """A cache with two snapshots whose branch was moved from the one to the other."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    folder = tmp_path / "hub" / "models--owner--tiny"
    for commit in (OLD, NEW):
        shutil.copytree(tiny_model, folder / "snapshots" / commit)
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text(NEW, encoding="utf-8")
    assert resolve(NAME, "generator").revision == NEW
    return folder


@pytest.fixture
def run(tmp_path):
    """Begun on the older snapshot."""
    run = start(tmp_path / "project" / "runs" / "one", TASK, ["prompt-s0", "finetune-s0"])
    models = {"generator": NAME, "weights": OLD, "embedder": NAME, "embedder_weights": OLD}
    run.change_plan(dataclasses.replace(run.plan(), **models))
    return run


def test_a_run_goes_on_and_its_cells_open_what_it_began_with(hub, run, tmp_path, monkeypatch):
    monkeypatch.setattr("harness.runner._run_cells", lambda run, plan, on_event: "goes on")
    assert run_check(run) == "goes on"
    tools = dataclasses.replace(
        bench(tmp_path, tmp_path, "prompt-s0", Workbench),
        generator_name=NAME, weights=OLD, embedder_name=NAME, embedder_weights=OLD,
    )  # fmt: skip
    assert tools.generator_ref.revision == OLD
    assert tools.embedder.name == f"{NAME}@{OLD}"
    shutil.rmtree(hub / "snapshots" / OLD)
    with pytest.raises(UserError) as refused:
        run_check(run)
    assert refused.value.problems[0].fix == f"run: rungwise models pull {NAME}@{OLD}"


def test_what_it_trained_is_exported_on_what_it_began_with(hub, run):
    put(run, "finetune", 0, [])
    adapter = run.folder / "adapters" / "finetune-s0"
    adapter.mkdir(parents=True)
    (adapter / "adapter_model.safetensors").touch()
    assert trained(run, "finetune").base.revision == OLD
