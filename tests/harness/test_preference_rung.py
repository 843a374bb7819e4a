"""The rung that learns from preference pairs, from a project folder to what is told of it."""

import dataclasses
import json
import os
import signal
from pathlib import Path

import pytest

from advisor import workflow
from advisor.audit import audit
from advisor.facts import known_from
from advisor.pair_words import pair_caution, pair_words
from advisor.project import open_project
from harness.aligning import PairLessons, _Aligning
from harness.assemble import assemble
from harness.cell import run_cell
from harness.pair_scores import pair_result
from harness.rungs import rungs
from harness.runner import chosen_rungs
from harness.store import Run
from harness.types import Preferences, Preparation
from harness.work import Amounts
from tests.conftest import label_rows
from tests.harness.rung_bench import PAIRS, VIEW, bench
from tuning.recipe import PreferenceSettings, learning_rates

CELL = "preference-s1"


def project_with_pairs(root: Path, model: Path, pairs: int = 48) -> Path:
    (root / "data").mkdir(parents=True)
    rows = [{"question": row["text"], "answer": f"About {row['label']}."} for row in label_rows(60)]
    given = [
        {
            "prompt": f"What of number {i}?",
            "chosen": f"It is {i}, dear customer.",
            "rejected": "No.",
        }
        for i in range(pairs)
    ]
    for name, some in (("examples", rows), ("pairs", given)):
        text = "\n".join(json.dumps(row) for row in some)
        (root / "data" / f"{name}.jsonl").write_text(text, encoding="utf-8")
    (root / "rungwise.toml").write_text(
        f"""
[model]
generator = "{model.as_posix()}"
[data]
examples = "data/examples.jsonl"
preferences = "data/pairs.jsonl"
heldout = 12
[task]
kind = "answer"
[check]
rungs = ["prompt", "finetune", "preference"]
effort = "quick"
[preference]
learning_rate = 0.01
epochs = 6
beta = 0.03
""",
        encoding="utf-8",
    )
    return root


@pytest.fixture(scope="module")
def run(tmp_path_factory, tiny_model) -> Run:
    root = project_with_pairs(tmp_path_factory.mktemp("pairs") / "project", tiny_model)
    started = workflow.start_run(open_project(root), "first")
    for cell in started.plan().cells:
        run_cell(started, cell)
    return started


@pytest.fixture(scope="module")
def experiment(run):
    return assemble(run, {})


def test_it_goes_on_from_the_finished_adapter_of_the_same_seed_and_trains_no_second_one(run):
    settings = run.cell("preference-s0").preparation.settings
    assert settings["started_from"] == "finetune-s0"
    assert sorted(folder.name for folder in (run.folder / "adapters").iterdir()) == [
        "finetune-s0", "preference-s0"
    ]  # fmt: skip
    config = (run.folder / "adapters/preference-s0/adapter_config.json").read_bytes()
    assert config == (run.folder / "adapters/finetune-s0/adapter_config.json").read_bytes()
    assert settings["learning_rate"] == 0.01 and settings["beta"] == 0.03


def test_no_cell_is_told_which_answer_of_a_held_out_pair_is_the_better_one(run):
    told = (run.folder / "data" / "pair_queries.jsonl").read_text(encoding="utf-8")
    assert "chosen" not in told
    assert all(one.first <= one.second for one in run.pair_queries()), "not the better one first"
    heldout = {pair.id for pair in run.heldout_pairs()}
    view = run.view()
    assert heldout and not heldout & {p.id for p in (*view.preferences, *view.dev_preferences)}


def test_the_better_answer_gains_on_pairs_not_learned_from(experiment):
    """A model of random weights begins far behind on long answers, so the margin is looked at."""
    found = experiment.pairs
    assert list(found.states) == ["base", "finetune", "preference"]
    before, after = found.states["finetune"], found.states["preference"]
    assert after.chosen - after.rejected > before.chosen - before.rejected + 20
    accuracy = after.accuracy
    assert accuracy.low <= accuracy.mean <= accuracy.high
    assert accuracy.n == found.n_heldout == 12
    steps = [(gain.a, gain.b) for gain in found.gains]
    assert steps == [("finetune", "base"), ("preference", "finetune"), ("preference", "base")]


