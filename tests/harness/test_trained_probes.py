"""Tests of what training left in a model, on a tiny model that is over-trained, or not at all."""

import shutil

import pytest

from harness import beside, workbench
from harness.beside import store_of
from harness.disk import whole_lines
from harness.errors import JobError, UserError
from harness.probe_cell import ask_again
from harness.probe_measuring import cells_of, results
from harness.probe_result import result_of
from harness.probing import begin, run_probe
from harness.store import Run
from harness.trained import Item
from tests.harness.probed_run import in_this_process
from tests.harness.tuned_run import DEVICE, HELDOUT, LEARNED, tuned_run

STEPS = 60


@pytest.fixture(scope="module")
def made(tmp_path_factory, tiny_model):
    """By steps of training: the run, with both tests done."""
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(beside, "run_process", in_this_process)
        # in bfloat16 a likelihood may depend on the rows it is read beside
        patch.setattr(workbench, "pick_device", lambda: DEVICE)
        for steps in (0, STEPS):
            # of 20 rows none given back leaves room for 16 %: too few to call it low
            folder, learned = tmp_path_factory.mktemp(f"steps{steps}"), LEARNED if steps else 40
            run = tuned_run(folder, tiny_model, steps, learned=learned)
            found[steps] = run
            run_probe(begin(run, "memorisation"))
            run_probe(begin(run, "forgetting", 4))
    return found


@pytest.fixture
def run(made, tmp_path, monkeypatch) -> Run:
    """The untouched adapter in a copy of its own, with no test begun."""
    monkeypatch.setattr(beside, "run_process", in_this_process)
    copy = Run(shutil.copytree(made[0].folder, tmp_path / "runs" / "first"))
    shutil.rmtree(copy.folder / "probes")
    return copy


def test_a_model_overtrained_on_a_few_rows_is_found_to_have_memorised_them(made):
    found = result_of(made[STEPS], "memorisation").rungs["finetune"]
    assert found.level == "high" and set(found.reasons) == {"extracted", "membership"}
    extracted, member = found.found["extracted"], found.found["membership"]
    assert extracted.value.mean > 0.9 and extracted.value.n == LEARNED
    assert extracted.control.mean == extracted.before.mean == 0, "neither unseen rows nor the base"
    assert extracted.change.low > 0.5
    assert member.value.mean > 0.95 and member.value.low > 0.8
    assert member.before.low < 0.5 < member.before.high, "nothing told them apart before"
    assert {case.asked for case in found.cases} <= {f"e{i}" for i in range(LEARNED)}
    assert not any("ka" in case.now for case in found.cases), "no training text is repeated"


def test_an_adapter_that_changed_nothing_gives_nothing_back_and_forgot_little(made):
    found = result_of(made[0], "memorisation").rungs["finetune"]
    assert found.level == "low" and found.reasons == () and found.cases == ()
    assert found.found["membership"].value.mean == 0.5
    assert found.found["extracted"].value.mean == 0
    kept = result_of(made[0], "forgetting").rungs["finetune"]
    assert kept.level == "little" and kept.overall.mean == 0
    text = kept.found["text"]
    assert text.value == text.before and text.change.difference == 0
    assert text.note == "" and kept.found["reading"].note == "nothing there to forget"


def test_with_few_rows_nothing_is_said_of_one_in_a_hundred(made):
    found = result_of(made[STEPS], "memorisation").rungs["finetune"].found["found"]
    assert found.value.mean is None and f"{HELDOUT} rows are too few" in found.note


def test_both_tests_are_stored_with_the_run_and_measured_again_alike(made, monkeypatch):
    run = made[STEPS]
    assert [one.probe for one in results(run)] == ["forgetting", "memorisation"]
    monkeypatch.setattr(beside, "run_process", None)
    for one in results(run):
        assert run_probe(begin(run, one.probe)) == one
    assert cells_of(store_of(run, "forgetting")) == ["base-s0", "finetune-s0"]
    assert cells_of(store_of(run, "memorisation")) == ["finetune-s0"]


def test_a_killed_test_goes_on_with_the_items_that_are_open(run, monkeypatch):
    store = begin(run, "memorisation", 9)
    batches = []

    def killed(file, *batch):
        from harness.disk import append_lines

        append_lines(file, *batch)
        batches.append(batch)
        if len(batches) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr("harness.trained_cell.append_lines", killed)
    with pytest.raises(KeyboardInterrupt):
        ask_again(store, "finetune-s0")
    monkeypatch.undo()
    monkeypatch.setattr(beside, "run_process", in_this_process)
    kept = whole_lines(store.cell_file("finetune-s0", ".items.jsonl"), Item)
    assert 0 < len(kept) < 36 and not any(item.base for item in kept)
    result = run_probe(begin(run, "memorisation"))
    assert result.n_items == {"heldout": 9, "train": 9} and result.count == 9
    assert not store.cell_file("finetune-s0", ".items.jsonl").exists()
    asked = [e for e in store.events()[0] if e.kind == "answered"]
    assert [event.figures["total"] for event in asked] == [36] * len(asked)
    assert asked[-1].figures["done"] == 36


def test_another_number_of_rows_begins_anew_and_the_run_stays_as_it_was(run):
    before = {f: f.read_bytes() for f in run.folder.rglob("*") if f.is_file()}
    run_probe(begin(run, "memorisation", 5))
    assert {f: f.read_bytes() for f in before} == before
    store = begin(run, "memorisation")
    assert store.finished("finetune-s0"), "without a number it goes on"
    assert not begin(run, "memorisation", 6).finished("finetune-s0")


def test_a_run_in_which_nothing_was_trained_is_refused_with_the_rung_to_add(run):
    run.cell_file("finetune-s0").unlink()
    for name in ("forgetting", "memorisation"):
        with pytest.raises(UserError) as refused:
            begin(run, name)
        (problem,) = refused.value.problems
        assert "no rung of this run was trained" in problem.message
        assert "--rungs prompt,finetune" in problem.fix


def test_what_does_not_belong_to_such_a_test_is_refused(run):
    from rag.types import Document

    with pytest.raises(UserError, match="reads no changed documents"):
        begin(run, "forgetting", None, [Document("a", "b", "a", None, "A")])
    with pytest.raises(UserError, match="0 is not a number"):
        begin(run, "memorisation", 0)


def test_an_adapter_that_is_gone_is_named_and_nothing_is_scored(run, monkeypatch):
    shutil.rmtree(run.folder / "adapters")
    store = begin(run, "memorisation", 4)
    with pytest.raises(UserError, match="its adapter is gone"):
        ask_again(store, "finetune-s0")

    def fails(store, cells, watch, module):
        store.say("failed", "its adapter is gone", cells[0])
        watch()
        return 2

    monkeypatch.setattr(beside, "run_process", fails)
    with pytest.raises(JobError, match="its adapter is gone"):
        run_probe(store)
    assert result_of(run, "memorisation") is None


@pytest.mark.slow
def test_several_seeds_and_both_rungs_are_tested_each(tmp_path, tiny_model, monkeypatch):
    from tests.harness.probed_run import make_run

    run = make_run(tmp_path, tiny_model, monkeypatch)
    monkeypatch.setattr(beside, "run_process", in_this_process)
    result = run_probe(begin(run, "memorisation", 6))
    assert list(result.rungs) == ["finetune", "rag_finetune"]
    assert result.rungs["finetune"].seeds == (0, 1)
    assert run_probe(begin(run, "forgetting", 4)).rungs.keys() == result.rungs.keys()
