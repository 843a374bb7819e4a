import json
import os

import pytest

from advisor.project import CONFIG, open_project
from advisor.shelf import projects_folder, recent, take_files, take_sample
from harness.errors import UserError
from tests.advisor.page_project import make_project, make_run
from tests.conftest import label_rows


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    monkeypatch.setenv("RUNGWISE_PROJECTS", str(tmp_path / "shelf"))
    return tmp_path / "shelf"


def rows(n: int = 40) -> bytes:
    return "\n".join(json.dumps(row) for row in label_rows(n)).encode()


def test_projects_are_kept_where_the_user_says(shelf, monkeypatch):
    assert projects_folder() == shelf
    monkeypatch.setenv("RUNGWISE_PROJECTS", "~/mine")
    assert projects_folder().is_absolute() and projects_folder().name == "mine"
    monkeypatch.delenv("RUNGWISE_PROJECTS")
    assert projects_folder().name == "rungwise-projects"


def test_an_empty_shelf_is_an_empty_list(shelf):
    assert recent() == []


def test_what_the_demo_made_below_this_folder_is_listed_unless_another_folder_is_named(
    shelf, tmp_path, monkeypatch
):
    make_project(tmp_path / "here" / "demo" / "desk")
    monkeypatch.chdir(tmp_path / "here")
    assert recent() == []
    monkeypatch.delenv("RUNGWISE_PROJECTS")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert [one.root.name for one in recent()] == ["desk"]


def test_the_project_worked_on_last_comes_first_and_the_list_has_an_end(shelf, tmp_path):
    for at, name in enumerate(["old", "new", "middle"]):
        make_project(shelf / name)
        os.utime(shelf / name / CONFIG, (1000 + [0, 9, 5][at],) * 2)
    elsewhere = tmp_path / "elsewhere"
    make_project(elsewhere)
    os.utime(elsewhere / CONFIG, (1007, 1007))
    names = [one.root.name for one in recent(also=elsewhere)]
    assert names == ["new", "elsewhere", "middle", "old"]
    assert len(recent(2)) == 2
    assert len(recent(also=shelf / "new")) == 3, "one that is on the shelf is listed once"


def test_a_project_says_what_is_to_be_done_next_or_what_was_found(shelf):
    root = make_project(shelf / "desk")
    assert recent()[0].words == "Questions not answered yet."
    (root / "answers.toml").write_text('[answers]\nknowledge = "private"\n', encoding="utf-8")
    assert recent()[0].words == "Not checked yet."
    make_run(root)
    (one,) = recent()
    assert one.run == "first" and one.at and "held-out questions" in one.words
    (root / "runs" / "first" / "experiment.json").unlink()
    assert recent()[0].words == "The check is not finished."


def test_a_project_that_cannot_be_opened_is_listed_with_what_to_mend(shelf):
    root = make_project(shelf / "desk")
    (root / CONFIG).write_text("[project\n", encoding="utf-8")
    (one,) = recent()
    assert one.name == "desk" and one.words.startswith("Needs mending: ")


def test_a_sample_is_copied_once(shelf):
    root = take_sample("order-json")
    (root / "mine.txt").write_text("kept", encoding="utf-8")
    assert take_sample("order-json") == root
    assert (root / "mine.txt").is_file() and open_project(root).name


def test_files_become_a_project_named_as_the_user_named_it(shelf):
    root = take_files(" Our Desk: 2nd try! ", [("C:\\data\\rows.jsonl", rows())])
    assert root == shelf / "our-desk-2nd-try"
    assert open_project(root).name == "Our Desk: 2nd try!"


@pytest.mark.parametrize("name", ["../../etc/rows.jsonl", "/etc/rows.jsonl", "..\\rows.jsonl"])
def test_a_name_with_folders_leads_nowhere_else(shelf, name):
    root = take_files("desk", [(name, rows())])
    assert [path.name for path in root.rglob("*.jsonl")] == ["rows.jsonl"]
    assert sorted(path.name for path in shelf.parent.iterdir()) == ["shelf"]


@pytest.mark.parametrize(
    ("name", "files", "said"),
    [
        ("", [("a.jsonl", b"")], "the project has no name"),
        (" /../ ", [("a.jsonl", b"")], "the project has no name"),
        ("desk", [], "there are no files"),
        ("desk", [("x/a.jsonl", b"1"), ("y\\a.jsonl", b"2")], "two files have this name"),
    ],
)
def test_what_cannot_become_a_project_is_refused_and_leaves_nothing(shelf, name, files, said):
    with pytest.raises(UserError, match=said):
        take_files(name, files)
    assert not shelf.exists()
