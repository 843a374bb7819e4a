"""Fine-tuning by ``qlora``: learned on a base in 4 bits, answered and exported on the whole one."""

import json

import pytest

from advisor import workflow
from advisor.exporting import Wanted, export
from advisor.project import open_project
from harness.errors import JobError
from harness.store import Run
from tests.harness.test_adapting import Seen
from tests.harness.test_preference_rung import project_with_pairs
from tests.tuning.oracle import PEFT_WARNING

RUNGS = ("prompt", "finetune", "preference")
pytestmark = [pytest.mark.filterwarnings(PEFT_WARNING), pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def run(tmp_path_factory, tiny_model) -> Run:
    """A finished check, every cell in a process of its own."""
    root = project_with_pairs(tmp_path_factory.mktemp("four") / "project", tiny_model)
    settings = root / "rungwise.toml"
    text = settings.read_text(encoding="utf-8") + '[tuning]\nmethod = "qlora"\n'
    settings.write_text(text, encoding="utf-8")
    started = workflow.start_run(open_project(root), "first")
    assert not workflow.check(open_project(root), started).failed
    return started


def test_both_rungs_that_learn_say_how_and_answer_as_every_other_rung_does(run):
    for rung in RUNGS[1:]:
        assert run.cell(f"{rung}-s0").preparation.settings["method"] == "qlora"
    assert {run.cell(cell).path for cell in run.plan().cells if run.cell(cell).path} == {"engine"}
    plain, tuned = ([one.text for one in run.cell(f"{rung}-s0").answers] for rung in RUNGS[:2])
    assert plain != tuned, "the adapter changes nothing"


def test_the_checklist_and_the_report_say_so(run):
    experiment = json.loads((run.folder / "experiment.json").read_text(encoding="utf-8"))
    (line,) = [one for one in experiment["fairness"] if one["check"].startswith("Same base model")]
    assert line["holds"] and "in 4 bits while an adapter was learned" in line["detail"]
    (page,) = workflow.write_report(run, ("html",))
    assert "learned on weights in 4 bits" in page.read_text(encoding="utf-8")


def test_what_is_exported_answers_as_it_was_measured(run, tmp_path):
    done = export(run, Wanted("finetune"), tmp_path / "tuned")
    ties = done.parity.tied if done.parity.precision == "bfloat16" else 0
    assert done.parity.identical + ties == done.parity.asked > 0


def test_while_it_learns_the_base_is_packed_and_afterwards_it_is_whole(tmp_path, tiny_model):
    paths: set[str] = set()

    def look(message, figures) -> None:
        if message == "Training":
            paths.add(seen.bench.local().model.path)

    seen = Seen(tmp_path, tiny_model, do=look, method="qlora")
    room = seen.bench.local().model.room
    seen.train()
    model = seen.bench.local().model
    assert paths == {"library"} and model.path == "engine"
    assert model.room is room, "what is known about memory was forgotten"
    assert any(one.b.any() for _, one in model._adapted()), "no adapter is on it"


def test_a_machine_without_the_package_is_told_before_anything_runs_and_by_the_cell(
    run, tmp_path, tiny_model, monkeypatch
):
    monkeypatch.setattr("harness.settings.lacking", lambda: "no such package")
    project = open_project(run.folder.parents[1])
    with pytest.raises(Exception, match="no such package"):
        workflow.start_run(project, "second")
    monkeypatch.setattr("tuning.four_bits.lacking", lambda: "no such package")
    seen = Seen(tmp_path, tiny_model, method="qlora")
    with pytest.raises(JobError, match="no such package"):
        seen.train()
    assert seen.bench.local().model.path == "engine"
