"""Probes on a finished run: asked again, gone on with, measured, refused."""

import dataclasses
import shutil
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from harness import beside
from harness.beside import is_probing, store_of
from harness.errors import JobError, UserError
from harness.probe_cell import ask_again
from harness.probe_measuring import cells_of, results
from harness.probe_result import (
    RESULT,
    BroughtUp,
    ProbeResult,
    plan_of,
    result_of,
)
from harness.probing import begin, run_probe
from harness.store import Event, Run
from harness.types import Answer
from tests.harness.probed_run import in_this_process, make_run

READERS = ["rag-s0", "rag_finetune-s0"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory, tiny_model):
    with pytest.MonkeyPatch.context() as patch:
        yield make_run(tmp_path_factory.mktemp("probed"), tiny_model, patch)


class Probed(NamedTuple):
    run: Run
    before: dict[Path, bytes]
    """Files of the run before it was probed."""
    results: dict[str, ProbeResult]
    events: dict[str, list[Event]]


@pytest.fixture(scope="module")
def probed(finished, tmp_path_factory) -> Probed:
    """Both probes that change documents, from beginning to end."""
    run = copy_of(finished, tmp_path_factory.mktemp("copy"))
    before = {file: file.read_bytes() for file in run.folder.rglob("*") if file.is_file()}
    results, events = {}, {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(beside, "run_process", in_this_process)
        for name in ("freshness", "injection"):
            events[name] = []
            results[name] = run_probe(begin(run, name), events[name].append)
    return Probed(run, before, results, events)


@pytest.fixture
def run(finished, tmp_path, monkeypatch) -> Run:
    """A copy of its own, in which one rung reads."""
    copy = copy_of(finished, tmp_path)
    copy.cell_file("rag_finetune-s0").unlink()
    monkeypatch.setattr(beside, "run_process", in_this_process)
    return copy


def copy_of(run: Run, folder: Path) -> Run:
    return Run(shutil.copytree(run.folder, folder / "runs" / "first"))


@pytest.mark.parametrize("name", ["freshness", "injection"])
def test_a_probe_asks_the_rungs_that_read_and_takes_the_others_at_their_word(probed, name):
    result, store = probed.results[name], store_of(probed.run, name)
    assert result_of(probed.run, name) == result
    assert list(result.rungs) == ["prompt", "rag", "finetune", "rag_finetune"]
    assert [name for name, one in result.rungs.items() if one.reads] == ["rag", "rag_finetune"]
    assert result.rungs["finetune"].seeds == (0, 1)
    for cell in READERS:
        answers = store.cell(cell).answers
        assert {a.query_id for a in answers} == {q.id for q in store.queries()}
        assert all(a.latency_s is None for a in answers), "nothing is timed"
    assert not store.finished("finetune-s0"), "what reads nothing is not asked again"
    ended = [event.cell for event in probed.events[name] if event.kind == "finished"]
    assert ended == ["index-s0", *READERS, ""]
    assert results(probed.run) == tuple(probed.results.values())


def test_the_run_itself_stays_as_it_was(probed):
    assert {file: file.read_bytes() for file in probed.before} == probed.before


def test_rungs_read_the_changed_passages(probed):
    result, store = probed.results["freshness"], store_of(probed.run, "freshness")
    assert len(result.planted) >= 5 and not result.few
    found = result.rungs["rag"].measured.shares["found"]
    assert found.n == result.n_questions and found.mean > 0
    texts = [c.text for a in store.cell("rag-s0").answers for c in a.contexts]
    for one in result.planted:
        assert not any(one.old in text for text in texts)
    assert any(one.new in text for one in result.planted for text in texts)


def test_what_it_takes_to_bring_a_rung_up_to_date_is_measured_or_said(probed):
    by = {name: one.brought_up for name, one in probed.results["freshness"].rungs.items()}
    assert by["rag"].by == by["rag_finetune"].by == "index" and by["rag"].seconds > 0
    trained = [probed.run.cell(f"finetune-s{seed}").preparation.seconds for seed in (0, 1)]
    assert by["finetune"] == BroughtUp("train", sum(trained) / 2)
    assert by["prompt"] == BroughtUp("nothing", None)


def test_rungs_without_documents_are_exposed_to_nothing(probed):
    result = probed.results["injection"]
    for name in ("prompt", "finetune"):
        shares = result.rungs[name].measured.shares
        assert shares["found"].mean == shares["obeyed"].mean == 0
        assert shares["found"].n == result.n_questions
        assert result.rungs[name].measured.change.difference == 0


def test_a_killed_probe_goes_on_with_what_is_open_and_is_then_only_measured(run, monkeypatch):
    store = begin(run, "freshness")
    ask_again(store, "index-s0")
    ids = [query.id for query in store.queries()]
    said = [Answer(key, "said before") for key in ids[:3]]
    store.append_results("rag-s0", said, 9.0)
    stamp = store.cell_file("index-s0").stat().st_mtime_ns
    result = run_probe(begin(run, "freshness"))
    texts = {a.query_id: a.text for a in store.cell("rag-s0").answers}
    assert [texts[key] for key in ids[:3]] == ["said before"] * 3
    assert set(texts) == set(ids) and store.cell("rag-s0").answer_s > 9
    assert store.cell_file("index-s0").stat().st_mtime_ns == stamp
    assert not store.cell_file("rag-s0", ".partial.jsonl").exists()
    assert result.rungs["rag"].measured.shares["neither"].n == len(ids)
    monkeypatch.setattr(beside, "run_process", None)
    assert run_probe(begin(run, "freshness")) == result


def test_another_number_of_changes_begins_anew_and_the_same_one_goes_on(run):
    store = begin(run, "freshness", 3)
    assert plan_of(store).count == 3 and len(plan_of(store).planted) == 3
    ask_again(store, "index-s0")
    assert begin(run, "freshness", 3).finished("index-s0")
    assert begin(run, "freshness").finished("index-s0"), "without a number it goes on"
    store = begin(run, "freshness", 4)
    assert not store.finished("index-s0") and len(plan_of(store).planted) == 4


def test_a_request_to_stop_ends_the_probe_and_the_same_command_goes_on(run, monkeypatch):
    store = begin(run, "freshness", 2)

    def asked_to_stop(store, cells, watch, module):
        if cells == ["rag-s0"]:
            store.cancel_file.touch()
            watch()
        return in_this_process(store, cells, watch, module)

    monkeypatch.setattr(beside, "run_process", asked_to_stop)
    with pytest.raises(JobError, match="stopped on request; what is finished is kept"):
        run_probe(store)
    assert store.finished("index-s0") and not (store.folder / RESULT).exists()
    assert store.events()[0][-1].kind == "cancelled" and not is_probing(run)
    monkeypatch.setattr(beside, "run_process", in_this_process)
    result = run_probe(begin(run, "freshness"))
    assert result.failed == {} and result.few


def test_a_rung_that_fails_is_named_and_the_others_are_measured(finished, tmp_path, monkeypatch):
    run = copy_of(finished, tmp_path)
    shutil.rmtree(run.folder / "adapters" / "rag_finetune-s0")
    store = begin(run, "freshness", 2)
    ask_again(store, "index-s0")
    with pytest.raises(UserError, match="its adapter is gone"):
        ask_again(store, "rag_finetune-s0")

    def fails(store, cells, watch, module):
        if cells == ["rag_finetune-s0"]:
            store.say("failed", "its adapter is gone", cells[0])
            watch()
            return 2
        return in_this_process(store, cells, watch, module)

    monkeypatch.setattr(beside, "run_process", fails)
    result = run_probe(store)
    assert result.failed == {"rag_finetune-s0": "its adapter is gone"}
    assert list(result.rungs) == ["prompt", "rag", "finetune"]


def test_where_no_rung_could_be_asked_every_one_says_why(run, monkeypatch):
    def dies(store, cells, watch, module):
        store.cell_file(cells[0], ".log").parent.mkdir(parents=True, exist_ok=True)
        store.cell_file(cells[0], ".log").write_text("ValueError: no room\n", encoding="utf-8")
        return 1

    monkeypatch.setattr(beside, "run_process", dies)
    with pytest.raises(JobError) as raised:
        run_probe(begin(run, "freshness"))
    assert [str(p) for p in raised.value.problems] == ["index-s0: ValueError: no room"]


def test_only_cells_of_rungs_that_read_are_asked(finished):
    assert cells_of(store_of(finished, "freshness")) == ["index-s0", *READERS]


# What stands against a probe


def test_a_run_whose_rungs_read_nothing_is_refused_with_the_rung_to_add(run):
    run.cell_file("rag-s0").unlink()
    with pytest.raises(UserError) as refused:
        begin(run, "freshness")
    (problem,) = refused.value.problems
    assert "no rung of this run reads documents" in problem.message and "rag" in problem.fix


def test_a_run_without_documents_is_refused(run):
    (run.folder / "data" / "documents.jsonl").write_bytes(b"")
    with pytest.raises(UserError, match="the run has no documents"):
        begin(run, "injection")


def test_questions_without_known_facts_are_refused_with_the_columns_to_fill(run):
    rows = [dataclasses.replace(e, key_facts=(), context_ids=(), references=("a " * 9,))
            for e in run.heldout()]  # fmt: skip
    file = run.folder / "data" / "heldout.jsonl"
    file.write_bytes(b"\n".join(msgspec.json.encode(row) for row in rows) + b"\n")
    for name in ("freshness", "injection"):
        with pytest.raises(UserError) as refused:
            begin(run, name)
        fix = refused.value.problems[0].fix
        assert "key_facts" in fix and "document" in fix and "[data.columns]" in fix


@pytest.mark.parametrize("count", [0, -3])
def test_a_number_of_changes_below_one_is_refused(run, count):
    with pytest.raises(UserError, match="not a number of changes"):
        begin(run, "freshness", count)


def test_an_unknown_probe_is_refused_with_those_there_are(run):
    with pytest.raises(UserError) as refused:
        begin(run, "fresh")
    assert "forgetting, freshness, full_tuning, injection" in refused.value.problems[0].fix


def test_a_damaged_result_or_plan_says_what_to_remove(run):
    store = begin(run, "freshness")
    for name in ("plan.json", RESULT):
        (store.folder / name).write_text('{"schema": 1', encoding="utf-8")
        with pytest.raises(UserError) as refused:
            (plan_of(store) if name == "plan.json" else result_of(run, "freshness"))
        assert "remove" in refused.value.problems[0].fix
        assert f"rungwise probe {run.folder} freshness" in refused.value.problems[0].fix


def test_two_probes_at_once_do_not_get_into_each_others_way(run):
    from filelock import FileLock

    store, other = begin(run, "freshness"), begin(run, "injection")
    with FileLock(store.folder / "check.lock"):
        assert is_probing(run)
        with pytest.raises(UserError, match="a probe is working on this run"):
            run_probe(other)
    assert not is_probing(run)
