"""The user's cross-encoder in a check: taken where dev is clearly better, or where they want it."""

import dataclasses
import json

import pytest

from advisor.project import read_project
from harness.ceilings import KnowingIndex
from harness.errors import UserError
from harness.given import Given, RetrievalSettings
from harness.looking_up import NO_RERANKER, ask, choose_retriever, retriever_of
from harness.reopen import workbench_of
from harness.retrieval import contexts_for, open_index
from harness.rungs import rungs
from harness.runner import make_plan, run_check
from harness.settings import CheckSettings, settings_problems
from harness.store import Run
from harness.types import Example, Query, Task
from rag.rerank import Reranker
from rag.types import Document
from tests.conftest import write_label_project
from tests.harness.rung_bench import DEV, EFFORT, HELDOUT, QUERIES, SPEC, TRAIN, VIEW, bench
from tests.rag.cross_encoder import make_cross_encoder


@pytest.fixture(scope="module")
def cross(tmp_path_factory):
    return make_cross_encoder(tmp_path_factory.mktemp("models") / "cross", longest=512)


def tools_with(folder, model, cross, rerank="dev"):
    given = Given(RetrievalSettings(reranker=cross.as_posix(), rerank=rerank))
    return dataclasses.replace(bench(folder, model, "rag-s1"), given=given)


class Knowing(Reranker):
    """Gives its best score to what holds the word that the question asks for."""

    def scores(self, query, texts):
        wanted = f"{query.split()[-1]}."
        return super().scores(query, texts) * 0 + [float(wanted in text) for text in texts]


PAGES = tuple(
    Document(f"k{i}", f"{f'leg{i} ' * 4} code{i}.{' Nothing is here.' * 15}", f"k{i}", None, "")
    for i in range(20)
)
# words lead to another page than the one with the answer
TURNED = [Example(f"r{i}", f"leg{19 - i} code{i}", (f"code{i}",), (f"k{i}",)) for i in range(20)]


@pytest.fixture
def knowing(monkeypatch):
    monkeypatch.setattr("harness.workbench.Reranker", Knowing)


def test_a_reranker_that_finds_clearly_more_is_taken_and_named_with_its_revision(
    tmp_path, cross, knowing
):
    tools = tools_with(tmp_path, tmp_path, cross)
    tools.effort = dataclasses.replace(EFFORT, retrievers=("bm25",), passages=(1,))
    index = open_index(tools, PAGES)
    found = choose_retriever(tools, index, TURNED)
    before, after = (one["dev_recall"] for one in found.reranked)
    assert after == 1 > before and found.reranked[1]["seconds_a_question"] > 0
    name = found.settings["reranker"]
    assert name.startswith(f"{cross.as_posix()}@") and len(name.rpartition("@")[2]) == 16
    assert found.looked_up.reranker.name == name
    (asked,) = ask(tools, found.looked_up, [Query("q", TURNED[3].question)], 1)
    assert asked.contexts[0].source == "k3" and asked.seconds > 0


def test_one_that_finds_no_more_is_left_out_unless_the_user_wants_it(tmp_path, tiny_model, cross):
    tools = tools_with(tmp_path, tiny_model, cross)
    index = open_index(tools, VIEW.documents)
    found = choose_retriever(tools, index, DEV)
    assert found.looked_up.reranker is None and found.settings["reranker"] == NO_RERANKER
    always = tools_with(tmp_path, tiny_model, cross, "always")
    taken = choose_retriever(always, index, DEV)
    assert taken.looked_up.reranker is always.reranker and len(taken.reranked) == 2
    assert always.given.among(taken.settings) == ["reranker"]


def test_without_a_reranker_nothing_is_said_of_one(tmp_path, tiny_model):
    tools = bench(tmp_path, tiny_model, "rag-s1")
    found = choose_retriever(tools, open_index(tools, VIEW.documents), DEV)
    assert found.settings == {"retriever": "hybrid"} and set(found.effort) == {"retrievers_tried"}
    assert "reranker" not in vars(tools)


def shown(rung):
    answers = {answer.query_id: answer for answer in rung.answer(QUERIES[:3], 0)}
    return [answers[query.id].contexts for query in QUERIES[:3]]


@pytest.mark.parametrize("name", ["rag", "rag_finetune"])
def test_a_rung_looks_passages_up_as_it_was_built_also_after_a_restart(
    name, tmp_path, tiny_model, cross
):
    tools = dataclasses.replace(
        tools_with(tmp_path, tiny_model, cross, "always"), cell=f"{name}-s1"
    )
    rung = rungs()[name].build(VIEW, tools)
    prepared = rung.prepare(None)
    assert prepared.settings["reranker"] == tools.reranker.name
    said = shown(rung)
    again = rungs()[name].build(VIEW, tools)
    again.prepare(prepared.settings)
    assert shown(again) == said
    index = open_index(tools, VIEW.documents).using(str(prepared.settings["retriever"]))
    k = int(prepared.settings["passages"])
    texts = [query.text for query in QUERIES[:3]]
    assert said == contexts_for(index.reranking(tools.reranker), texts, k)


