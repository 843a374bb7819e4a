"""The page Decide, and what Start says of decisions, through the real scripts."""

# ruff: noqa: F811 (fixtures of the other pages, taken over by name)

import json
import shutil
import tomllib

import pytest

from advisor.decision import Triggers, decided, decision_of, evidence_of, record
from advisor.report import build
from advisor.weights import Person
from advisor.weights_saving import save_people
from advisor.workflow import experiment_of
from tests.advisor.page_project import HOSTILE
from tests.advisor.test_pages import (  # noqa: F401
    own_projects,
    page,
    patience,
    project,
    run,
    shown,
    words,
)


def decide(run, **more):
    experiment = experiment_of(run)
    given = {"rung": "rag", "by": "Ada", "why": "It reads.", "triggers": Triggers(), **more}
    evidence = evidence_of(experiment)
    made = decided(given["rung"], given["by"], given["why"], evidence, given["triggers"])
    record(run, made, experiment)


def written(project):
    return tomllib.loads((project / "rungwise.toml").read_text(encoding="utf-8")).get("weights")


def test_the_page_says_what_comes_first_why_and_what_would_change_it(project, run):
    at = page("decide", project, run.name)
    said = words(at)
    assert "nothing is decided yet" in said and "With these weights retrieval comes first" in said
    assert "Only if " in said and "Of 10,000 weightings drawn at random" in said
    assert "judgements from how a rung works, not measurements" in said
    assert len(at.get("vega_lite_chart")) == 2
    assert [slider.label.split(" ")[0] for slider in at.slider] == [
        "Quality", "Cost", "Waiting", "Freshness", "Sources", "Privacy", "Upkeep",
    ]  # fmt: skip
    assert written(project) is None, "looking changes nothing"


def test_where_no_rung_is_recommended_that_is_said_before_the_order_and_larger(project, run):
    file = run.folder / "experiment.json"
    known = json.loads(file.read_bytes())
    known["verdict"] |= {"recommended": "none", "headline": "None of these."}
    file.write_text(json.dumps(known), encoding="utf-8")
    said = words(page("decide", project, run.name))
    lead = said.index('<p class="rw-lead">The verdict of the check is: None of these.')
    heading = said.index("Among the rungs, by your weights")
    assert lead < heading < said.index('<p class="rw-p">With these weights retrieval comes first')
    report = build(run, experiment_of(run), None)
    sections = {part.key: part for part in report.sections}
    assert sections["why"].title == "Why none of them"
    first = sections["weigh"].blocks[0].text
    assert first.index("None of these.") < first.index("With these weights")


def test_a_moved_slider_is_written_at_once_and_moves_the_order(project, run):
    at = page("decide", project, run.name)
    at.slider(key="weight||upkeep").set_value(10)
    shown(at.run())
    assert written(project)["upkeep"] == 10 and written(project)["quality"] == 10
    assert "# a remark of the user" in (project / "rungwise.toml").read_text(encoding="utf-8")
    at.slider(key="weight||quality").set_value(0)
    said = words(shown(at.run()))
    assert "With these weights prompt with examples comes first" in said
    assert "The weights make the difference" in said
    again = page("decide", project, run.name)
    assert again.slider(key="weight||quality").value == 0, "a new session sees the same"


def test_weights_that_cannot_be_used_are_said_and_nothing_is_lost(project, run):
    save_people(project, (Person("", {"quality": 3.0, "upkeep": 0.0}),), ())
    at = page("decide", project, run.name)
    at.slider(key="weight||quality").set_value(0)
    said = words(shown(at.run()))
    assert "all weights are 0" in said and "give at least one criterion more than 0" in said
    assert written(project)["quality"] == 3 and at.slider(key="weight||quality").value == 3


def test_a_weight_that_was_written_by_hand_with_a_point_is_shown_and_kept(project, run):
    save_people(project, (Person("", {"quality": 2.5, "cost": 1.0}),), ())
    at = page("decide", project, run.name)
    assert at.slider(key="weight||quality").value == 2.5
    at.slider(key="weight||cost").set_value(4)
    shown(at.run())
    assert written(project)["quality"] == 2.5 and written(project)["cost"] == 4


def test_people_come_weigh_for_themselves_and_go(project, run):
    at = page("decide", project, run.name)
    for name in ("Ada", HOSTILE):
        at.text_input(key="person_name").set_value(name)
        at.button(key="person_add").click()
        shown(at.run())
    assert list(written(project)) == ["Ada", " ".join(HOSTILE.split())]
    assert at.selectbox(key="weights_of").value == HOSTILE
    at.slider(key=f"weight|{HOSTILE}|quality").set_value(0)
    said = words(shown(at.run()))
    assert "2 people, each counting alike. Ada: retrieval first" in said
    assert "Kendall’s W" in said and "<script>alert" not in said
    assert written(project)["Ada"]["quality"] == 10
    at.button(key="person_out").click()
    shown(at.run())
    assert list(written(project)) == ["Ada"]
    at.text_input(key="person_name").set_value("Ada")
    at.button(key="person_add").click()
    assert "Ada is taken" in words(shown(at.run()))


