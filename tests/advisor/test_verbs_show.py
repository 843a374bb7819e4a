"""rungwise show: the tables of a run, and on request all that the report knows."""

import json

import pytest

from advisor.report import report_format
from advisor.report.build import build
from advisor.workflow import experiment_of, prior_of
from tests.advisor.page_project import make_project, make_run
from tests.command import here


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return make_run(make_project(tmp_path_factory.mktemp("show") / "project"))


def test_show_says_which_conditions_of_fairness_do_not_hold_and_what_was_lost_for(run):
    out = here("show", run.folder).stdout
    assert "Was it fair:\n  - 7 of 11 conditions hold\n" in out
    assert "does not hold: No answer failed. 1 failed" in out
    assert "With retrieval 18 of 21 lost points were for want of knowledge." in out
    assert "rungwise show" in out and "--all" in out
    assert "Answers side by side" not in out


def test_show_all_adds_conditions_items_parts_and_weights_and_repeats_nothing(run):
    done = here("show", run.folder, "--all")
    assert done.returncode == 0 and done.stderr == ""
    out = done.stdout
    assert "Was it fair?" in out and "Every rung answered the same held-out questions  yes" in out
    assert "The questions that tell most" in out
    assert "Retrieval: Of 100 points 21 were lost: 18 for want of knowledge" in out
    assert "3. Retrieval right, prompt wrong\n   question: How many days does step 2 take?" in out
    assert "Retrieval (failed: prompt too long)\n" in out
    assert "Weighed by what matters:" in out
    assert out.count("With retrieval 18 of 21 lost points") == 1
    assert max(map(len, out.splitlines())) < 1000, "long texts are cut"


def test_the_axes_stand_in_the_json_report(run):
    report = build(run, experiment_of(run), prior_of(run), "executive")
    axes = json.loads(report_format("json").render(report))["report"]["axes"]
    places = {one["rung"]: one["points"] for one in axes}
    assert places["rag"] == [18, 3, 0] and places["prompt"] == [0, 0, 100]
