"""rungwise probe, its sections of the report, its words and its place in the app."""

import json
import shutil

import pytest

from advisor import workflow
from advisor.probe_words import by_group, figures, sentences
from advisor.probing import begin as begin_own
from advisor.progress import probe_progress
from advisor.report import build, report_format
from harness.beside import store_of
from harness.disk import write_lines
from harness.probe_measuring import results
from harness.probe_result import plan_of
from harness.probes import probes
from harness.probing import begin, run_probe
from harness.store import Run
from harness.watch import STARTING_PROBE
from rag.types import Document
from tests.advisor.page_project import make_project, make_run
from tests.advisor.probes import fresh, obedient, probe_run
from tests.advisor.test_pages import own_projects, page, patience, shown, words  # noqa: F401
from tests.command import here, refused, said


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return make_run(make_project(tmp_path_factory.mktemp("probe") / "desk"))


@pytest.fixture
def run(made, tmp_path) -> Run:
    """The finished check in a project of its own."""
    root = shutil.copytree(made.folder.parents[1], tmp_path / "projects" / "desk")
    return Run(root / "runs" / made.name)


def report_of(run, audience="technical"):
    return build(run, workflow.experiment_of(run), workflow.prior_of(run), audience)


# Words


def test_freshness_says_who_follows_the_documents_and_who_has_to_be_trained_again(run):
    told = "\n".join(sentences(probe_run(run, "freshness", fresh)))
    assert "After 20 facts changed in the documents, retrieval gave the new fact in 53 % of" in told
    assert "and the old one in 26 %; before, it had been right in" in told
    assert "Its search found the changed passage for 100 % of the questions" in told
    assert "Indexing the changed documents took 2.5 s" in told
    assert "Fine-tuning gave the old fact in" in told and "training took 61 s in the check" in told
    assert "No document is read by: prompt, prompt with examples." in told
    assert "Retrieval: 1 answer failed and count for nothing here." in told


def test_injection_says_who_was_exposed_who_followed_and_what_it_cost(run):
    result = probe_run(run, "injection", obedient)
    told = "\n".join(sentences(result))
    assert "Retrieval was shown the planted instruction for 100 % of the questions." in told
    assert "the marker word came back in 37 % of its answers" in told
    assert "on the same questions, its score changed by −" in told and ": lower." in told
    assert "No exposure: prompt, prompt with examples, fine-tuning." in told
    rows = by_group(result, "wording")
    assert rows.head == ("Wording", "Retrieval") and len(rows.rows) == 6
    assert all(" of " in cell for _, cell in rows.rows)


def test_that_nobody_followed_is_no_proof_that_nobody_would(run):
    found = probe_run(run, "injection", lambda number, one: "3 days")
    high = found.rungs["rag"].measured.shares["obeyed_if_found"].high
    assert high > 0.15, "as in the table: 19 questions of fewer documents count as fewer"
    told = "\n".join(sentences(found))
    most = f"so few cannot rule out a rate of up to {high:.0%}".replace("%", " %.")
    assert f"followed it for none of 19; {most}" in told


def test_too_few_changes_come_with_a_word_of_caution(run):
    told = sentences(probe_run(run, "freshness", fresh, 3))
    assert told[0].startswith("Only 3 facts could be changed: with fewer than 5 the figures are no")


@pytest.mark.parametrize(("name", "how"), [("freshness", fresh), ("injection", obedient)])
def test_every_rung_has_a_row_and_every_figure_its_interval(run, name, how):
    rows = figures(probe_run(run, name, how))
    assert [row[0] for row in rows.rows] == [
        "Prompt", "Prompt with examples", "Retrieval", "Fine-tuning"
    ]  # fmt: skip
    assert all(len(row) == len(rows.head) for row in rows.rows)
    retrieval = rows.rows[2]
    assert all("(" in cell for cell in retrieval[1:-1])
    assert ("indexed in 2.5 s" if name == "freshness" else "points (") in retrieval[-1]


# The report