def test_a_decision_is_recorded_shown_changed_and_kept(project, run):
    at = page("decide", project, run.name)
    assert at.selectbox(key="decide_rung").value is None, "the choice is the user's"
    (button,) = [one for one in at.button if one.label == "Record the decision"]
    button.click()
    said = words(shown(at.run()))
    assert "nothing is chosen" in said and "nobody is named" in said and "no reason" in said
    assert decision_of(run) is None
    at.selectbox(key="decide_rung").set_value("rag")
    at.text_input(key="decide_by").set_value(f"Ada {HOSTILE}")
    at.text_area(key="decide_why").set_value("It reads the pages.")
    at.number_input(key="decide_above").set_value(5000.0)
    (button,) = [one for one in at.button if one.label == "Record the decision"]
    button.click()
    said = words(shown(at.run()))
    kept = decision_of(run)
    assert kept.rung == "rag" and kept.triggers.volume_above == 5000
    assert kept.triggers.changes_above is None and kept.evidence.first == "rag"
    assert "It reads the pages." in said and "More than 5,000 answers" in said
    assert "<script>alert" not in said and ">stands</span>" in said
    at.selectbox(key="decide_rung").set_value("none")
    at.text_input(key="decide_by").set_value("Bo")
    at.text_area(key="decide_why").set_value("Too dear.")
    (button,) = [one for one in at.button if one.label == "Record the change"]
    button.click()
    said = words(shown(at.run()))
    assert "Changed 1 time; before: Use retrieval." in said and "It reads the pages." in said
    assert decision_of(run).why == "Too dear."


def test_what_reopens_a_decision_is_said_here_and_at_the_start(project, run):
    decide(run)
    assert "Decided: Use retrieval." in words(page("start", project))
    text = (project / "rungwise.toml").read_text(encoding="utf-8")
    other = text + '[model]\ngenerator = "<b>other</b>"\n'
    (project / "rungwise.toml").write_text(other, encoding="utf-8")
    for name in ("decide", "start"):
        said = words(page(name, project, run.name))
        assert "Look at it again: The base model is &lt;b&gt;other&lt;/b&gt; now" in said


def test_a_decision_on_a_review_day_that_has_passed_can_still_be_changed(project, run):
    decide(run, triggers=Triggers(review="2099-01-01"))
    file = run.folder / "decision.json"
    known = json.loads(file.read_bytes())
    known["decisions"][0]["triggers"]["review"] = "2020-01-01"
    file.write_text(json.dumps(known), encoding="utf-8")
    at = page("decide", project, run.name)
    assert "The review date, 2020-01-01, has come." in words(at)
    assert ">look again</span>" in words(at)
    assert at.date_input(key="decide_review").value is None


def test_it_can_be_decided_where_nothing_can_be_weighed(project, run):
    (run.folder / "scores.json").unlink()
    at = page("decide", project, run.name)
    said = words(at)
    assert "scores.json: missing" in said and "With these weights" not in said
    assert at.selectbox(key="decide_rung").options[0] == "Prompt"


def test_a_damaged_record_is_said_and_not_written_over(project, run):
    (run.folder / "decision.json").write_text("{", encoding="utf-8")
    at = page("decide", project, run.name)
    assert "damaged" in words(at) and "The result cannot be read." in words(at)
    assert "damaged" in words(page("start", project)), "and the list of projects says it too"


def test_the_report_that_was_looked_at_before_shows_a_later_decision(project, run):
    at = page("report", project, run.name)
    before = at.get("iframe")[0].proto.src
    decide(run, why="Written later.")
    assert page("report", project, run.name).get("iframe")[0].proto.src != before


def test_how_often_answers_and_measurement_agreed_is_said(project, run):
    file = run.folder / "experiment.json"
    known = json.loads(file.read_bytes())
    known["verdict"]["agreement"] = "confirmed"
    file.write_text(json.dumps(known), encoding="utf-8")
    told = "Of 5 finished checks the measurement pointed where the answers had pointed in 5."
    for number in range(4):
        assert "finished check" not in words(page("start", project)), "so few say nothing"
        shutil.copytree(run.folder, run.folder.with_name(f"again{number}"))
    assert told in words(page("decide", project, run.name))
    assert told in words(page("start", project))


@pytest.mark.parametrize("rung", ["rag", "prompt"])
def test_a_run_can_be_decided_on_whatever_it_advises(project, run, rung):
    decide(run, rung=rung)
    assert f"decided by Ada on {decision_of(run).at[:10]}" in words(page("decide", project))
