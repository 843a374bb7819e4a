"""The audit of a project knows how much its model takes in one go."""

import json

import pytest

from advisor import workflow
from advisor.auditing import audit_of
from advisor.project import open_project
from harness.context import context_of
from tests.command import make_project
from tests.conftest import label_rows


@pytest.fixture
def project_on(tmp_path):
    """A project on a model, one of whose rows has about 4,000 tokens."""

    def made(model):
        rows = [*label_rows(60), {"text": "late " * 3200, "label": "delivery"}]
        lines = "\n".join(json.dumps(row) for row in rows)
        config = f'[model]\ngenerator = "{model}"\n[data]\nexamples = "data/examples.jsonl"\n'
        config += '[task]\nkind = "label"\n'
        return make_project(tmp_path / "p", config, examples__jsonl=lines)

    return made


def model_folder(tmp_path, **config):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return (tmp_path / "model").as_posix()


def too_long(root):
    project = open_project(root)
    findings = audit_of(project, workflow.load(project)).findings
    return [one.message for one in findings if one.code == "truncated"]


def test_a_row_that_the_embedded_model_takes_is_not_said_to_be_too_long(project_on):
    assert too_long(project_on("smollm2-135m-instruct")) == []


def test_a_row_is_measured_by_the_context_of_the_model_at_hand(tmp_path, project_on):
    (said,) = too_long(project_on(model_folder(tmp_path, max_position_embeddings=2048)))
    assert "1 of 61 rows (2 %) pass 2,048 tokens" in said


def test_answers_are_held_against_the_limit_in_force(tmp_path):
    rows = [{"question": f"What of {i}?", "answer": f"It is {i}."} for i in range(60)]
    rows.append({"question": "And all of it?", "answer": "Word. " * 500})
    lines = "\n".join(json.dumps(row) for row in rows)
    config = '[data]\nexamples = "data/examples.jsonl"\n[decoding]\nanswer_tokens = {}\n'
    said = {}
    for limit in (0, 200):
        root = make_project(tmp_path / f"p{limit}", config.format(limit), examples__jsonl=lines)
        project = open_project(root)
        findings = audit_of(project, workflow.load(project)).findings
        said[limit] = [one.message for one in findings if one.code == "cut_answers"]
    assert said[0] == [], "half of the embedded model's context has room for it"
    (told,) = said[200]
    assert "1 of 61 rows (2 %) have more than 200 tokens" in told


@pytest.mark.parametrize("config", [{}, {"max_position_embeddings": "many"}])
def test_nothing_is_said_where_the_context_is_not_known(tmp_path, project_on, config):
    assert too_long(project_on(model_folder(tmp_path, **config))) == []
    assert context_of("owner/absent", tmp_path) is None
    assert context_of("openai:http://127.0.0.1:9/v1#m", tmp_path) == 8192
