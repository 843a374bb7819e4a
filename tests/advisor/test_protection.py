"""What a report says of the data: what the audit had found, and what is stated of personal data."""

import shutil
from dataclasses import replace

import pytest

from advisor import workflow
from advisor.audit import AuditReport, Finding
from advisor.kept_audit import audit_kept, keep_audit
from advisor.project import open_project
from advisor.report import build, report_format
from harness.store import Run
from tests.advisor.page_project import make_project, make_run

PII = Finding("pii", "warning", 2, ("t1", "t7"), "E-mail addresses: 2 of 40 rows.", "Anonymise.")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return make_run(make_project(tmp_path_factory.mktemp("kept") / "project"))


@pytest.fixture
def run(finished, tmp_path):
    root = shutil.copytree(finished.folder.parents[1], tmp_path / "project")
    return Run(root / "runs" / finished.name)


def parts(run, audience):
    found = workflow.experiment_of(run)
    report = build(run, found, workflow.prior_of(run), audience)
    return report, {one.key: one for one in report.sections}


def test_what_the_audit_found_is_kept_when_a_check_begins_and_told_in_its_report(run):
    report, told = parts(run, "technical")
    assert "What was odd" not in str(told["data"]), "a run of before it was kept"
    keep_audit(run, AuditReport(40, 3, (PII,)))
    assert audit_kept(run).findings == (PII,)
    report, told = parts(run, "technical")
    assert "E-mail addresses: 2 of 40 rows." in str(told["data"].blocks[-1].rows)
    said = str(told["protection"])
    assert "E-mail addresses: 2 of 40 rows." in said and "is not stated" in said
    for name in ("html", "json"):
        assert b"E-mail addresses: 2 of 40 rows." in report_format(name).render(report)


def test_an_audit_that_is_at_hand_is_kept_and_not_made_again(finished, tmp_path, monkeypatch):
    root = shutil.copytree(finished.project, tmp_path / "project")
    elsewhere = "openai:http://127.0.0.1:9/v1#none"  # no model is needed to plan
    project = open_project(root)
    settings = replace(project.settings(), generator=elsewhere, embedder=elsewhere)
    monkeypatch.setattr(workflow, "audit_of", None)
    run = workflow.start_run(project, settings=settings, audited=AuditReport(7, 0, (PII,)))
    assert audit_kept(run) == AuditReport(7, 0, (PII,))


def test_a_statement_on_personal_data_stands_in_both_reports_and_none_where_there_is_none(run):
    keep_audit(run, AuditReport(40, 3, ()))
    _, short = parts(run, "executive")
    assert "protection" not in short
    assert "found no personal data" in str(parts(run, "technical")[1]["protection"])
    file = run.folder.parents[1] / "rungwise.toml"
    with file.open("a", encoding="utf-8") as out:
        out.write('[privacy]\npurpose = "Answering <b>customers</b>"\n')
    for audience in ("executive", "technical"):
        report, told = parts(run, audience)
        assert ("Purpose", "Answering <b>customers</b>") in told["protection"].blocks[-1].pairs
        assert ("Kept until", "not stated") in told["protection"].blocks[-1].pairs
        assert b"<b>customers" not in report_format("html").render(report)


def test_a_file_that_begins_with_a_byte_order_mark_is_reported_on_and_can_be_changed(run):
    from advisor.settings_file import change

    file = run.folder.parents[1] / "rungwise.toml"
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    parts(run, "technical")
    change(file.parent, {("privacy", "access"): "Support only"})
    assert open_project(file.parent).sections.privacy.access == "Support only"
