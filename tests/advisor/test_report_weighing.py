"""The weighing in a report: the order, where it flips, and places under any weights."""

import json

import pytest

from advisor.report import build, report_format
from advisor.report.document import Figure, Table
from advisor.weighing_words import weights_sentence
from advisor.workflow import experiment_of, prior_of
from tests.advisor.page_project import make_project, make_run
from tests.advisor.report_runs import fullest, smallest


@pytest.fixture
def run(tmp_path):
    return make_run(make_project(tmp_path / "project"))


def report_of(run, audience="technical"):
    return build(run, experiment_of(run), prior_of(run), audience)


def weighed(report):
    return next(part for part in report.sections if part.key == "weigh")


def html(run):
    return report_format("html").render(report_of(run)).decode().replace("\u00a0", " ")


def test_a_report_weighs_the_rungs_and_says_which_weight_would_change_the_order(run):
    part = weighed(report_of(run))
    ranked, places, points = (block for block in part.blocks if isinstance(block, Table))
    assert ranked.head == ("Rung", "Of 100", "95 % interval", "Comes first") and ranked.strong == 0
    assert ranked.rows[0][0] == "Retrieval"
    assert places.head[1] == "place 1" and len(places.rows) == 2
    assert points.rows[0][0] == "Quality"
    assert any(isinstance(block, Figure) for block in part.blocks)
    said = html(run)
    assert "With these weights retrieval comes first" in said
    assert "Only if " in said and "would prompt with examples come first" in said
    assert "Of 10,000 weightings drawn at random" in said


def test_weights_that_nobody_has_set_are_said_to_be_the_usual_ones(run):
    report = report_of(run)
    assert report.weighed is not None and report.weighed.proposed
    assert weights_sentence(report.weighed.weighing, of_answers=True) in html(run)
    file = run.folder.parents[1] / "rungwise.toml"
    with file.open("a", encoding="utf-8") as more:
        more.write("[weights]\nupkeep = 1\n")
    assert "The weights are those in rungwise.toml." in html(run)


def test_json_has_the_weighing_as_numbers_and_as_sentences(run):
    told = json.loads(report_format("json").render(report_of(run, "executive")))["report"]
    found = told["weighing"]
    assert found["utilities"][0]["rung"] == "rag"
    assert {"low", "high", "best"} <= set(found["utilities"][0])
    assert found["sensitivity"]["flips"] and found["sensitivity"]["acceptability"]


def test_weights_that_cannot_be_read_leave_the_report_whole_and_say_why(run):
    file = run.folder.parents[1] / "rungwise.toml"
    with file.open("a", encoding="utf-8") as more:
        more.write("[weights]\nquality = 99\n")
    report = report_of(run)
    (paragraph,) = weighed(report).blocks
    assert paragraph.text.startswith("The rungs are not weighed: rungwise.toml, [weights]: the")
    assert report.weighed is None
    assert json.loads(report_format("json").render(report))["report"]["weighing"] is None


@pytest.mark.parametrize("make", [smallest, fullest])
def test_a_run_apart_from_a_whole_project_is_weighed_too(make, tmp_path):
    report = report_of(make(tmp_path / "apart"))
    assert weighed(report).blocks[0].text.startswith("With these weights ")
