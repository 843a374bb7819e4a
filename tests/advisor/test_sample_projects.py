"""Copies of the samples: whole, the one that was asked for, and never over other files."""

import shutil
from pathlib import Path

import pytest

from advisor.project import CONFIG, open_project
from advisor.sample_projects import SAMPLES, UNFINISHED, copy_sample
from harness.errors import UserError
from tests.command import here, refused


def everything(folder):
    return {file.relative_to(folder): file.read_bytes() for file in folder.rglob("*.*")}


@pytest.mark.parametrize("name", SAMPLES)
def test_a_copy_is_whole_and_a_second_one_is_the_first(tmp_path, name):
    root = copy_sample(name, tmp_path / "copy")
    assert open_project(root).name and not (root / UNFINISHED).exists()
    (root / "notes.md").write_text("my own", encoding="utf-8")
    before = everything(root)
    assert copy_sample(name, root) == root and everything(root) == before


def test_a_copy_that_was_cut_off_is_completed(tmp_path, monkeypatch):
    whole = copy_sample("order-json", tmp_path / "whole")

    def cut_off(*arguments, **more):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(shutil, "copyfile", cut_off)
        copy_sample("order-json", tmp_path / "copy")
    data = tmp_path / "copy" / "data"
    data.mkdir(exist_ok=True)
    (data / "orders.jsonl").write_text("cut", encoding="utf-8")
    assert not (tmp_path / "copy" / CONFIG).exists()
    assert everything(copy_sample("order-json", tmp_path / "copy")) == everything(whole)


def test_a_copy_that_was_cut_off_at_its_last_file_is_completed_too(tmp_path, monkeypatch):
    whole = copy_sample("order-json", tmp_path / "whole")
    root = tmp_path / "copy"

    def not_moved(self, target):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(Path, "replace", not_moved)
        copy_sample("order-json", root)
    assert (root / "data").is_dir() and not (root / CONFIG).exists()
    assert everything(copy_sample("order-json", root)) == everything(whole)


def test_another_sample_is_not_taken_for_the_one_that_was_asked_for(tmp_path):
    root = copy_sample("support-desk", tmp_path / "desk")
    ((error, fix),) = refused(here("demo", "--sample", "ticket-routing", "--out", root)).items()
    assert error == f"{root}: another project than ticket-routing is here already"
    assert "choose another folder" in fix and "--out" in fix


def test_a_folder_with_other_files_is_left_alone(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "orders.jsonl").write_text("mine", encoding="utf-8")
    with pytest.raises(UserError, match="there are other files here already"):
        copy_sample("order-json", tmp_path)
    assert list(everything(tmp_path).values()) == [b"mine"]
