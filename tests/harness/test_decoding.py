"""Free answers or allowed ones only, for every rung whose task has closed answers."""

import dataclasses

import pytest

from harness.compare import paired
from harness.decoding import FREE, GAIN, HELD, choose_decoding
from harness.intervals import wilson
from harness.looking_up import Reading, readable, worked_examples
from harness.prompts import target, with_passages
from harness.retrieval import contexts_for, holds_answer, open_index
from harness.rungs import rungs
from harness.scoring import Scored
from harness.types import TaskSpec
from tests.harness.rung_bench import DEV, QUERIES, SPEC, TRAIN, VIEW, bench, closed

LABELS = closed(SPEC)
CHOOSING = ("few_shot", "rag", "finetune", "rag_finetune")


@pytest.fixture
def tools(tmp_path, tiny_model):
    return lambda spec: dataclasses.replace(bench(tmp_path, tiny_model, "rag-s1"), spec=spec)


@pytest.mark.parametrize(
    ("free", "held", "word"),
    [(4, 6, HELD), (4, 5, FREE), (4, 4, FREE), (4, 2, FREE), (0, 2, HELD)],
    ids=["two more", "one more is chance", "as many", "fewer", "none without"],
)
def test_answers_are_held_to_the_allowed_ones_only_where_that_does_better(tools, free, held, word):
    def score(constraint):
        right = free if constraint is None else held
        return Scored(right / 8, tuple(float(i < right) for i in range(8)))

    told = []
    bench = dataclasses.replace(tools(LABELS), say=lambda message, figures: told.append(message))
    chosen = choose_decoding(bench, score, 8)
    assert told == ["Trying free answers on dev", "Trying allowed answers only on dev"]
    assert chosen.settings == {"decoding": word}
    assert (chosen.constraint is not None) is (word == HELD)
    assert chosen.effort["dev_answers"] == 16
    known = choose_decoding(tools(LABELS), score, 8, score(None))
    assert known.effort["dev_answers"] == 8, "free answers were scored before"
    assert known.settings == chosen.settings


def test_both_ways_are_kept_with_their_intervals_and_the_paired_difference(tools):
    rows = {True: (1.0,) * 6 + (0.0,) * 2, False: (0.0,) * 6 + (1.0, 0.0)}

    def score(constraint):
        found = rows[constraint is not None]
        return Scored(sum(found) / 8, found)

    for known in (None, score(None)):
        effort = choose_decoding(tools(LABELS), score, 8, known).effort
        free, held = effort["decodings_tried"]
        assert (free["dev_score"], held["dev_score"]) == (0.125, 0.75)
        for one, right in ((free, 1), (held, 6)):
            assert (one["low"], one["high"]) == (wilson(right, 8).low, wilson(right, 8).high)
        gain = paired(rows[True], rows[False])
        assert effort[GAIN] == {
            "difference": 0.625, "low": gain.low, "high": gain.high, "questions": 8
        }  # fmt: skip
        assert gain.low < 0.625 < gain.high


def test_intervals_of_a_metric_over_all_answers_together_stay_shares(tools):
    def score(constraint):
        # pseudo-values: of such a metric a question may contribute less than 0 or more than 1
        return Scored(0.9, (3.0, -1.0, 1.5, 0.5)) if constraint else Scored(0.5, (0.5,) * 4)

    free, held = choose_decoding(tools(LABELS), score, 4).effort["decodings_tried"]
    assert (held["low"], held["high"]) == (0.0, 1.0)
    assert 0 <= free["low"] < 0.5 < free["high"] <= 1


def test_free_text_a_missing_dev_set_and_a_schema_that_cannot_be_kept_leave_no_choice(tools):
    def never(constraint):
        raise AssertionError("there is nothing to choose")

    odd = TaskSpec("desk", "json", "Say it.", schema='{"not": {"type": "string"}}')
    for spec, rows in ((SPEC, 8), (LABELS, 0), (odd, 8)):
        assert choose_decoding(tools(spec), never, rows) == (None, {}, {}, None)


@pytest.mark.parametrize("name", CHOOSING)
def test_a_rung_that_does_better_so_says_allowed_answers_only_also_after_a_restart(
    name, tmp_path, tiny_model
):
    # the tiny model knows nothing: free answers are never right, allowed ones often
    spec = dataclasses.replace(LABELS, labels=("0 days", "1 days"), abstention="")
    rows = [dataclasses.replace(e, references=(f"{int(e.id[1:]) % 2} days",)) for e in TRAIN + DEV]
    view = dataclasses.replace(VIEW, spec=spec, train=tuple(rows[:30]), dev=tuple(rows))
    tools = bench(tmp_path, tiny_model, f"{name}-s1")
    more = dataclasses.replace(tools.effort, dev_rows=32)
    tools = dataclasses.replace(tools, spec=spec, effort=more)
    rung = rungs()[name].build(view, tools)
    prepared = rung.prepare(None)
    assert prepared.settings["decoding"] == HELD, prepared.effort["decodings_tried"]
    said = {answer.query_id: answer.text for answer in rung.answer(QUERIES, 1)}
    assert set(said.values()) <= set(spec.labels)
    again = rungs()[name].build(view, tools)
    again.prepare(prepared.settings)
    assert {answer.query_id: answer.text for answer in again.answer(QUERIES, 1)} == said


@pytest.fixture
def index(tools):
    return open_index(tools(SPEC), VIEW.documents)


def test_worked_examples_show_passages_that_hold_the_answer_from_different_documents(index):
    pool = readable(SPEC, index, TRAIN, 2)
    shown = worked_examples(SPEC, pool, Reading(2, 3))
    assert len(shown) == 3 and shown == worked_examples(SPEC, pool, Reading(2, 3))
    sources = []
    for one in shown:
        (row,) = (row for row in TRAIN if one.question.endswith(f"Question: {row.question}"))
        (contexts,) = contexts_for(index, [row.question], 2)
        assert one.question == with_passages(row.question, contexts)
        assert one.answer == target(SPEC, row) and holds_answer(row, contexts, SPEC)
        sources.append({context.source for context in contexts})
    assert not sources[0] & sources[1]


def test_no_more_worked_examples_than_there_are_and_none_where_none_is_asked_for(index):
    pool = readable(SPEC, index, TRAIN, 1)
    assert worked_examples(SPEC, pool, Reading(1, 0)) == []
    many = worked_examples(SPEC, pool, Reading(1, 500))
    assert 0 < len(many) <= len(TRAIN) and len({one.question for one in many}) == len(many)
    assert readable(SPEC, index, (), 1) == [] == worked_examples(SPEC, [], Reading(1, 3))