def test_another_reranker_than_the_rung_was_built_with_is_refused(tmp_path, tiny_model, cross):
    tools = tools_with(tmp_path, tiny_model, cross)
    index = open_index(tools, VIEW.documents)
    with pytest.raises(UserError, match="built with other@1") as refused:
        retriever_of({"retriever": "bm25", "reranker": "other@1"}, index, tools)
    assert "begin a new run" in refused.value.problems[0].fix


def test_a_run_keeps_the_rerankers_weights_and_does_not_go_on_with_others(
    tmp_path, tiny_model, monkeypatch
):
    monkeypatch.setenv("RUNGWISE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("harness.runner._run_cells", lambda run, plan, on_event: "goes on")
    folder = make_cross_encoder(tmp_path / "cross", longest=512)
    model = tiny_model.as_posix()
    given = Given(RetrievalSettings(reranker=folder.as_posix()))
    settings = CheckSettings(("rag",), generator=model, embedder=model, given=given)
    task = Task(SPEC, TRAIN, DEV, HELDOUT, VIEW.documents, "f00d")
    run = Run(tmp_path / "project" / "runs" / "one")
    run.create(make_plan(tmp_path, "one", task, settings), task)
    tools = workbench_of(run, VIEW, "rag-s0", 0, lambda message, figures: None)
    weights = run.plan().reranker_weights
    assert run_check(run) == "goes on" and tools.reranker.name == f"{folder.as_posix()}@{weights}"

    make_cross_encoder(tmp_path / "cross", longest=256)
    for goes_on in (lambda: run_check(run), lambda: dataclasses.replace(tools).reranker):
        with pytest.raises(UserError, match="no longer those that this run began with") as refused:
            goes_on()
        (problem,) = refused.value.problems
        assert problem.where == "[retrieval]" and "check again as a new run" in problem.fix
        assert weights[:12] in problem.message
    file = run.folder / "run.json"
    older = json.loads(file.read_bytes())
    del older["reranker_weights"]
    file.write_text(json.dumps(older), encoding="utf-8")
    assert run_check(run) == "goes on", "a run from before the check sum was kept"


def test_a_missing_or_unusable_reranker_stops_a_check_before_it_starts(tmp_path, tiny_model, cross):
    def said(name):
        given = Given(RetrievalSettings(reranker=name))
        settings = CheckSettings(("prompt",), generator=tiny_model.as_posix(), given=given)
        (problem,) = settings_problems(tmp_path, settings, "", "label")
        assert problem.where == "[retrieval] reranker" and problem.fix
        return problem.message

    assert "there is no model named 'nowhere'" in said("nowhere")
    assert "no cross-encoder, but LlamaForCausalLM" in said(tiny_model.as_posix())
    assert "owner/cross is not on this machine" in said("owner/cross")
    (damaged := make_cross_encoder(tmp_path / "d")).joinpath("model.safetensors").write_bytes(b"x")
    assert "model.safetensors is damaged" in said(damaged.as_posix())


def test_a_wish_without_a_reranker_is_an_error(tmp_path, tiny_model):
    root = write_label_project(tmp_path / "p", tiny_model, ["prompt"])
    with (root / "rungwise.toml").open("a", encoding="utf-8") as out:
        out.write('[retrieval]\nrerank = "always"\n')
    (problem,) = read_project(root).problems
    assert "no reranker to use always" in problem.message


def test_worked_examples_are_looked_up_without_the_reranker(tmp_path, tiny_model, cross):
    """It reads what the questions asked find, not what hundreds of training questions do."""
    tools = tools_with(tmp_path, tiny_model, cross, "always")
    rung = rungs()["rag"].build(VIEW, tools)
    rung.prepare({"passages": 1, "worked_examples": 2, "retriever": "hybrid",
                  "reranker": tools.reranker.name})  # fmt: skip
    read = []
    plain = tools.reranker.scores
    tools.reranker.scores = lambda query, texts: read.append(query) or plain(query, texts)
    list(rung.answer(QUERIES[:2], 0))
    assert set(read) == {query.text for query in QUERIES[:2]}
    assert len(tools.generator.asked[-1][0].turns) == 2
    read.clear()
    rung.index = KnowingIndex(rung.index, {})
    list(rung.answer(QUERIES[:2], 0))
    assert set(read) == {query.text for query in QUERIES[:2]}, "nor for a ceiling"