def test_the_curve_begins_with_the_fine_tuned_state_at_log_two(experiment):
    (tried,) = experiment.rungs["preference"].effort["tried"]
    assert tried["curve"][0]["step"] == 0
    assert tried["curve"][0]["dev_loss"] == pytest.approx(0.6931, abs=1e-3)
    assert tried["curve"][0]["guard"] is not None
    assert "best on the dev pairs" in experiment.rungs["preference"].settings["kept"]


def test_what_is_told_names_states_length_and_kept_state(experiment):
    words = pair_words(experiment)
    assert [row[0] for row in words.rows] == [
        "The model as it comes", "After fine-tuning", "After preference alignment"
    ]  # fmt: skip
    told = " ".join(words.notes)
    assert "without being told" in told and "tokens on average" in told
    assert "State that was kept: after step" in told and "recipes begin at 200 pairs" in told
    assert "the better answer is the longer one" in told


def test_a_gain_on_pairs_that_the_score_does_not_show_is_a_caution(experiment):
    gains = tuple(dataclasses.replace(gain, verdict="better") for gain in experiment.pairs.gains)
    pairs = dataclasses.replace(experiment.pairs, gains=gains)
    (said,) = pair_caution(dataclasses.replace(experiment, pairs=pairs))
    assert said.startswith("On 12 held-out pairs preference alignment finds the better")
    assert pair_caution(dataclasses.replace(experiment, pairs=None)) == []


def test_the_fairness_list_has_a_line_for_pairs(experiment):
    (line,) = [one for one in experiment.fairness if "pairs are apart" in one.check]
    assert line.holds is True


def test_a_pair_that_was_not_read_counts_as_failed_and_not_as_wrong(run):
    cell = run.cell("preference-s0")
    first = run.heldout_pairs()[0].id
    some = tuple(one for one in cell.pairs if one.pair_id != first)
    found = pair_result(run, run.view(), [dataclasses.replace(cell, pairs=some)])
    accuracy = found.states["preference"].accuracy
    assert (accuracy.n, accuracy.n_failed) == (11, 1)


def test_a_run_without_pairs_has_no_result_on_them(run):
    assert pair_result(run, run.view(), [run.cell("prompt-s0")]) is None


# before it runs


def test_asked_for_without_pairs_it_is_listed_with_the_reason(run):
    project = open_project(run.folder.parents[1])
    task = workflow.load(project).task
    for parts, why in (
        (Preferences(), "the project has no preference pairs"),
        (Preferences(task.preferences.train[:7]), "7 preference pairs are left to learn from"),
    ):
        bare = dataclasses.replace(task, preferences=parts)
        runnable, skipped = chosen_rungs(bare, project.settings())
        assert "preference" not in [rung.name for rung in runnable]
        assert skipped["preference"].startswith(why)


def test_audit_and_questionnaire_know_the_pairs(run):
    project = open_project(run.folder.parents[1])
    loaded = workflow.load(project)
    report = audit(loaded, project.spec())
    assert report.preferences == 48
    said = [one.message for one in report.findings if "preference pair" in one.message]
    assert any(text.startswith("48 preference pairs: published recipes begin") for text in said)
    assert any("the better answer is the longer one" in text for text in said)
    known = {one.question: one.option for one in known_from(loaded, report)}
    assert known["preferences"] == "few"


def test_the_estimate_counts_the_fine_tuning_once_where_both_rungs_run(run, tiny_model):
    amounts = Amounts(
        train=200, dev=30, heldout=50, question=40, answer=20, longest_answer=40, passage=0,
        system=20, pairs=300, dev_pairs=40, heldout_pairs=80, pair_side=70,
    )  # fmt: skip
    tries = bench(run.folder, tiny_model, "x").effort
    alone = rungs()["preference"].work(amounts, tries)
    beside = rungs()["preference"].work(dataclasses.replace(amounts, tuned_already=True), tries)
    tuned = rungs()["finetune"].work(amounts, tries)
    assert alone.learns - beside.learns == pytest.approx(tuned.learns)
    assert beside.learns == pytest.approx(300 * 2 * 90)
    assert beside.learns_at_once == 8 * 2 * 90


