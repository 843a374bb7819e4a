"""Tests that train a model of their own: with secrets among the rows, or with all weights."""

import dataclasses
import shutil

import pytest

from harness import beside, workbench
from harness.beside import store_of
from harness.disk import append_lines, decode, whole_lines, write_json
from harness.errors import UserError
from harness.probe_cell import ask_again
from harness.probe_measuring import cells_of
from harness.probe_result import plan_of, result_of
from harness.probes.full_tuning import of_all_weights
from harness.probing import begin, run_probe
from harness.store import Run
from harness.trained import ITEMS, CellTested, Item
from harness.trained_cell import PEAK
from tests.harness.probed_run import in_this_process
from tests.harness.tuned_run import DEVICE, HELDOUT, tuned_run
from tuning.recipe import TuningSettings

LONG = TuningSettings(method="full", learning_rate=0.003, epochs=40, looks=2, patience=100)
"""Long enough for the tiny model to learn its rows by heart."""
SHORT = TuningSettings(learning_rate=0.001, epochs=1, looks=1)


def made_by(run: Run, tuning: TuningSettings) -> Run:
    """The run, as if its check had trained like that."""
    write_json(run.folder / "run.json", dataclasses.replace(run.plan(), tuning=tuning))
    file = run.cell_file("finetune-s0")
    cell = run.cell("finetune-s0")
    settings = {"method": tuning.method, "learning_rate": tuning.learning_rate}
    prepared = dataclasses.replace(cell.preparation, settings=settings)
    write_json(file, dataclasses.replace(cell, preparation=prepared))
    return run


@pytest.fixture(scope="module")
def made(tmp_path_factory, tiny_model):
    return tuned_run(tmp_path_factory.mktemp("retrained"), tiny_model, 0)


@pytest.fixture
def run(made, tmp_path, monkeypatch) -> Run:
    monkeypatch.setattr(beside, "run_process", in_this_process)
    monkeypatch.setattr(workbench, "pick_device", lambda: DEVICE)
    return Run(shutil.copytree(made.folder, tmp_path / "runs" / "first"))


def files_of(run: Run) -> dict:
    return {f: f.read_bytes() for f in run.folder.rglob("*") if f.is_file()}


def test_a_secret_that_a_training_learned_by_heart_comes_back_and_the_risk_is_high(run):
    before = files_of(made_by(run, LONG))
    result = run_probe(begin(run, "memorisation", 4, secrets=True))
    found = result.rungs["finetune"]
    assert found.level == "high" and "secrets" in found.reasons
    assert [one.rows for one in found.secrets] == [1, 2, 4, 8]
    assert sum(one.given_back for one in found.secrets) == 8
    assert all(one.exposure == 7 for one in found.secrets)
    assert found.found["membership"].value.mean == 0.5, "the user's own adapter is as it was"
    assert {file: file.read_bytes() for file in before} == before
    assert not list((store_of(run, "memorisation").folder / "adapters").glob("*"))


def test_a_training_that_learned_next_to_nothing_gives_no_secret_back(run):
    made_by(run, SHORT)
    found = run_probe(begin(run, "memorisation", 4, secrets=True)).rungs["finetune"]
    assert sum(one.given_back for one in found.secrets) == 0
    assert "secrets" not in found.reasons


def test_secrets_are_planted_on_request_alone_and_what_was_begun_goes_on(run):
    made_by(run, SHORT)
    store = begin(run, "memorisation", 4)
    run_probe(store)
    assert result_of(run, "memorisation").rungs["finetune"].secrets == ()
    assert not plan_of(begin(run, "memorisation")).secrets and store.finished("finetune-s0")
    read = items_of(store)
    assert plan_of(begin(run, "memorisation", secrets=True)).secrets
    assert not store.finished("finetune-s0") and result_of(run, "memorisation") is None
    kept = whole_lines(store.cell_file("finetune-s0", ITEMS), Item)
    assert tuple(kept) == read, "what was read is not read again"
    assert plan_of(begin(run, "memorisation")).secrets, "without a word it goes on"
    for name in ("forgetting", "full_tuning"):
        with pytest.raises(UserError, match="plants no made-up secrets"):
            begin(run, name, secrets=True)


