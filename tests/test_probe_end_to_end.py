"""A probe through its real door: the command, real processes, a kill, a small real model."""

import dataclasses
import json

import pytest

from harness.beside import store_of
from tests.advisor.page_project import make_project, make_run
from tests.command import killed_once, rungwise

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def test_a_probe_that_is_killed_and_gone_on_with_asks_every_question_once(tmp_path, tiny_model):
    root = make_project(tmp_path / "desk", tiny_model.as_posix())
    run = make_run(root)
    model = tiny_model.as_posix()
    run.change_plan(dataclasses.replace(run.plan(), generator=model, max_new_tokens=4))
    store = store_of(run, "freshness")
    killed_once(
        lambda: any(e.cell == "rag-s0" for e in store.events()[0]), "probe", run.folder, "freshness"
    )
    assert store.finished("index-s0") and not store.finished("rag-s0")
    stamp = store.cell_file("index-s0").stat().st_mtime_ns

    again = rungwise("probe", run.folder, "freshness", "--json")
    assert again.returncode == 0, again.stderr
    result = json.loads(again.stdout)
    assert store.cell_file("index-s0").stat().st_mtime_ns == stamp, "it is not indexed again"
    answered = [answer.query_id for answer in store.cell("rag-s0").answers]
    assert sorted(answered) == sorted(query.id for query in store.queries())
    assert len(answered) == result["n_questions"] == 20
    found = result["rungs"]["rag"]["measured"]["shares"]["found"]
    assert found["mean"] > 0.5, "search reads the changed documents"
    assert result["rungs"]["rag"]["brought_up"]["by"] == "index"
