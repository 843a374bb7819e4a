"""A schema that nothing can follow, or that decoding cannot hold to, is told before a run."""

import json

import pytest

from advisor import workflow
from advisor.audit import audit
from advisor.project import open_project, read_project
from harness.runner import make_plan
from tests.command import here, make_project, refused
from tuning.constrain import obstacle

POSSIBLE = {"type": "object", "properties": {"days": {"type": "integer"}}, "required": ["days"]}
NEVER = {**POSSIBLE, "properties": {"days": {"type": "integer", "minimum": 5, "maximum": 3}}}
BEYOND = {**POSSIBLE, "properties": {"days": {"type": "array", "uniqueItems": True}}}


def project(root, model, schema, value, more=""):
    rows = [{"text": f"message {i}", "answer": {"days": value(i)}} for i in range(60)]
    config = f"""
[model]
generator = "{model.as_posix()}"
[data]
examples = "data/rows.jsonl"
heldout = 15
columns = {{ question = "text", answer = "answer" }}
[task]
kind = "json"
schema = "data/schema.json"
[check]
rungs = ["prompt", "constrained"]
effort = "quick"
{more}
"""
    lines = "\n".join(map(json.dumps, rows))
    return make_project(root, config, rows__jsonl=lines, schema__json=json.dumps(schema))


@pytest.mark.parametrize("verb", ["audit", "check", "estimate"])
def test_a_schema_that_nothing_can_follow_is_one_error_before_anything_is_read(
    verb, tmp_path, tiny_model
):
    root = project(tmp_path / "p", tiny_model, NEVER, lambda i: i)
    said, fix = next(iter(refused(here(verb, root)).items()))
    assert said == (
        "data/schema.json: no answer can follow this schema: required property 'days' is "
        "unsatisfiable"
    )
    assert fix.startswith("mend the schema")
    assert not (root / "runs").exists() and len(read_project(root).problems) == 1


def test_what_decoding_cannot_hold_to_is_a_finding_and_leaves_the_constrained_rung_out_of_the_plan(
    tmp_path, tiny_model
):
    opened = open_project(project(tmp_path / "p", tiny_model, BEYOND, lambda i: [i]))
    loaded = workflow.load(opened)
    (found,) = [one for one in audit(loaded, opened.spec()).findings if one.code == "malformed"]
    assert found.severity == "warning" and 'Unimplemented keys: ["uniqueItems"]' in found.message
    assert "simpler keywords" in found.fix
    plan = make_plan(opened.root, "r", loaded.task, opened.settings())
    assert plan.skipped == {
        "constrained": 'answers cannot be held to the schema: Unimplemented keys: ["uniqueItems"]'
    }


def test_where_the_user_wants_answers_held_to_it_such_a_schema_is_an_error(tmp_path, tiny_model):
    always = '[decoding]\nconstrained = "always"'
    root = project(tmp_path / "p", tiny_model, BEYOND, lambda i: [i], always)
    (problem,) = read_project(root).problems
    assert "answers cannot be held to this schema" in problem.message
    assert "remove [decoding] constrained" in problem.fix


def test_a_schema_that_answers_can_be_held_to_is_no_finding(tmp_path, tiny_model):
    opened = open_project(project(tmp_path / "p", tiny_model, POSSIBLE, lambda i: i))
    loaded = workflow.load(opened)
    assert all(one.code != "malformed" for one in audit(loaded, opened.spec()).findings)
    assert make_plan(opened.root, "r", loaded.task, opened.settings()).skipped == {}


@pytest.mark.parametrize(
    ("schema", "impossible"),
    [
        ('{"enum": []}', True),
        ('{"allOf": [{"type": "string"}, {"type": "integer"}]}', True),
        ('{"type": "string", "minLength": 5, "maxLength": 2}', True),
        ('{"not": {}}', False),
        ("true", False),
    ],
)
def test_what_cannot_be_is_told_from_what_is_beyond_decoding(schema, impossible):
    found = obstacle(schema)
    assert found.impossible is impossible and found.reason and "\n" not in found.reason
