"""The stock script and the project that it stands beside."""

import json
from importlib.resources import as_file, files

import pytest

from advisor.project import read_project
from advisor.workflow import load
from bench import script, stock_script


def test_the_project_beside_the_script_has_the_rungs_and_the_rows_that_are_wanted(tmp_path):
    with as_file(files("advisor") / "samples" / "support-desk") as source:
        script._copied(source, tmp_path / "project", 48, 12)
    project = read_project(tmp_path / "project")
    assert project.check.rungs == ("prompt", "rag", "finetune")
    task = load(project).task
    assert len(task.train) + len(task.dev) <= 48 and len(task.heldout) == 12 and task.documents


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::FutureWarning")  # of one library to the other
def test_the_stock_script_goes_through_the_whole_ladder(tmp_path, tiny_model, capsys, monkeypatch):
    from harness.models import resolve

    monkeypatch.setattr(stock_script, "NEW_TOKENS", 2)
    monkeypatch.setattr(stock_script, "find_spec", lambda name: None)
    embedder = resolve("all-minilm-l6-v2", "embedder").folder
    task = {
        "precision": "float32", "system": "Answer.", "train": [["a b", "c"], ["d", "e f"]],
        "asked": ["a b"], "passages": ["one page", "another page"],
    }  # fmt: skip
    file = tmp_path / "task.json"
    file.write_text(json.dumps(task), encoding="utf-8")
    stock_script.main(str(file), str(tiny_model), str(embedder))
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert set(said["seconds"]) == {"prompt", "rag", "training", "finetune"}
    assert all(len(answers) == 1 for answers in said["answers"].values())