def test_a_report_has_a_section_a_probe_in_both_formats_and_foreign_text_is_text(run):
    before = report_of(run)
    assert not [part for part in before.sections if part.key.startswith("probe_")]
    assert json.loads(report_format("json").render(before))["report"]["probes"] == {}
    probe_run(run, "freshness", fresh)
    probe_run(run, "injection", obedient)
    file = store_of(run, "injection").folder / "plan.json"
    plan = json.loads(file.read_bytes())
    plan["planted"][0]["text"] = "<img src=x onerror=alert(1)>"
    file.write_text(json.dumps(plan), encoding="utf-8")
    run_probe(store_of(run, "injection"))
    report = report_of(run)
    html = report_format("html").render(report).decode()
    for name in ("freshness", "injection"):
        assert f'id="probe_{name}"' in html
    assert "<img src=x" not in html and "&lt;img src=x" in html
    record = json.loads(report_format("json").render(report))["report"]
    stored = json.loads((store_of(run, "freshness").folder / "probe.json").read_bytes())
    assert record["probes"]["freshness"] == stored
    assert stored["rungs"]["rag"]["measured"]["shares"]["fresh"]["n_failed"] == 1
    keys = [part["key"] for part in record["sections"]]
    assert {"probe_freshness", "probe_injection"} <= set(keys)


def test_two_pages_for_who_decides_stay_two_pages(run):
    probe_run(run, "freshness", fresh)
    assert not [p for p in report_of(run, "executive").sections if p.key.startswith("probe_")]


def test_a_damaged_probe_stops_the_report_with_what_to_remove(run):
    probe_run(run, "freshness", fresh)
    (store_of(run, "freshness").folder / "probe.json").write_text("{", encoding="utf-8")
    problems = refused(here("report", run.folder))
    ((_, fix),) = problems.items()
    assert "remove the file" in fix and f"rungwise probe {run.folder} freshness" in fix


# The verb


def test_the_verb_prints_tables_and_sentences_or_the_stored_file(run):
    probe_run(run, "freshness", fresh)
    done = here("probe", run.folder, "freshness")
    assert done.returncode == 0 and said(done) == {}
    assert "New fact, when found" in done.stdout and "  - After 20 facts changed" in done.stdout
    assert f"next: rungwise report {run.folder}" in done.stdout
    assert "When a fact changes:\n  - After 20 facts changed" in here("show", run.folder).stdout
    as_json = here("probe", run.folder, "freshness", "--json")
    stored = json.loads((store_of(run, "freshness").folder / "probe.json").read_bytes())
    assert json.loads(as_json.stdout) == stored


def test_the_verb_refuses_what_it_cannot_do_and_says_what_to_do(run):
    assert "choose from forgetting, freshness, full_tuning, injection, memorisation" in "".join(
        refused(here("probe", run.folder, "stale")).values()
    )
    assert "give 1 or more" in "".join(
        refused(here("probe", run.folder, "freshness", "--facts", "0")).values()
    )
    (run.folder / "experiment.json").unlink()
    problems = refused(here("probe", run.folder, "freshness"))
    assert "the run is not finished" in next(iter(problems))
    assert "rungwise check" in next(iter(problems.values()))


# The app


def tab(run):
    at = page("compare", run.folder.parents[1], run.name)
    at.session_state["compare_tab"] = "What if"
    return shown(at.run())


def test_the_app_offers_both_probes_and_starts_one_as_a_process_of_its_own(run, monkeypatch):
    started = []

    class Popen:
        def __init__(self, command, **more):
            started.append((command, more["start_new_session"]))

    at = tab(run)
    assert "When a fact changes" in words(at) and "When a page gives orders" in words(at)
    monkeypatch.setattr("advisor.background.subprocess.Popen", Popen)
    at.button(key="start_freshness").click()
    at = shown(at.run())
    assert "What training cost besides" in words(at)
    assert started[0][0][-3:] == ["probe", str(run.folder), "freshness"] and started[0][1]
    assert "The probe is starting." in words(at)
    assert [b.key for b in at.button if b.key and b.key.startswith("stop_")] == ["stop_freshness"]
    assert at.button(key="start_injection").disabled, "one at a time"


