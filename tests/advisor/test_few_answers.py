"""A task of labels that does not say so: told by audit and at the start of a check."""

import dataclasses
import json

import pytest

from advisor import workflow
from advisor.few_answers import few_answers_sentence
from advisor.project import open_project
from advisor.verbs_shared import foretell
from harness.types import Example, TaskSpec
from tests.command import here, make_project

SPAM = [{"text": f"message {i}", "label": ("ham", "spam")[i % 3 == 0]} for i in range(148)]
CONFIG = '[data]\nexamples = "data/a.jsonl"\n[task]\nkind = "answer"\n'
SAID = (
    'Only 2 different answers in 148 rows, all of them short: is this kind = "label"? As kind = '
    '"answer" a model may write anything, and is told of no list to choose from.'
)


@pytest.fixture
def spam(tmp_path):
    return make_project(tmp_path / "p", CONFIG, a__jsonl="\n".join(map(json.dumps, SPAM)))


def test_audit_asks_whether_it_is_labels_and_says_what_to_write(spam):
    told = json.loads(here("audit", spam, "--json").stdout)["findings"]
    (found,) = (one for one in told if one["code"] == "few_answers")
    assert (found["severity"], found["count"], found["message"]) == ("warning", 148, SAID)
    assert found["fix"].startswith('Write kind = "label" and instruction = "Classify the message."')
    (spam / "rungwise.toml").write_text(f'{CONFIG}instruction = "Spam or ham?"\n', encoding="utf-8")
    (found,) = (
        one
        for one in json.loads(here("audit", spam, "--json").stdout)["findings"]
        if one["code"] == "few_answers"
    )
    assert found["fix"].startswith('Write kind = "label" under [task]'), "the user's own stays"


def test_a_check_says_it_before_it_starts(spam, capsys):
    project = open_project(spam)
    endpoint = "openai:http://127.0.0.1:9/v1#none"  # no model is needed to plan
    settings = dataclasses.replace(
        project.settings(), generator=endpoint, embedder=endpoint, rungs=("prompt",)
    )
    foretell(workflow.start_run(project, "planned", settings=settings))
    assert f"{SAID} See: rungwise audit {spam}\n" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("kind", "answers", "told"),
    [
        ("answer", ["yes", "no"] * 10, True),
        ("text", ["yes", "no"] * 10, True),
        ("label", ["yes", "no"] * 10, False),
        ("answer", ["yes", "no"] * 9, False),  # too few rows to tell
        ("answer", ["yes"] * 20, False),  # one answer is told of elsewhere
        ("answer", [f"In {1900 + i % 5}." for i in range(40)], False),  # five in forty
        ("answer", ["yes", "no, for " + "so " * 30] * 10, False),  # sentences
        ("answer", ["yes"] * 10 + ["no"] * 9 + [""], False),  # one has no answer and does not count
    ],
)
def test_only_few_short_answers_to_many_rows_are_told_of(kind, answers, told):
    rows = [Example(str(i), f"Q {i}", (a,) if a else ()) for i, a in enumerate(answers)]
    spec = TaskSpec("t", kind, "Do it.")
    assert bool(few_answers_sentence(spec, rows)) is told