def items_of(store: Run) -> tuple[Item, ...]:
    file = store.cell_file("finetune-s0")
    return decode(file.read_bytes(), CellTested, file).items


def killed_after(monkeypatch, part: str, batches: int) -> None:
    seen = []

    def killed(file, *batch):
        append_lines(file, *batch)
        seen.extend(batch[:1] if batch[0].part == part else ())
        if len(seen) == batches:
            raise KeyboardInterrupt

    monkeypatch.setattr("harness.trained_cell.append_lines", killed)


@pytest.mark.parametrize(
    ("name", "part", "batches"), [("memorisation", "canary", 3), ("full_tuning", "heldout", 1)]
)
def test_a_killed_one_is_not_trained_again(run, monkeypatch, name, part, batches):
    store = begin(made_by(run, SHORT), name, 20, secrets=name == "memorisation")
    with monkeypatch.context() as patch:
        killed_after(patch, part, batches)
        with pytest.raises(KeyboardInterrupt):
            ask_again(store, "finetune-s0")
        trained = store.prepared("finetune-s0")
        assert trained is not None and not store.finished("finetune-s0")
    write_json(store.cell_file("finetune-s0", PEAK), 7)  # the training's, whoever asks afterwards
    monkeypatch.setattr("harness.adapting.try_rate", None)
    run_probe(begin(run, name))
    file = store.cell_file("finetune-s0")
    cell = decode(file.read_bytes(), CellTested, file)
    assert cell.trained == trained and cell.peak_memory_bytes == 7
    left = store.folder / "adapters" / "finetune-s0.lr0.001"  # by a process that was killed
    left.mkdir(parents=True)
    ask_again(store, "finetune-s0")
    assert not left.exists()
    ids = [item.id for item in cell.items if item.part == part]
    assert len(ids) == len(set(ids)) == (8 if part == "canary" else 20)


# All weights


def test_all_weights_are_trained_with_the_same_rows_and_held_against_the_adapter(run):
    before = files_of(made_by(run, SHORT))
    result = run_probe(begin(run, "full_tuning"))
    found = result.rungs["finetune"]
    assert result.n_items == {"heldout": HELDOUT} and found.n_failed == 0
    file = store_of(run, "full_tuning").cell_file("finetune-s0")
    trained = decode(file.read_bytes(), CellTested, file).trained
    assert trained.settings["method"] == "full" and "rank" not in trained.settings
    assert trained.settings["learning_rate"] == pytest.approx(SHORT.learning_rate / 10)
    assert trained.settings["training_rows"] == len(run.view().train)
    score = found.found["score"]
    # "no idea" was answered to all in the check: not a word of it is right
    assert score.before.mean == 0 and score.value.n == HELDOUT
    assert score.change.n == HELDOUT and score.change.low <= score.change.difference
    # SHORT takes hundredths of a second: rounded to tenths, it had taken none
    assert found.spent[1].seconds > 0 and found.spent[1].peak_memory_bytes > 0
    assert {file: file.read_bytes() for file in before} == before
    assert not list((store_of(run, "full_tuning").folder / "adapters").glob("*"))


def test_a_rate_that_the_user_decided_is_divided_and_the_adapters_shape_left_out():
    given = TuningSettings(rank=4, alpha=8, learning_rate=0.002, epochs=5, batch_rows=4)
    assert of_all_weights(given) == TuningSettings(
        method="full", learning_rate=0.0002, epochs=5, batch_rows=4
    )
    assert of_all_weights(TuningSettings()).learning_rate is None, "as many are tried as before"


def test_a_run_that_trained_all_weights_already_is_refused(run):
    made_by(run, LONG)
    with pytest.raises(UserError) as refused:
        begin(run, "full_tuning")
    (problem,) = refused.value.problems
    assert "no rung of this run has an adapter" in problem.message
    assert 'method = "lora"' in problem.fix
    assert cells_of(store_of(run, "full_tuning")) == []
