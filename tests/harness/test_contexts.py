"""What rag shows of passages: chosen on dev at the most effort, or decided by the user."""

import dataclasses
from statistics import fmean

import pytest

from harness.effort import EFFORTS, effort_of
from harness.given import Given, RetrievalSettings
from harness.retrieval import open_index
from harness.rungs import rungs
from harness.scoring import Scored
from tests.harness.rung_bench import EFFORT, QUERIES, VIEW, bench
from tuning.recipe import USUAL

BOTH = ("passage", "window")


@pytest.mark.parametrize(("window", "taken"), [((1, 1, 1, 1), "window"), ((1, 0, 1, 1), "passage")])
def test_more_than_the_passage_is_shown_only_where_dev_is_clearly_better_with_it(
    window, taken, tmp_path, tiny_model
):
    tools = bench(tmp_path, tiny_model, "rag-s1")
    tools.effort = dataclasses.replace(EFFORT, passages=(1,), contexts=BOTH)
    tools.passage_words = 20
    rung = rungs()["rag"].build(VIEW, tools)

    def scored(examples, answers):
        rows = window if rung.index.context == "window" else (0, 0, 1, 1)
        return Scored(fmean(rows), rows)

    tools.dev_scored = scored
    prepared = rung.prepare(None)
    assert prepared.settings["context"] == rung.index.context == taken
    tried = {one["context"]: one["dev_score"] for one in prepared.effort["tried"]}
    assert tried == {"passage": 0.5, "window": fmean(window)}


def test_only_the_most_effort_tries_it_and_what_the_user_decides_is_not_tried():
    tried = {name: one.contexts for name, one in EFFORTS.items()}
    assert tried == {"quick": ("passage",), "normal": ("passage",), "thorough": BOTH}
    given = Given(RetrievalSettings(context="section"))
    assert effort_of("thorough", USUAL, given).contexts == ("section",)
    assert given.among(["context", "passages"]) == ["context"]


@pytest.mark.parametrize("name", ["rag", "rag_finetune"])
@pytest.mark.parametrize("context", ["window", "section"])
def test_a_rung_shows_what_the_user_decided_also_after_a_restart(
    name, context, tmp_path, tiny_model
):
    given = Given(RetrievalSettings(passages=2, passage_words=20, context=context))
    tools = bench(tmp_path, tiny_model, f"{name}-s1")
    tools = dataclasses.replace(tools, given=given, effort=effort_of("quick", USUAL, given))
    tools.passage_words = 20
    rung = rungs()[name].build(VIEW, tools)
    prepared = rung.prepare(None)
    assert prepared.settings["context"] == context
    said = {one.query_id: one.contexts for one in rung.answer(QUERIES[:3], 0)}
    again = rungs()[name].build(VIEW, tools)
    again.prepare(prepared.settings)
    assert {one.query_id: one.contexts for one in again.answer(QUERIES[:3], 0)} == said
    index = open_index(tools, VIEW.documents)
    longest = max(len(chunk.text) for chunk in index.chunks)
    pages = {page.source: page.text for page in VIEW.documents}
    shown = [one for contexts in said.values() for one in contexts]
    assert any(len(one.text) > longest for one in shown)
    for one in shown:
        raw = pages[one.source][one.start : one.end].replace("#", " ").split()
        assert raw[-5:] == one.text.split()[-5:], "offsets are those of what is shown"


def test_rag_tries_it_on_dev_and_says_so(tmp_path, tiny_model):
    tools = bench(tmp_path, tiny_model, "rag-s1")
    tools.effort = dataclasses.replace(EFFORT, contexts=BOTH)
    tools.passage_words = 20
    rung = rungs()["rag"].build(VIEW, tools)
    prepared = rung.prepare(None)
    shown = [one["context"] for one in prepared.effort["tried"] if "context" in one]
    assert shown == list(BOTH)
    assert prepared.effort["dev_answers"] == (2 + 1) * 4, "two numbers of passages, one context"
    assert rung.index.context == prepared.settings["context"]
