"""How passages were found: what the report, the terminal and Compare say about it."""

import dataclasses

import pytest

from advisor.cli import main
from advisor.report import build
from advisor.report.document import Bullets, Table
from advisor.searching import TITLE, searching
from advisor.workflow import experiment_of, prior_of
from tests.advisor.report_runs import fullest, smallest


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    return fullest(tmp_path_factory.mktemp("full"))


def with_tried(experiment, tried, **settings):
    arm = experiment.rungs["rag"]
    changed = dataclasses.replace(
        arm, effort={"retrievers_tried": tried}, settings={**arm.settings, **settings}
    )
    return dataclasses.replace(experiment, rungs={"rag": changed})


def test_every_way_tried_is_a_row_and_the_one_taken_stands_out(full):
    found = searching(experiment_of(full))
    assert found.head == ("Looked up", "Taken by", "In 1", "In 2", "MRR", "nDCG")
    assert [row[0].split("(")[1] for row in found.rows] == ["hybrid)", "bm25)", "dense)"]
    assert found.rows[1] == (
        "By words (bm25)", "Retrieval, retrieval with fine-tuning", "62 %", "75 %", "0.69",
        "not known",
    )  # fmt: skip
    assert found.strong == 1 and found.rows[0][1] == ""
    assert "16 dev questions" in found.notes[0]
    assert "10 passages of at most 80 words" in found.notes[-1]


def test_where_one_way_was_tried_it_is_said_that_nothing_was_compared(full):
    tried = [{"retriever": "hybrid", "questions": 1, "recall": {"1": 1.0}}]
    found = searching(with_tried(experiment_of(full), tried, retriever="hybrid"))
    assert found.notes[0].startswith("Measured on 1 dev question ")
    assert "tries one way" in found.notes[1]
    assert found.rows[0][2:] == ("100 %", "not known", "not known")


def test_a_way_that_this_version_does_not_know_is_named_as_it_was(full):
    tried = [{"retriever": "<b>new", "questions": 0, "recall": {"2": None}}]
    found = searching(with_tried(experiment_of(full), tried, retriever="other"))
    assert found.rows == (("<b>new", "", "not known", "not known", "not known"),)
    assert found.strong is None


def test_where_nothing_was_looked_up_nothing_is_said(tmp_path):
    run = smallest(tmp_path)
    experiment = experiment_of(run)
    assert searching(experiment) is None
    report = build(run, experiment, prior_of(run), "technical")
    assert all(part.key != "search" for part in report.sections)


def test_the_report_and_the_terminal_say_the_same(full, capsys):
    experiment = experiment_of(full)
    report = build(full, experiment, prior_of(full), "technical")
    (part,) = [one for one in report.sections if one.key == "search"]
    table, notes = part.blocks
    found = searching(experiment)
    assert part.title == TITLE and isinstance(table, Table) and isinstance(notes, Bullets)
    assert table.rows == found.rows and table.strong == 1 and notes.lines == found.notes
    assert main(["show", str(full.folder)]) == 0
    said = capsys.readouterr().out
    assert f"\n{TITLE}:\n" in said
    assert all(cell in said for row in found.rows for cell in row)


def test_lengths_of_passages_that_were_tried_are_said_with_their_shares(full):
    experiment = experiment_of(full)
    arm = experiment.rungs["rag"]

    def note(**effort):
        changed = dataclasses.replace(arm, effort={**arm.effort, **effort})
        rungs = {**experiment.rungs, "rag": changed}
        return searching(dataclasses.replace(experiment, rungs=rungs)).notes[-1]

    assert "10 passages of at most 80 words" in note()
    tried = [{"words": 80, "found": 0.7}, {"words": 40, "found": 0.76}]
    said = note(passage_sizes_tried=tried, passage_size_questions=300, passage_size_why="")
    assert "on 300 questions that are not held out: 80 words 70 %, 40 words 76 %." in said
    why = note(passage_sizes_tried=[], passage_size_questions=0, passage_size_why="too few of them")
    assert why == "Other lengths of passages were not tried: too few of them."


def test_what_a_search_among_very_many_passages_misses_is_said(full):
    experiment = experiment_of(full)
    arm = experiment.rungs["rag"]
    effort = {**arm.effort, "nearest_found": 2994, "nearest_looked_for": 3000}
    rungs = {**experiment.rungs, "rag": dataclasses.replace(arm, effort=effort)}
    notes = searching(dataclasses.replace(experiment, rungs=rungs)).notes
    assert notes[-1].endswith("it found 2,994 of 3,000 of the nearest.")
    assert not any("nearest." in note for note in searching(experiment).notes)
