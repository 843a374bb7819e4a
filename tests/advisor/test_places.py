"""Where a passage stands: said alike in the report and under a question's answers."""

import dataclasses

from advisor.places import place_of
from advisor.report import build, report_format
from advisor.workflow import experiment_of, prior_of
from harness.disk import write_json
from harness.types import Context
from tests.advisor.report_runs import fullest


def test_file_page_and_characters_are_named_as_far_as_they_are_known():
    assert place_of("a.pdf", 3, 120, 480) == "a.pdf, page 3, characters 121–480"
    assert place_of("a.md", None, 0, 1200) == "a.md, characters 1–1,200"
    assert place_of("a.md", None, 0, 0) == "a.md"
    assert place_of("a.md", None, 0, 9, ("b", "c")) == "a.md, characters 1–9; also in b, c"


def test_the_report_says_where_the_passage_under_an_answer_stands(tmp_path):
    run = fullest(tmp_path)
    cell = run.cell("rag-s0")
    passage = Context("page0.pdf", "It takes days.", 0.7, "Steps", 3, 120, 480)
    answers = [dataclasses.replace(one, contexts=(passage,)) for one in cell.answers]
    write_json(run.cell_file("rag-s0"), dataclasses.replace(cell, answers=tuple(answers)))
    html = report_format("html").render(build(run, experiment_of(run), prior_of(run), "technical"))
    assert "<bdi>Steps</bdi>, <bdi>page0.pdf, page 3, characters 121–480</bdi>" in html.decode()
