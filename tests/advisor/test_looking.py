"""Pages while a project's data is read and audited beside them."""

from collections.abc import Iterator
from concurrent.futures import CancelledError, Future
from threading import Event

import pytest

from advisor.audit import audit
from advisor.page_parts import looking
from advisor.page_parts.looking import look_at, result_of
from advisor.project import open_project
from tests.advisor.page_project import make_project
from tests.advisor.test_pages import page, shown, words


@pytest.fixture
def project(tmp_path):
    return make_project(tmp_path / "project")


@pytest.fixture
def busy(monkeypatch) -> Iterator[Event]:
    """Other work that everything waits for until the event is set; pages are not patient."""
    monkeypatch.setattr(looking, "PATIENCE_S", 0.05)
    over = Event()
    looking._WORKER.submit(over.wait, 60)
    yield over
    over.set()


def bars(at):
    return [bar.proto.text for bar in at.get("progress")]


@pytest.mark.parametrize("name", ["data", "check"])
def test_a_page_whose_data_takes_long_is_there_at_once_and_says_so(project, busy, name):
    at = page(name, project)
    assert "The data is being read." in words(at)
    assert bars(at) == ["The data is next …"]
    busy.set()
    look_at(open_project(project)).report.result(60)
    shown(at.run())
    assert "The data is being read." not in words(at) and bars(at) == []


def test_the_data_is_shown_while_what_is_odd_is_still_looked_for(project, monkeypatch):
    monkeypatch.setattr(looking, "PATIENCE_S", 0.05)
    begun, going_on = Event(), Event()

    def slow_audit(loaded, spec, *, settings, on_finder):
        on_finder(9, 16)
        begun.set()
        going_on.wait(60)
        return audit(loaded, spec, settings=settings)

    monkeypatch.setattr(looking, "audit", slow_audit)
    look = look_at(open_project(project))
    look.loaded.result(60)
    begun.wait(60)
    try:
        at = page("data", project)
        assert "Answer briefly." in words(at) and "Should know" not in words(at)
        assert bars(at) == ["Looking for what is odd: 9 of 16"]
    finally:
        going_on.set()
    look.report.result(60)
    shown(at.run())
    assert "Should know" in words(at) and bars(at) == []


def test_a_changed_file_is_read_anew_and_work_on_the_old_one_is_given_up(project, busy):
    first = look_at(open_project(project))
    assert look_at(open_project(project)) is first
    (project / "data" / "documents" / "page1.md").write_text("Other words.", encoding="utf-8")
    second = look_at(open_project(project))
    assert second is not first
    assert first.loaded.cancelled() and first.report.cancelled()
    with pytest.raises(CancelledError):
        first._step("Reading documents", 2, 40)
    busy.set()
    assert second.loaded.result(60).documents[1].text == "Other words."


def test_documents_beside_the_data_folder_are_watched_too(project):
    (project / "handbook").mkdir()
    (project / "handbook" / "a.md").write_text("Step 1.", encoding="utf-8")
    settings = project / "rungwise.toml"
    text = settings.read_text(encoding="utf-8").replace('"data/documents"', '"handbook"')
    settings.write_text(text, encoding="utf-8")
    first = look_at(open_project(project))
    (project / "handbook" / "b.md").write_text("Step 2.", encoding="utf-8")
    assert look_at(open_project(project)) is not first


def test_work_that_failed_is_said_and_begun_anew(project):
    opened = open_project(project)
    failed = look_at(opened)
    failed.loaded = Future()
    failed.loaded.set_exception(OSError("the disk is gone"))
    with pytest.raises(OSError, match="the disk is gone"):
        result_of(opened, failed.loaded)
    assert look_at(opened) is not failed
