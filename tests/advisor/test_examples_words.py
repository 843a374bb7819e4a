"""What is said where dev found that worked examples do not help."""

import dataclasses

import pytest

from advisor.cli import main
from advisor.diagnosis import besides
from advisor.examples_words import about_examples
from advisor.workflow import experiment_of
from harness.disk import write_json
from tests.advisor.report_runs import fullest


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    return fullest(tmp_path_factory.mktemp("full"))


def with_effort(experiment, effort):
    arm = dataclasses.replace(experiment.rungs["few_shot"], effort=effort)
    return dataclasses.replace(experiment, rungs={**experiment.rungs, "few_shot": arm})


@pytest.mark.parametrize(
    ("word", "words"), [("no", "did harm: 40 %"), ("unclear", "did not clearly help: 40 %")]
)
def test_it_is_said_in_the_report_and_by_show(word, words, full, capsys):
    found = {"against_none": {"help": word, "shown": 0.4, "none": 0.5}}
    told = with_effort(experiment_of(full), found)
    said = about_examples(told)
    assert f"{words} with 3 examples, 50 % without any" in said
    assert said in besides(told, "few_shot") and said not in besides(told, "prompt")
    write_json(full.folder / "experiment.json", told)
    assert main(["show", str(full.folder)]) == 0
    assert said in capsys.readouterr().out


@pytest.mark.parametrize("effort", [{}, {"against_none": {"help": "yes", "shown": 1, "none": 0}},
                                    {"against_none": {}}])  # fmt: skip
def test_where_they_help_or_nothing_was_compared_nothing_is_said(effort, full):
    assert about_examples(with_effort(experiment_of(full), effort)) == ""