# killed, stopped, and refused


def prepared(folder, model, say=lambda message, figures: None, **preference):
    made = bench(folder, model, CELL)
    settings = PreferenceSettings(**{"epochs": 4, "learning_rate": 1e-2, **preference})
    effort = dataclasses.replace(made.effort, evaluations=3)
    made = dataclasses.replace(made, say=say, preference=settings, effort=effort)
    rung = rungs()["preference"].build(VIEW, made)
    return rung.prepare(None)


def test_after_a_kill_in_alignment_it_goes_on_there_and_tunes_nothing_again(tmp_path, tiny_model):
    whole = prepared(tmp_path / "whole", tiny_model)

    def kill(message, figures) -> None:
        if message == "Training" and figures["learning_rate"] == 1e-2 and figures["step"] == 9:
            os.kill(os.getpid(), signal.SIGKILL)

    child = os.fork()
    if child == 0:
        try:
            prepared(tmp_path / "killed", tiny_model, kill)
        finally:
            os._exit(1)
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1])
    said = []
    again = prepared(tmp_path / "killed", tiny_model, lambda m, f: said.append((m, dict(f))))
    steps = [(f["learning_rate"], f["step"]) for m, f in said if m == "Training"]
    assert steps == [(1e-2, step) for step in range(9, 13)]
    assert "Reading the preference pairs" not in [message for message, _ in said]
    assert again.settings == whole.settings
    curves = [one.effort["tried"][0]["curve"] for one in (again, whole)]
    for mine, theirs in zip(*curves, strict=True):
        assert mine == pytest.approx(theirs, abs=1e-5)
    assert again.effort["dev_answers"] == whole.effort["dev_answers"]


def test_who_has_enough_of_alignment_gets_the_best_so_far(tmp_path, tiny_model):
    def enough(message, figures) -> None:
        if message == "Training" and figures["learning_rate"] == 1e-2 and figures["step"] == 5:
            (tmp_path / "enough").touch()

    settings = prepared(tmp_path, tiny_model, enough).settings
    assert settings["stopped_by_user"] == "after step 5 of 12"
    assert not (tmp_path / "enough").exists(), "the next rung is not meant"


@pytest.mark.parametrize(("parameters", "share"), [(135e6, 3), (494e6, 10)])
def test_pairs_are_learned_from_at_a_share_of_fine_tunings_rate_by_the_size_of_the_base(
    tmp_path, tiny_model, parameters, share
):
    made = bench(tmp_path, tiny_model, CELL)
    made.local().model.n_parameters = int(parameters)
    usual = learning_rates(int(parameters))[0]
    # few rows took a higher rate, which is not meant for pairs
    for tuned_at, wanted in ((3 * usual, usual / share), (usual / 2, usual / 2 / share)):
        tuned = Preparation({"learning_rate": tuned_at}, {})
        aligning = _Aligning(made, tmp_path, PairLessons((), ()), tuned)
        assert aligning.rate == pytest.approx(wanted)


def test_alignment_that_diverges_keeps_the_fine_tuned_state_and_says_so(tmp_path, tiny_model):
    settings = prepared(tmp_path, tiny_model, learning_rate=1e30).settings
    assert settings["kept"].startswith("the fine-tuned state: no later one was better")
    assert "learning rate 1e+30" in settings["ended_because"]


def test_a_state_that_loses_the_tasks_own_score_is_not_kept(tmp_path, tiny_model, monkeypatch):
    scores = iter([0.9, *[0.1] * 9])
    monkeypatch.setattr("harness.trials.mean_loss", lambda *_: 1.0)
    monkeypatch.setattr(
        "harness.workbench.Workbench.dev_score",
        lambda self, *_: 0.9 if self.cell != CELL else next(scores),
    )
    settings = prepared(tmp_path, tiny_model).settings
    assert settings["epochs"] == 0
    assert "lost more of the task's own score on dev" in settings["kept"]


def test_the_pairs_of_the_bench_are_apart_from_its_examples():
    asked = {example.question for example in (*VIEW.train, *VIEW.dev)}
    assert not asked & {pair.question for pair in PAIRS}
