"""What was foretold beside what it took, and how far the trainings of a rung came out apart."""

import dataclasses
import json
from html import unescape

import pytest

from advisor.summary import summary
from advisor.taken_words import spreads, taken_line, taken_of, taken_rows
from advisor.workflow import experiment_of, write_report
from harness.store import Run
from tests.advisor.report_runs import fullest
from tests.harness.test_estimate import needed


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Run:
    return fullest(tmp_path_factory.mktemp("full"))


def test_every_training_of_a_rung_is_told_in_terminal_and_report(run):
    experiment = experiment_of(run)
    arm = experiment.rungs["finetune"]
    assert len(arm.seed_scores) == 2 and arm.seed_scores[0] != arm.seed_scores[1]
    mean = arm.scores[experiment.task.metric].mean
    assert sum(arm.seed_scores) / 2 == pytest.approx(mean)
    (told,) = spreads(experiment)
    assert told.startswith("Fine-tuning, one training run each: ") and told.count("%") == 2
    assert told in summary(experiment)
    (path,) = write_report(run, ("html",))
    assert told in unescape(path.read_text(encoding="utf-8"))


def test_what_was_foretold_of_each_rung_stands_beside_what_it_took(run):
    experiment = experiment_of(run)
    rungs = tuple(experiment.rungs)
    need = needed(rungs=rungs)
    taken = taken_of(experiment, need)
    assert set(taken) == {one.rung for one in need.rungs} & set(rungs)
    arm, both = experiment.rungs["finetune"], taken["finetune"]
    assert both.seconds == pytest.approx(2 * (arm.prepare_s + arm.answer_s))
    assert both.foretold_s == next(n.seconds for n in need.rungs if n.rung == "finetune")
    rows = taken_rows(dataclasses.replace(experiment, taken=taken))
    assert len(rows.rows) == len(taken) and {len(row) for row in rows.rows} == {5}
    line = taken_line(dataclasses.replace(experiment, taken=taken))
    assert "; estimated: " in line and "farthest off" in line
    assert taken_of(experiment, None) == {}


def test_a_result_from_before_scores_of_seeds_were_kept_is_still_read(run):
    file = run.folder / "experiment.json"
    raw = json.loads(file.read_text(encoding="utf-8"))
    for arm in raw["rungs"].values():
        del arm["seed_scores"]
    del raw["taken"]
    file.write_text(json.dumps(raw), encoding="utf-8")
    experiment = experiment_of(run)
    assert list(spreads(experiment)) == [] and taken_rows(experiment) is None
    assert taken_line(experiment) == ""
