"""What an update costs at the user's prices, and the user's own edits given in the app."""

import dataclasses

import pytest

from advisor import probing
from advisor.prices import Prices
from advisor.probe_words import figures, sentences
from advisor.report.probe_section import probe_sections
from advisor.report.sources import read_sources
from advisor.update_cost import of_machine, update_cost
from advisor.workflow import experiment_of
from harness.beside import store_of
from harness.errors import UserError
from harness.probe_result import BroughtUp, plan_of
from tests.advisor.probes import fresh, probe_run
from tests.advisor.test_pages import own_projects, patience, shown, words  # noqa: F401
from tests.advisor.test_probe import made, report_of, run, tab  # noqa: F401
from tests.command import here

PRICED = Prices(currency="EUR", machine_per_hour=3.6, engineer_per_hour=60, reindexing_hours=0.5)


def test_an_update_costs_the_machines_time_and_the_engineers_hours_as_far_as_they_have_a_price():
    index, train = BroughtUp("index", 1000.0), BroughtUp("train", 500.0)
    assert update_cost(index, PRICED) == pytest.approx(1 + 30)
    assert update_cost(train, PRICED) == pytest.approx(0.5), "no hours are given for training"
    assert update_cost(index, Prices(reindexing_hours=1)) is None
    assert update_cost(BroughtUp("nothing", None), PRICED) is None
    assert update_cost(BroughtUp("index", None), PRICED) == 30


def test_what_an_update_costs_stands_in_the_figures_and_the_sentences_where_there_are_prices(run):  # noqa: F811
    result = probe_run(run, "freshness", fresh)
    by_title = {row[0]: row[-1] for row in figures(result, PRICED).rows}
    assert by_title["Retrieval"] == "indexed in 2.5 s, 30.00 EUR"
    assert by_title["Fine-tuning"] == "train again: 61 s, 0.061 EUR"
    told = "\n".join(sentences(result, PRICED))
    assert "that is 30.00 EUR: an engineer's hours and the machine's time." in told
    assert "in the check. At your prices that is 0.061 EUR: the machine's time." in told
    assert "EUR" not in "\n".join(sentences(result))


def test_report_and_show_price_an_update_with_the_prices_of_the_project(run):  # noqa: F811
    probe_run(run, "freshness", fresh)
    file = run.folder.parents[1] / "rungwise.toml"
    with file.open("a", encoding="utf-8") as out:
        out.write('\n[prices]\ncurrency = "EUR"\nmachine_per_hour = 3600\n')
    assert "At your prices that is 2.50 EUR" in here("show", run.folder).stdout
    (part,) = [one for one in report_of(run).sections if one.key == "probe_freshness"]
    assert any("2.50 EUR" in line for block in part.blocks for line in getattr(block, "lines", ()))


def edited(run):  # noqa: F811
    row = run.heldout()[0]
    (old,), (name,) = row.references, row.context_ids
    folder = run.folder.parents[1] / "data" / "documents"
    text = (folder / name).read_text(encoding="utf-8")
    return row, name, text.replace(f"takes {old}", "takes 3 weeks").encode()


def test_edited_documents_given_in_the_app_take_the_place_of_made_up_changes(run, monkeypatch):  # noqa: F811
    started = []
    monkeypatch.setattr("advisor.background.start", lambda *given: started.append(given))
    row, name, content = edited(run)
    at = tab(run)
    at.button(key="start_own_freshness").click()
    assert "There are no files" in words(shown(at.run())) and not started
    at.file_uploader(key="edited_freshness").upload(name, content, "text/markdown")
    at.button(key="start_own_freshness").click()
    shown(at.run())
    (one,) = plan_of(store_of(run, "freshness")).planted
    assert (one.new, one.query_ids) == ("3 weeks", (row.id,)), "the other documents are as before"
    assert started[0][0] == ["probe", str(run.folder), "freshness"]
    probing.start_in_background(run, "freshness")
    assert plan_of(store_of(run, "freshness")).planted == (one,), "what was begun goes on"


def test_two_files_of_one_name_are_refused_before_one_overwrites_the_other(run, monkeypatch):  # noqa: F811
    monkeypatch.setattr("advisor.background.start", lambda *given: pytest.fail("started"))
    _, name, content = edited(run)
    with pytest.raises(UserError) as refused:
        probing.start_in_background(run, "freshness", [(name, content), (name, content + b" ")])
    (problem,) = refused.value.problems
    assert problem.where == name and problem.message == "two files have this name"


def test_where_a_provider_answers_an_hour_of_the_own_machine_is_counted_nowhere(run):  # noqa: F811
    experiment = experiment_of(run)
    assert of_machine(experiment, PRICED) == PRICED
    far = {n: dataclasses.replace(a, path="endpoint") for n, a in experiment.rungs.items()}
    there = dataclasses.replace(experiment, rungs=far)
    index = BroughtUp("index", 1000.0)
    assert update_cost(index, of_machine(there, PRICED)) == 30, "the engineer's hours"
    (part,) = [
        one
        for one in probe_sections(sources(run, there, probe_run(run, "freshness", fresh)))
        if one.key == "probe_freshness"
    ]
    told = "".join(line for block in part.blocks for line in getattr(block, "lines", ()))
    assert "that is 30.00 EUR: an engineer's hours." in told


def sources(run, experiment, result):  # noqa: F811
    found = read_sources(run, experiment, None)
    return dataclasses.replace(found, prices=PRICED, probes=(result,))


def test_a_file_that_is_no_document_of_the_run_is_named(run, monkeypatch):  # noqa: F811
    monkeypatch.setattr("advisor.background.start", lambda *given: pytest.fail("started"))
    for name in ("other.md", "../page1.md", ""):
        with pytest.raises(UserError, match="the run has no such document") as refused:
            probing.start_in_background(run, "freshness", [(name, b"x")])
        assert refused.value.problems[0].where == name
    _, name, _ = edited(run)
    with pytest.raises(UserError) as refused:
        probing.start_in_background(run, "freshness", [(name, b"")])
    assert refused.value.problems[0].where == name, "no temporary folder is named"
