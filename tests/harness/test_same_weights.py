"""One base model for all rungs, by the content of its weights."""

import json
import os

import pytest

from harness.checksums import file_sha256, folder_revision
from harness.models import cache_folder
from harness.store import Run
from tests.command import here, refused
from tests.conftest import make_llama, write_label_project


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project with a model of its own, whose check has ended."""
    monkeypatch.setenv("RUNGWISE_CACHE", str(tmp_path / "cache"))
    root = write_label_project(tmp_path / "project", tmp_path / "project" / "model", ["prompt"])
    make_llama(root / "model")
    config = root / "rungwise.toml"
    model = (root / "model").as_posix()
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("[data]", f'embedder = "{model}"\n[data]'), encoding="utf-8")
    done = here("check", root, "--run", "first")
    assert done.returncode == 0, done.stderr
    return root


def test_the_weights_of_a_run_are_kept_and_others_are_refused_when_it_goes_on(project):
    run = Run(project / "runs" / "first")
    weights = folder_revision(project / "model", cache_folder())
    experiment = json.loads((run.folder / "experiment.json").read_bytes())
    assert run.plan().weights == run.plan().embedder_weights == weights
    assert run.cell("prompt-s0").weights == experiment["model"]["weights"] == weights
    (line,) = [c for c in experiment["fairness"] if c["check"].startswith("Same base model")]
    assert line["holds"] and f"weights {weights}" in line["detail"]

    make_llama(project / "model", intermediate_size=64)
    assert here("check", project, "--run", "first").returncode == 0, "all of it was measured"
    asked = here("answer", run.folder, "My parcel is late")
    assert "no longer those that this run began with" in asked.stdout + asked.stderr
    run.cell_file("prompt-s0").unlink()
    ((error, fix),) = refused(here("check", project, "--run", "first")).items()
    now = folder_revision(project / "model", cache_folder())
    assert error.startswith("[model]: the weights of") and f"(then {weights[:12]}, now" in error
    assert now[:12] in error and "put the earlier ones back, or check again as a new run" in fix
    assert here("check", project, "--run", "second").returncode == 0


def test_a_check_sum_is_read_once_and_anew_where_a_file_has_changed(tmp_path, monkeypatch):
    folder = make_llama(tmp_path / "model")
    weights = folder / "model.safetensors"
    read = []

    def reading(path):
        read.append(path.name)
        return file_sha256(path)

    monkeypatch.setattr("harness.checksums.file_sha256", reading)
    first = folder_revision(folder, tmp_path / "cache")
    assert folder_revision(folder, tmp_path / "cache") == first
    assert read == ["config.json", "model.safetensors"]
    # the same size and the same time of change, as copying tools leave it
    at, raw = weights.stat(), bytearray(weights.read_bytes())
    raw[-1] ^= 1
    weights.write_bytes(raw)
    os.utime(weights, ns=(at.st_atime_ns, at.st_mtime_ns))
    assert folder_revision(folder, tmp_path / "cache") != first
    assert read[2:] == ["model.safetensors"]
    (tmp_path / "cache" / "checksums.json").write_text("{not json")
    assert folder_revision(folder, tmp_path / "cache") != first


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path):
    folder = make_llama(tmp_path / "model")
    (tmp_path / "cache").write_text("a file where the folder should be")
    assert folder_revision(folder, tmp_path / "cache") == folder_revision(folder, tmp_path / "c")
