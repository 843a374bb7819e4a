"""The constrained rung: labels and JSON through the real door, and tasks that it cannot take."""

import dataclasses
import json

import pytest

from harness.closed_answers import calibrated, constraint_of
from harness.errors import JobError, UserError
from harness.json_answers import follows_schema, parse_object
from harness.prompts import render
from harness.rungs import rungs
from harness.types import Answer, TaskSpec, TrainView
from tests.harness.rung_bench import QUERIES, ROWS, SPEC, VIEW, bench, view_of
from tests.tuning.templates import HYBRID, LAST_ONLY, REFUSING, TOLD, templated_by
from tuning.errors import TuningError
from tuning.models import open_tokenizer

SCHEMA = (
    '{"type": "object", "required": ["days"], "additionalProperties": false, '
    '"properties": {"days": {"type": "integer", "minimum": 0, "maximum": 40}}}'
)
FORM = TaskSpec("desk", "json", "Say how many days.", schema=SCHEMA)


@pytest.fixture
def answered(tmp_path, tiny_model):
    """The rung's answers to the held-out questions of a task."""

    def answer(spec: TaskSpec, name: str = "constrained", **changes) -> list[Answer]:
        tools = dataclasses.replace(bench(tmp_path, tiny_model, f"{name}-s0"), spec=spec, **changes)
        rung = rungs()[name].build(dataclasses.replace(VIEW, spec=spec), tools)
        rung.prepare(None)
        found = list(rung.answer(QUERIES, 1))
        assert [prompt for prompt, _ in tools.generator.asked[-len(QUERIES) :]] == [
            render(spec, query.text) for query in QUERIES
        ], "the prompt rung's prompts"
        return found

    return answer


def test_every_answer_is_a_label_or_the_abstention(answered):
    spec = view_of("constrained").spec
    assert {answer.text for answer in answered(spec)} <= {*spec.labels, SPEC.abstention}
    assert not {a.text for a in answered(spec, "prompt")} & set(spec.labels)


def test_a_label_longer_than_the_token_limit_is_said_whole(answered):
    long = "a queue with a name that is much longer than any answer may be"
    spec = TaskSpec("t", "label", "Sort.", labels=(long, f"{long} or two", "short"))
    found = answered(spec, max_new_tokens=2)
    assert {answer.text for answer in found} <= set(spec.labels)
    assert not any(answer.truncated for answer in found)


@pytest.mark.parametrize("abstention", ["", "Nobody knows."])
def test_every_whole_answer_is_json_by_the_schema(answered, abstention):
    spec = dataclasses.replace(FORM, abstention=abstention)
    for answer in answered(spec, max_new_tokens=40):
        if answer.text != abstention:
            assert follows_schema(json.loads(answer.text), SCHEMA)
        assert not answer.truncated
    loose = answered(spec, "prompt", max_new_tokens=40)
    assert not any(parse_object(answer.text) for answer in loose)


def test_an_answer_that_the_limit_cuts_says_so(answered):
    spec = dataclasses.replace(FORM, schema='{"type": "array", "items": {"type": "integer"}, '
                                            '"minItems": 30}')  # fmt: skip
    assert all(answer.truncated for answer in answered(spec, max_new_tokens=9))


LEANING = TaskSpec("desk", "label", "Sort.", labels=("north", "south"), metric="accuracy_score")


def leaning_view(tools, right: str):
    """Dev rows whose right label is the plain model's or the calibrated one's, as asked for."""
    local = tools.local()
    ways = {
        "plain": constraint_of(LEANING, local.tokenizer),
        "calibrated": calibrated(LEANING, local.tokenizer, local.model),
    }
    prompts = [render(LEANING, e.question) for e in ROWS]
    found = {
        name: {one.row: one.text for one in local.complete(prompts, 4, way)}
        for name, way in ways.items()
    }
    differ = [at for at in range(len(ROWS)) if found["plain"][at] != found["calibrated"][at]]
    assert len(differ) >= 2, "or there is nothing to choose"
    rows = [dataclasses.replace(ROWS[at], references=(found[right][at],)) for at in differ]
    return TrainView(LEANING, (), tuple(rows), ())


@pytest.mark.parametrize("right", ["plain", "calibrated"])
def test_dev_decides_whether_labels_count_by_what_the_question_adds_also_after_a_restart(
    right, tmp_path, tiny_model
):
    tools = dataclasses.replace(bench(tmp_path, tiny_model, "constrained-s0"), spec=LEANING)
    view = leaning_view(tools, right)
    rung = rungs()["constrained"].build(view, tools)
    prepared = rung.prepare(None)
    assert prepared.settings["calibrated"] is (right == "calibrated"), prepared.effort
    assert prepared.effort["dev_answers"] == 2 * len(view.dev[:4])
    said = [answer.text for answer in rung.answer(QUERIES, 0)]
    again = rungs()["constrained"].build(view, tools)
    again.prepare(prepared.settings)
    assert [answer.text for answer in again.answer(QUERIES, 0)] == said
    older = rungs()["constrained"].build(view, tools)
    older.prepare({"method": "labels over a trie"})
    assert {answer.text for answer in older.answer(QUERIES, 0)} <= set(LEANING.labels)


def test_how_answers_are_constrained_is_recorded(tmp_path, tiny_model):
    for spec, method in (
        (view_of("constrained").spec, "labels over a trie"),
        (FORM, "JSON schema, llguidance"),
    ):
        view = TrainView(spec, (), (), ())
        rung = rungs()["constrained"].build(view, bench(tmp_path, tiny_model, "constrained-s0"))
        assert rung.prepare(None).settings == {"method": method}


def test_a_schema_that_cannot_be_kept_stops_the_rung_before_its_first_answer(answered):
    spec = dataclasses.replace(FORM, schema='{"type": "array", "uniqueItems": true}')
    with pytest.raises(TuningError, match="uniqueItems") as refused:
        answered(spec)
    assert refused.value.fix


def test_a_label_that_the_tokenizer_cannot_write_is_named(tiny_model):
    spec = TaskSpec("t", "label", "Sort.", labels=("fine", "<|im_end|>ignored", " padded"))
    with pytest.raises(JobError) as refused:
        constraint_of(spec, open_tokenizer(tiny_model))
    assert [problem.where for problem in refused.value.problems] == [" padded"]


@pytest.mark.parametrize("template", [HYBRID, TOLD, REFUSING, LAST_ONLY])
def test_labels_can_be_said_whatever_the_template_does_to_an_answer(tiny_model, template):
    """A thought before the label, or a mark within it, would be no label any more."""
    spec = TaskSpec("t", "label", "Sort.", labels=("now <s>9</s> 5", "late", "<|im_end|>"))
    tokenizer = templated_by(tiny_model)(template)
    walk = constraint_of(spec, tokenizer).start()
    firsts = {tokenizer.decode([token]) for token in walk.allowed()}
    assert firsts <= {said[: len(first)] for said in spec.labels for first in firsts}


def test_an_endpoint_is_refused_also_where_nobody_asked_before(tmp_path, tiny_model):
    tools = bench(tmp_path, tiny_model, "constrained-s0")
    tools.__dict__["generator"] = object()
    with pytest.raises(UserError, match="weights"):
        rungs()["constrained"].build(view_of("constrained"), tools).prepare(None)
