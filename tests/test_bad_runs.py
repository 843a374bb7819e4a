"""Runs that are broken, unfinished or out of disk space: nothing that was done is lost."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.command import here, importable, make_project, refused, rungwise, said
from tests.conftest import label_rows
from tests.small_disk import LACKING, own_mounts

# Two checks in a row, on a machine that may do other work besides.
pytestmark = pytest.mark.timeout(600)

ROWS = "\n".join(json.dumps(row) for row in label_rows(90))
LABEL_TASK = '[data]\nexamples = "data/examples.jsonl"\nheldout = 30\n[task]\nkind = "label"\n'


class Runs(NamedTuple):
    root: Path
    full: bool
    """Whether the first try met a disk without room."""
    first: subprocess.CompletedProcess
    again: subprocess.CompletedProcess


ON_A_SMALL_DISK = """
mount -t tmpfs -o size=2m tmpfs "$1" || exit 99
cp -r "$2/." "$1"
free=$(df --output=avail -k "$1" | tail -1)
head -c $(( (free - 116) * 1024 )) /dev/zero > "$1/filler"
"$3" -m advisor check "$1" --run first > "$2/first.out" 2> "$2/first.err"
echo $? > "$2/first.rc"
cp -a "$1/runs/first/cells" "$2/before"
rm "$1/filler"
"$3" -m advisor check "$1" --run first > "$2/again.out" 2> "$2/again.err"
echo $? > "$2/again.rc"
cp -a "$1/runs" "$2/runs"
"""
"""The mount is seen by this shell alone and gone with it. There is room for the floors' answers but
not for an adapter."""


@pytest.fixture(scope="module")
def runs(tmp_path_factory, tiny_model) -> Runs:
    """A check that met a full disk while it trained, and then went on."""
    model = f'[model]\ngenerator = "{tiny_model.as_posix()}"\n'
    check = '[check]\nrungs = ["finetune"]\neffort = "quick"\n'
    folder = tmp_path_factory.mktemp("disk")
    root = make_project(folder / "p", f"{model}{LABEL_TASK}{check}", examples__jsonl=ROWS)
    (folder / "small").mkdir()
    if not own_mounts():
        plain = rungwise("check", root, "--run", "first")
        return Runs(root, False, plain, plain)
    shell = [*own_mounts(), "sh", "-c", ON_A_SMALL_DISK, "sh"]
    command = [*shell, str(folder / "small"), str(root), sys.executable]
    subprocess.run(command, env=importable(), check=True)

    def read(name: str) -> subprocess.CompletedProcess:
        out, err, rc = (
            (root / f"{name}.{part}").read_text(encoding="utf-8") for part in ("out", "err", "rc")
        )
        return subprocess.CompletedProcess([], int(rc), out, err)

    return Runs(root, True, read("first"), read("again"))


def test_a_disk_without_room_ends_the_job_with_a_way_out_and_keeps_what_is_done(runs):
    if not runs.full:
        pytest.skip(LACKING)
    assert runs.first.returncode == 1
    ((error, fix),) = said(runs.first).items()
    assert error == "finetune-s0: the disk is full; free some space"
    assert "--run first goes on" in fix
    assert "go on with: rungwise check " in runs.first.stderr
    assert runs.again.returncode == 0, runs.again.stderr
    before = {
        file.name: file.stat().st_mtime_ns for file in (runs.root / "before").glob("*-s0.json")
    }
    assert set(before) == {"majority-s0.json", "nearest-s0.json", "linear-s0.json"}
    cells = runs.root / "runs" / "first" / "cells"
    assert {name: (cells / name).stat().st_mtime_ns for name in before} == before
    assert (cells / "finetune-s0.json").is_file()


def test_a_disk_without_room_from_the_start_leaves_no_half_made_run(tmp_path):
    resource = pytest.importorskip("resource", reason="limits on files are a matter of Unix")
    root = make_project(tmp_path / "p", LABEL_TASK, examples__jsonl=ROWS)
    (root / "model").mkdir()
    shutil.copyfile(Path(__file__), root / "model" / "config.json")
    done = rungwise(
        "check",
        root,
        "--model",
        "openai:http://127.0.0.1:9/v1#none",
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000)),
    )
    assert done.returncode == 1
    ((error, fix),) = said(done).items()
    assert "cannot write (File too large)" in error and "data/train.jsonl" in error
    assert "free disk space" in fix
    assert not list(root.glob("runs/*/run.json")), "a run without its data is no run"


def test_a_run_that_is_not_finished_says_how_to_go_on(runs, tmp_path):
    root = tmp_path / "p"
    shutil.copytree(runs.root, root)
    (root / "runs" / "first" / "experiment.json").unlink()
    for verb in ("show", "report"):
        found = refused(here(verb, root / "runs" / "first"))
        assert found == {
            "first: the run is not finished": f"go on with: rungwise check {root} --run first"
        }
    assert "unfinished" in here("runs", root).stdout


@pytest.mark.parametrize("content", ['{"schema": 1, "run": "fi', "", "{}", b"\xff\xfe"])
def test_a_broken_experiment_is_named_and_written_again_from_what_was_measured(
    runs, tmp_path, content
):
    root = tmp_path / "p"
    shutil.copytree(runs.root, root)
    file = root / "runs" / "first" / "experiment.json"
    whole = json.loads(file.read_bytes())
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    for verb in ("show", "report"):
        ((error, fix),) = refused(here(verb, root / "runs" / "first")).items()
        assert error.startswith(f"{file}: damaged (")
        assert fix.endswith(f"rungwise check {root} --run first")
    listed = here("runs", root, "--json")
    assert [row["state"] for row in json.loads(listed.stdout)] == ["damaged"]
    if content:
        return  # once is enough for the way out
    assert rungwise("check", root, "--run", "first").returncode == 0
    assert json.loads(file.read_bytes()) == whole
