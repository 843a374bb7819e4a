import dataclasses

import pytest

from harness import reopen as reopening
from harness.cell import run_cell
from harness.errors import UserError
from harness.reopen import reopen
from harness.types import Task
from tests.advisor.report_runs import start
from tests.harness.rung_bench import DEV, HELDOUT, NEW_TOKENS, SPEC, TRAIN, VIEW, Bench

CELLS = ["prompt-s0", "rag-s0", "finetune-s1", "rag_finetune-s0"]


@pytest.fixture(scope="module")
def done(tmp_path_factory, tiny_model):
    """A run whose cells are finished by the real code; the embedder hashes words."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reopening, "Workbench", Bench)
        task = Task(SPEC, TRAIN, DEV, HELDOUT, VIEW.documents, "f1")
        run = start(tmp_path_factory.mktemp("reopen") / "runs" / "first", task, CELLS)
        plan = dataclasses.replace(
            run.plan(), generator=tiny_model.as_posix(), max_new_tokens=NEW_TOKENS
        )
        run.create(plan, task)
        for cell in CELLS:
            run_cell(run, cell)
        yield run


def silent(message, figures):
    """Nobody watches."""


@pytest.mark.parametrize("cell", CELLS)
def test_a_reopened_rung_answers_as_it_did_and_trains_nothing(done, cell, tmp_path):
    files = {f: f.stat().st_mtime_ns for f in (done.folder / "adapters").rglob("*")}
    opened = reopen(done, cell, VIEW.documents, tmp_path / "index", silent)
    again = {a.query_id: a.text for a in opened.rung.answer(done.queries(), 0)}
    assert again == {answer.query_id: answer.text for answer in done.cell(cell).answers}
    assert files == {f: f.stat().st_mtime_ns for f in (done.folder / "adapters").rglob("*")}
    assert opened.preparation == done.cell(cell).preparation
    assert opened.bench.seed == int(cell[-1])


def test_other_documents_are_read_and_the_runs_index_stays_as_it_is(done, tmp_path):
    before = {f: f.read_bytes() for f in (done.folder / "index").rglob("*") if f.is_file()}
    changed = [
        dataclasses.replace(document, text=document.text.replace(" days", " weeks"))
        for document in VIEW.documents
    ]
    opened = reopen(done, "rag-s0", changed, tmp_path / "index", silent)
    shown = [c.text for a in opened.rung.answer(done.queries(), 0) for c in a.contexts]
    assert shown and all(" weeks" in text and " days" not in text for text in shown)
    assert before == {f: f.read_bytes() for f in (done.folder / "index").rglob("*") if f.is_file()}
    assert opened.bench.view.documents == tuple(changed)


def test_an_unfinished_cell_and_one_without_its_adapter_are_refused_with_the_fix(done, tmp_path):
    with pytest.raises(UserError) as refused:
        reopen(done, "few_shot-s0", VIEW.documents, tmp_path, silent)
    assert "--run first" in str(refused.value.problems[0].fix)
    adapter = done.folder / "adapters" / "finetune-s1"
    adapter.rename(tmp_path / "kept")
    try:
        with pytest.raises(UserError, match="adapter is gone"):
            reopen(done, "finetune-s1", VIEW.documents, tmp_path, silent)
    finally:
        (tmp_path / "kept").rename(adapter)