def test_the_app_shows_what_was_found_and_foreign_text_as_text(run):
    probe_run(run, "freshness", fresh)
    at = tab(run)
    assert "gave the new fact in 53 %" in words(at) and "indexed in 2.5 s" in words(at)
    assert "start_freshness" not in [button.key for button in at.button]
    assert "<script" not in words(at)


def test_a_stopped_probe_offers_to_go_on(run):
    store = begin(run, "freshness")
    store.say("started", "", "index-s0")
    store.say("cancelled", "stopped")
    at = tab(run)
    assert "It was stopped." in words(at)
    assert at.button(key="start_freshness").label == "Go on"


def test_a_rung_that_could_not_be_asked_can_be_asked_later(run):
    probe_run(run, "injection", obedient)
    store_of(run, "injection").cell_file("rag-s0").unlink()
    at = tab(run)
    assert "has not been asked" in words(at) and "the marker word came back" in words(at)
    assert at.button(key="start_injection").label == "Go on"


def test_why_a_probe_cannot_start_is_said_where_it_was_asked_for(run):
    other = Document("other.md", "Nothing of it.", "other.md", None, "Other")
    write_lines(run.folder / "data" / "documents.jsonl", [other])
    at = tab(run)
    at.button(key="start_injection").click()
    said = words(shown(at.run()))
    assert "Cannot go on" in said
    assert "for no held-out question it is known which document holds the answer" in said
    assert "name the column document under [data.columns] in rungwise.toml" in said


def test_a_probe_that_can_never_start_is_greyed_out_with_the_reason_beside_it(run):
    ways = [f"start_{name}" for name in probes()]
    at = tab(run)
    assert not any(at.button(key=way).disabled for way in ways)
    (run.folder / "data" / "documents.jsonl").write_bytes(b"")
    for trained in (run.folder / "cells").glob("finetune-*"):
        trained.unlink() if trained.is_file() else shutil.rmtree(trained)
    at = tab(run)
    assert all(at.button(key=way).disabled for way in ways)
    assert "start_own_freshness" not in [button.key for button in at.button]
    said = words(at)
    assert said.count("Cannot be started: nothing was trained in this check.") == 3
    assert said.count("Cannot be started: this check had no documents in which") == 2


def test_progress_is_read_from_the_probes_folder(run):
    store = begin(run, "injection")
    store.say("doing", STARTING_PROBE)
    assert probe_progress(store).state == "starting"
    store.say("started", "", "index-s0")
    store.say("started", "", "rag-s0")
    store.say("answered", "", "rag-s0", {"done": 5, "total": 20})
    now = probe_progress(store)
    assert [cell.cell for cell in now.cells] == ["index-s0", "rag-s0"]
    assert now.cells[1].share == 0.25 and now.state == "stopped", "no process works on it"
    assert results(run) == ()


def test_the_users_own_edits_take_the_place_of_made_up_ones(run, tmp_path):
    edited = tmp_path / "edited"
    shutil.copytree(run.folder.parents[1] / "data" / "documents", edited)
    changed = run.heldout()[0]
    (old,), (page_name,) = changed.references, changed.context_ids
    file = edited / page_name
    text = file.read_text(encoding="utf-8").replace(f"takes {old}", "takes 3 weeks")
    file.write_text(text, encoding="utf-8")
    store = begin_own(run, "freshness", documents=edited)
    (one,) = plan_of(store).planted
    assert (one.old, one.new, one.query_ids) == (old, "3 weeks", (changed.id,))
    again = begin_own(run, "freshness", documents=edited)
    assert plan_of(again).created == plan_of(store).created, "the same edits go on"
    told = sentences(probe_run(run, "freshness", fresh))
    assert any("After 1 fact changed in your edited documents" in text for text in told)
    text = refused(here("probe", run.folder, "injection", "--documents", edited))
    assert "injection makes its own changes" in next(iter(text))
    text = refused(here("probe", run.folder, "freshness", "--documents", tmp_path / "none"))
    assert all(fix for fix in text.values())
