"""One question to every rung: each answers as in its own process, from one opened base."""

import shutil

import pytest
from filelock import FileLock

from harness import reopen as reopening
from harness.asking import ask_rungs, last_tried
from harness.errors import UserError
from harness.runner import LOCK
from harness.store import Run
from tests.harness.probed_run import make_run
from tests.harness.rung_bench import Bench

CELLS = ["prompt-s0", "rag-s0", "finetune-s0", "rag_finetune-s0"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory, tiny_model):
    with pytest.MonkeyPatch.context() as patch:
        yield make_run(tmp_path_factory.mktemp("asked"), tiny_model, patch, CELLS)


@pytest.fixture
def run(finished, tmp_path, monkeypatch) -> Run:
    monkeypatch.setattr(reopening, "Workbench", Bench)
    return Run(shutil.copytree(finished.folder, tmp_path / "runs" / "first"))


def test_every_rung_answers_as_it_did_in_the_check_and_the_base_is_opened_once(run, monkeypatch):
    opened = []
    real = Bench.generator.func
    monkeypatch.setattr(
        Bench.generator, "func", lambda bench: opened.append(bench.cell) or real(bench)
    )
    query = run.queries()[0]
    tried = ask_rungs(run, f"  {query.text}\n")
    assert opened == ["prompt-s0"]
    assert [one.rung for one in tried.given] == ["prompt", "rag", "finetune", "rag_finetune"]
    for one in tried.given:
        (stored,) = [a for a in run.cell(f"{one.rung}-s0").answers if a.query_id == query.id]
        assert one.text == stored.text and not one.failure
        assert one.sources == tuple(dict.fromkeys(c.source for c in stored.contexts))
    assert tried.question == query.text and last_tried(run) == tried


def test_a_rung_whose_adapter_is_gone_is_said_and_the_others_answer(run):
    shutil.rmtree(run.folder / "adapters" / "finetune-s0")
    given = {one.rung: one for one in ask_rungs(run, "How long?").given}
    assert "its adapter is gone" in given["finetune"].failure
    assert not given["rag_finetune"].failure and given["rag_finetune"].sources


@pytest.mark.parametrize(
    "name", ["adapter_model.safetensors", "adapter_config.json", "training.json"]
)
def test_a_rung_whose_adapter_is_cut_off_is_said_and_the_others_answer(run, name):
    file = run.folder / "adapters" / "finetune-s0" / name
    file.write_bytes(file.read_bytes()[:40])
    given = {one.rung: one for one in ask_rungs(run, "How long?").given}
    assert "damaged" in given["finetune"].failure and name in given["finetune"].failure
    assert not any(one.failure for rung, one in given.items() if rung != "finetune")


@pytest.mark.parametrize(
    ("question", "said"), [(" \n", "there is no question"), ("x" * 4001, "4,001 letters")]
)
def test_what_is_no_question_is_refused(run, question, said):
    with pytest.raises(UserError, match=said):
        ask_rungs(run, question)
    assert last_tried(run) is None


def test_nothing_else_works_on_the_run_meanwhile(run):
    other = run.folder / "probes" / "freshness"
    other.mkdir(parents=True)
    with FileLock(other / LOCK), pytest.raises(UserError, match="a probe is working on this run"):
        ask_rungs(run, "How long?")
