"""A verdict goes by the prices that stand in rungwise.toml now, however they came there."""

import json

import pytest

from advisor import workflow
from advisor.economics import costs_of
from advisor.prior import prior_of
from advisor.project import open_project
from advisor.verdict import reconcile
from harness.errors import JobError, Problem
from tests.command import here

PRICES = "\n[prices]\nmachine_per_hour = 3.6\nanswers_per_month = 50000\n"
MARK = "As it was told before."


@pytest.fixture
def config(root):
    """The project's settings."""
    return root / "rungwise.toml"


@pytest.fixture
def result(run):
    """The run's result; a mark in its verdict shows whether it was renewed."""
    file = run.folder / "experiment.json"
    stored = json.loads(file.read_text(encoding="utf-8"))
    stored["verdict"]["cautions"] = [MARK]
    file.write_text(json.dumps(stored), encoding="utf-8")
    return file


def add(file, text):
    file.write_text(file.read_text(encoding="utf-8") + text, encoding="utf-8")


def test_prices_written_by_hand_renew_the_verdict_wherever_it_is_read(config, run, result):
    add(config, PRICES)
    assert MARK not in here("show", run.folder).stdout
    found = workflow.finished(run)
    costs = costs_of(found, open_project(run.project).prices)
    assert workflow.verdict_of(found) == reconcile(found, prior_of(run), costs=costs)
    assert found.prices == {"machine_per_hour": 3.6, "answers_per_month": 50_000.0}
    assert json.loads(result.read_text(encoding="utf-8"))["prices"] == found.prices


def test_without_a_change_nothing_is_written_and_prices_taken_away_count_as_one(
    config, run, result
):
    before = result.stat().st_mtime_ns
    assert workflow.verdict_of(workflow.finished(run)).cautions == (MARK,)
    add(config, PRICES)
    priced = workflow.finished(run)
    written = result.stat().st_mtime_ns
    assert workflow.finished(run).prices == priced.prices
    assert result.stat().st_mtime_ns == written != before
    text = config.read_text(encoding="utf-8")
    config.write_text(text.removesuffix(PRICES), encoding="utf-8")
    assert workflow.finished(run).prices == {}
    assert "prices" in json.loads(result.read_text(encoding="utf-8"))


def test_a_project_that_cannot_be_read_leaves_the_verdict_as_it_was(config, run, result):
    add(config, PRICES + "[task]\nkind = 7\n")
    assert workflow.verdict_of(workflow.finished(run)).cautions == (MARK,)


def test_a_run_that_cannot_be_written_to_is_shown_as_it_was(config, run, result, monkeypatch):
    def full(path, value):
        raise JobError(Problem("no space left", "free some", str(path)))

    add(config, PRICES)
    monkeypatch.setattr("advisor.renewing.write_json", full)
    assert workflow.verdict_of(workflow.finished(run)).cautions == (MARK,)
