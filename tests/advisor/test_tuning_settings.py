"""Section [tuning] of rungwise.toml, and what a training of the whole model is refused for."""

import dataclasses

import pytest

from advisor import workflow
from advisor.new_project import create_project
from advisor.project import open_project, read_project
from harness import tuning_memory
from harness.effort import effort, effort_of
from harness.errors import JobError
from harness.estimate import need_of
from harness.runner import make_plan
from harness.speed import Speed
from harness.tuning_memory import refuse_what_does_not_fit
from harness.work import Amounts
from tests.harness.rung_bench import bench
from tests.tuning.oracle import some_rows
from tuning.recipe import TuningSettings, learning_rates
from tuning.sizes import ModelSizes

PACE = Speed(500, 200, 100, 10, 7, 300_000_000, 4, "CPU, 2 cores", "cpu", 99)


def write(project, section: str):
    with (project / "rungwise.toml").open("a", encoding="utf-8") as out:
        out.write(f"[tuning]\n{section}\n")
    return project


def test_what_is_written_is_in_the_plan_of_a_check(label_project):
    write(label_project, 'method = "full"\nlearning_rate = 1e-4\nepochs = 3\nbatch_rows = 4')
    project = open_project(label_project)
    wanted = TuningSettings("full", None, 1e-4, 3, 4)
    assert project.settings().tuning == wanted
    task = workflow.load(project).task
    assert make_plan(project.root, "r", task, project.settings()).tuning == wanted


def test_without_the_section_everything_is_as_it_was(label_project):
    assert open_project(label_project).settings().tuning == TuningSettings()
    assert effort_of("normal", TuningSettings()) == effort("normal")


def test_a_new_project_names_every_setting_and_each_can_be_taken_as_it_stands(tmp_path):
    create_project(tmp_path / "p", [])
    file = tmp_path / "p" / "rungwise.toml"
    before, rest = file.read_text(encoding="utf-8").split("[tuning]\n", 1)
    section, after = rest.split("\n[", 1)
    _, *lines = (line.removeprefix("# ") for line in section.splitlines())
    file.write_text("\n".join([before, "[tuning]", *lines, f"[{after}"]), encoding="utf-8")
    found = read_project(tmp_path / "p").settings().tuning  # it has no data yet
    assert found == TuningSettings("lora", 16, 0.0005, 3, 8, 32, 0.1, 6, 2, 2)


@pytest.mark.parametrize(
    ("section", "error", "fix"),
    [
        ('method = "lorra"', "method cannot be 'lorra'", "write one of lora, qlora, full"),
        ("method = 3", "method cannot be 3", '"lora", "qlora" or "full"'),
        ("rank = 0", "rank must be from 1 to 256", "write rank = 16"),
        ("rank = 16.5", "rank cannot be 16.5", "write rank = 16"),
        ('rank = 8\nmethod = "full"', "rank is for an adapter", "remove rank"),
        ("learning_rate = 3", "learning_rate must be above 0", "write learning_rate = 0.0005"),
        ("learning_rate = nan", "learning_rate must be above 0", "write learning_rate = 0.0005"),
        ("epochs = -1", "epochs must be above 0", "write epochs = 3"),
        ("batch_rows = 0", "batch_rows must be from 1", "write batch_rows = 8"),
        ("alpha = 0", "alpha must be from 1 to 1024", "write alpha = 32"),
        ('alpha = 8\nmethod = "full"', "alpha is for an adapter", "remove alpha"),
        ("warmup_share = 0.9", "warmup_share must be from 0 to 0.5", "write warmup_share = 0.1"),
        ("looks = 0", "looks must be from 1 to 100", "write looks = 6"),
        ("patience = 0", "patience must be from 1 to 100", "write patience = 2"),
        ("processes = 0", "processes must be from 1 to 64", "write processes = 2"),
        ("processes = true", "processes cannot be true", "write processes = 2"),
        ("looks = 2.5", "looks cannot be 2.5", "write looks = 6"),
        ("learnig_rate = 1e-3", "there is no key 'learnig_rate'", "did you mean learning_rate?"),
    ],
)
def test_what_cannot_be_is_an_error_with_what_to_write(label_project, section, error, fix):
    (problem,) = read_project(write(label_project, section)).problems
    assert error in problem.message and fix in problem.fix
    assert problem.where == "rungwise.toml, [tuning]"


def test_a_given_learning_rate_is_the_only_one_tried_and_given_epochs_are_made():
    given = effort_of("thorough", TuningSettings(learning_rate=1e-4, epochs=1.5))
    assert (given.learning_rates, given.epochs) == (1, 1.5)
    assert effort_of("quick", TuningSettings(looks=7)).evaluations == 7


def test_all_weights_learn_at_a_tenth_of_an_adapters_rate():
    for size in (135e6, 1.7e9, 7e9):
        assert learning_rates(size, "full") == pytest.approx(
            [rate / 10 for rate in learning_rates(size)]
        )


def test_the_forecast_knows_that_all_weights_need_more_memory_and_time(label_project):
    project = open_project(label_project)
    task = workflow.load(project).task
    smollm = ModelSizes(30, 576, 1536, 9, 3, 64, 49152, True)
    amounts = Amounts(60, 8, 30, 40.0, 4.0, 12, 0.0, 30.0)
    whole = dataclasses.replace(project.settings(), tuning=TuningSettings("full"))
    adapter, full = (
        next(
            need
            for need in need_of(task, settings, amounts, smollm, PACE).rungs
            if need.rung == "finetune"
        )
        for settings in (project.settings(), whole)
    )
    # a gradient and two moments of 135 million weights, 4 bytes each, less the second copy of them
    # that the adapter's rung answers by: on rows this short that is the most it ever holds
    assert full.memory_bytes - adapter.memory_bytes == pytest.approx((12 - 4) * 135e6, rel=0.1)
    assert full.seconds > 1.2 * adapter.seconds


def test_full_fine_tuning_is_refused_where_memory_is_lacking(tmp_path, tiny_model, monkeypatch):
    tools = bench(tmp_path, tiny_model, "finetune-s1")
    rows = some_rows([(20, 4)])
    full = dataclasses.replace(tools, tuning=TuningSettings("full"))
    refuse_what_does_not_fit(full, rows)
    monkeypatch.setattr(tuning_memory, "free_bytes", lambda kind: 10_000)
    refuse_what_does_not_fit(tools, rows)  # an adapter needs little beside the model
    with pytest.raises(JobError, match=r"needs \d\.\d GB more memory at the least") as refused:
        refuse_what_does_not_fit(full, rows)
    assert 'method = "lora"' in refused.value.problems[0].fix
