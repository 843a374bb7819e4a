"""The naive combination: an adapter tuned without passages that is handed some, on a tiny model."""

import dataclasses

import pytest

from bench import raft
from harness import reopen as reopening
from harness.disk import write_json
from tests.harness.probed_run import make_run
from tests.harness.rung_bench import Bench

CELLS = ["rag-s0", "finetune-s0", "rag_finetune-s0"]


@pytest.fixture(scope="module")
def run(tmp_path_factory, tiny_model):
    with pytest.MonkeyPatch.context() as patch:
        yield make_run(tmp_path_factory.mktemp("raft"), tiny_model, patch, CELLS)


@pytest.fixture(autouse=True)
def _bench(monkeypatch):
    monkeypatch.setattr(reopening, "Workbench", Bench)


def test_the_adapter_reads_the_passages_of_the_rung_that_was_trained_to(run, monkeypatch):
    monkeypatch.setenv("RUNGWISE_RUN", str(run.folder))
    answers = raft.naive(run)
    theirs = {one.query_id: one.contexts for one in run.cell("rag_finetune-s0").answers}
    assert {one.query_id: one.contexts for one in answers} == theirs
    found = raft.measure()
    assert set(found["scores"]) == {"rag", "finetune", "rag_finetune", "naive"}
    assert {"fact_score", "token_f1_score"} <= set(found["scores"]["naive"])
    assert set(found["differences from naive"]) == {"rag", "finetune", "rag_finetune"}


def test_answers_that_are_the_same_differ_by_nothing(run):
    same = list(run.cell("rag_finetune-s0").answers)
    found = raft.compared(run, same)["differences from naive"]["rag_finetune"]
    assert all(one["difference"] == 0 for one in found.values() if one["difference"] is not None)


def test_without_a_run_it_is_skipped_and_without_a_rung_it_says_how_to_get_one(
    run, monkeypatch, tmp_path
):
    monkeypatch.delenv("RUNGWISE_RUN", raising=False)
    assert set(raft.measure()) == {"skipped"}
    bare = type(run)(tmp_path / "runs" / "bare")
    write_json(bare.folder / "run.json", dataclasses.replace(run.plan(), cells=()))
    monkeypatch.setenv("RUNGWISE_RUN", str(bare.folder))
    with pytest.raises(SystemExit, match="no finished finetune and no rag_finetune"):
        raft.measure()
