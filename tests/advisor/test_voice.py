"""Fact and manner side by side, and the word lists that a project may give."""

import dataclasses

import pytest

from advisor.diagnosis_words import further
from advisor.project import read_project
from advisor.report import build
from advisor.summary import voice_table
from advisor.voice import RIGHT, voice
from harness.diagnosis.findings import BrokenRule, Diagnostics, Form, RungDiagnosis, Share
from harness.experiment import Estimate
from tests.advisor.experiments import experiment
from tests.advisor.report_runs import fullest, smallest

MEANS = {"prompt": 0.2, "rag": 0.6}


def est(mean):
    return Estimate(mean, mean - 0.1, mean + 0.1, 100, 0)


def spoken(**more):
    """Two rungs with facts, and manner where `more` gives it."""
    made = experiment(MEANS)
    scores = {"prompt": (0.3, 0.1), "rag": (0.7, 0.2)}
    arms = {
        name: dataclasses.replace(
            arm,
            scores={
                **arm.scores,
                "fact_score": est(scores[name][0]),
                "style_match_score": est(scores[name][1]),
            },
        )
        for name, arm in made.rungs.items()
    }
    return dataclasses.replace(made, rungs=arms, **more)


def test_every_rung_and_the_right_answers_have_fact_beside_manner_with_intervals():
    right = {"fact_score": est(0.9), "style_match_score": est(0.85)}
    found = voice(spoken(right_answers=right))
    assert found.head == ("Rung", "Right facts", "Says it as the house would")
    assert found.rows == (
        ("Prompt", "30 % (20–40 %)", "10 % (0–20 %)"),
        ("Retrieval", "70 % (60–80 %)", "20 % (10–30 %)"),
        (RIGHT, "90 % (80–100 %)", "85 % (75–95 %)"),
    )


def test_a_task_of_labels_has_no_manner():
    assert voice(experiment(MEANS)) is None
    assert voice_table(experiment(MEANS)) == ""


def test_a_manner_that_cannot_be_scored_says_why():
    made = spoken()
    arms = {
        name: dataclasses.replace(arm, scores={**arm.scores, "length_score": est(0.5)})
        for name, arm in made.rungs.items()
    }
    for arm in arms.values():
        del arm.scores["style_match_score"]
    why = "the house's answers are too short to have a manner"
    table = voice_table(dataclasses.replace(made, rungs=arms, undefined={"style_match_score": why}))
    assert f"The manner has no score: {why}." in table


def test_the_report_of_a_task_with_a_voice_holds_the_table_and_that_of_labels_does_not(tmp_path):
    from advisor.workflow import experiment_of

    keys = []
    for run in (fullest(tmp_path / "full"), smallest(tmp_path / "small")):
        report = build(run, experiment_of(run), None)
        keys.append("voice" in [part.key for part in report.sections])
    assert keys == [True, False]


def test_broken_rules_and_wrong_lengths_are_told():
    none = Share()
    form = Form(
        none, 0, none, none, none,
        too_long=Share(0.5, 0.4, 0.6, 40),
        broken_rules=(
            BrokenRule("Kind regards", True, Share(0.75, 0.6, 0.9, 40)),
            BrokenRule("asap", False, Share(0.1, 0.0, 0.2, 40)),
        ),
    )  # fmt: skip
    found = Diagnostics(rungs={"rag": RungDiagnosis(form=form)})
    told = tuple(further(dataclasses.replace(spoken(), diagnostics=found), "rag"))
    assert told == (
        "20 of 40 answers (50 %) were longer than the house writes.",
        "30 of 40 answers (75 %) did not use “Kind regards”.",
        "4 of 40 answers (10 %) used “asap”.",
    )


# The lists in rungwise.toml


def project(folder, task):
    (folder / "e.csv").write_text("question,answer\na,b\n", encoding="utf-8")
    text = f'[data]\nexamples = "e.csv"\n[task]\n{task}\n'
    (folder / "rungwise.toml").write_text(text, encoding="utf-8")
    return read_project(folder)


def test_word_lists_reach_the_task(tmp_path):
    found = project(tmp_path, 'must_use = ["Kind regards"]\nmust_not_use = ["asap", "!"]')
    assert not found.problems
    assert found.spec().must_use == ("Kind regards",)
    assert found.spec().must_not_use == ("asap", "!")


@pytest.mark.parametrize(
    ("task", "message", "fix"),
    [
        ('must_use = "regards"', 'must_use cannot be "regards"',
         'write must_use = ["Kind regards"]'),
        ('must_not_use = ["a", " "]', "must_not_use has an empty entry",
         'write must_not_use = ["guarantee", "asap"]'),
        ('must_use = ["Dear"]\nmust_not_use = ["dear"]', "'dear' must and must not be used",
         "take it off one of the lists must_use and must_not_use"),
        ('kind = "label"\nmust_use = ["Dear"]',
         "must_use is for free text, and this task has kind = label",
         'remove must_use, or write kind = "answer" or "text"'),
    ],
)  # fmt: skip
def test_a_list_that_cannot_be_kept_is_refused_in_one_line(tmp_path, task, message, fix):
    (problem,) = project(tmp_path, task).problems
    assert (problem.message, problem.fix) == (message, fix)
    assert problem.where == "rungwise.toml, [task]"
