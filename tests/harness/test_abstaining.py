"""Abstaining where no passage comes near: chosen on dev, given without the model."""

import dataclasses

import pytest

from harness.abstaining import BOUND, bound_of, choose_bound, closeness, split_off
from harness.choosing import CLEARLY, clearly_ahead
from harness.effort import EFFORTS
from harness.looking_up import ask
from harness.retrieval import open_index
from harness.rungs import rungs
from harness.types import Answer, Example, Query, TrainView
from rag.types import Document
from tests.harness.rung_bench import EFFORT, SPEC, bench

TRYING = dataclasses.replace(EFFORT, abstains=True)


def near(i: int) -> Example:
    """A question in the words of its page."""
    return Example(f"n{i}", f"the work at stage{i} takes how many days", (f"{i} days",))


NEAR = [near(i) for i in range(60)]
TRAIN, DEV = tuple(NEAR[:30]), tuple(NEAR[30:])
QUERIES = [Query(e.id, e.question) for e in DEV[:2]]
PAGES = tuple(
    Document(f"p{i}.md", f"the work at stage{i} takes {i} days", f"p{i}.md", None, "")
    for i in range(60)
)
VIEW = TrainView(SPEC, TRAIN, DEV, PAGES)
FAR = [Example(f"f{i}", f"Zyx qwv {i}?", ()) for i in range(8)]
"""Questions that share nothing with any page."""


@pytest.fixture
def tools(tmp_path):
    made = bench(tmp_path, tmp_path, "rag-s1")
    made.effort, made.view = TRYING, VIEW
    return made


@pytest.fixture
def index(tools):
    return open_index(tools, VIEW.documents)


def answers(rows, right=lambda example: example.answerable):
    return [Answer(e.id, e.references[0] if right(e) else "Something.") for e in rows]


def test_a_model_that_never_abstains_gains_a_bound_that_spares_what_is_answered(tools, index):
    dev = [*DEV, *FAR]
    found = choose_bound(tools, index, TRAIN, dev, answers(dev))
    assert found.settings == {BOUND: found.value} and bound_of(found.settings) == found.value
    assert sum(one < found.value for one in closeness(index, [e.question for e in FAR])) >= 6
    tried = found.effort["abstaining_tried"]
    best = max(one["dev_score"] for one in tried)
    assert len(tried) == 5 and best > len(DEV) / len(dev)
    assert next(one["dev_score"] for one in tried if one[BOUND] == found.value) == best


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda e: True, "it abstains by itself where it should"),
        (lambda e: e.answerable or e.id != "f0", "one answer more may be chance"),
    ],
)
def test_without_a_clear_gain_every_question_goes_to_the_model(tools, index, spoil, why):
    dev = [*DEV, *FAR]
    given = [
        Answer(e.id, (e.references or (SPEC.abstention,))[0] if spoil(e) else "Something.")
        for e in dev
    ]
    found = choose_bound(tools, index, TRAIN, dev, given)
    assert found.value is None and found.settings == {}, why
    assert len(found.effort["abstaining_tried"]) == 5, "what was tried is on record all the same"


def test_nothing_is_tried_where_it_is_no_part_of_the_task_or_there_is_nothing_to_learn_from(
    tools, index
):
    dev = [*DEV[:8], *FAR]
    assert choose_bound(tools, index, TRAIN, DEV, answers(DEV)).effort == {}
    assert choose_bound(tools, index, FAR, dev, answers(dev)).effort == {}
    assert choose_bound(tools, index, TRAIN, dev, []).effort == {}, "no setting had to be tried"
    tools.spec = dataclasses.replace(SPEC, abstention="")
    assert choose_bound(tools, index, TRAIN, dev, answers(dev)).effort == {}
    tools.spec, tools.effort = SPEC, EFFORT
    assert choose_bound(tools, index, TRAIN, dev, answers(dev)).effort == {}
    assert [name for name, one in EFFORTS.items() if one.abstains] == ["normal", "thorough"]


def test_what_lies_below_the_bound_is_answered_without_the_model_and_timed_as_the_look_up(
    tools, index
):
    tools.embedding_s = 100.0
    far = [Query(e.id, e.question) for e in FAR[:2]]
    asked = ask(tools, index.using("bm25"), [far[0], QUERIES[0], far[1]], 2)
    done, left, timed = split_off(tools, index.using("bm25"), asked, 0.4, 2)
    assert [a.query_id for a in done] == ["f0", "f1"] and timed == 1
    assert {a.text for a in done} == {SPEC.abstention}
    assert done[0].latency_s > 100 and done[1].latency_s is None
    assert [one.query for one in left] == [QUERIES[0]] and left[0].seconds > 100
    assert split_off(tools, index, asked, None, 2) == ([], asked, 2)


def test_the_rung_gives_the_tasks_own_sentence_and_asks_only_about_the_rest(tmp_path, tiny_model):
    tools = bench(tmp_path, tiny_model, "rag-s1")
    rung = rungs()["rag"].build(VIEW, tools)
    rung.prepare({"passages": 2, "retriever": "hybrid", BOUND: 0.4})
    queries = [Query("far", FAR[0].question), *QUERIES[:2]]
    said = {a.query_id: a for a in rung.answer(queries, 1)}
    assert said["far"].text == SPEC.abstention and said["far"].prompt_tokens == 0
    assert said["far"].latency_s is not None
    assert len(tools.generator.asked) == 2 and all(said[q.id].prompt_tokens for q in QUERIES[:2])
    rung.prepare({"passages": 2, "retriever": "hybrid"})
    list(rung.answer(queries, 0))
    assert len(tools.generator.asked) == 5, "a run from before there was a bound asks about all"


@pytest.mark.parametrize(
    ("gains", "expected"),
    [([1, 1, 1, 0, 0, 0, 0, 0, 0, 0], True), ([1, 0, 0, 0], False), ([1, -1, 1, 0], False),
     ([1], False), ([], False), ([0, 0], False), ([0.1, 0.1], True)],
)  # fmt: skip
def test_a_lead_is_clear_where_chance_would_seldom_give_it(gains, expected):
    assert clearly_ahead(gains, CLEARLY) is expected


def test_a_question_without_a_word_is_as_far_as_can_be(index):
    assert closeness(index, ["", QUERIES[0].text])[0] == -1.0
