"""What training left in a model, as the terminal, a report and the app say it."""

import dataclasses
import json

import pytest

from advisor import workflow
from advisor.report import build, report_format
from advisor.tested_words import cases, figures, sentences
from harness.beside import store_of
from harness.disk import write_json
from harness.experiment import Estimate
from harness.probe import Change
from harness.probing import begin
from harness.store import Run
from harness.trained import Case, CellTested, Finding, Item, RungTested, TrainedResult
from tests.advisor.page_project import make_project, make_run
from tests.advisor.test_pages import own_projects, page, patience, shown, words  # noqa: F401
from tests.command import here, refused, said


def share(mean, low=0.1, high=0.9, n=30) -> Estimate:
    return Estimate(mean, low, high, n, 0)


FORGOT = {
    "text": Finding(share(3.2), share(3.0), None, Change(-0.2, -0.3, -0.1, 24, "worse")),
    "choice": Finding(share(0.6), share(0.6), None, Change(0.0, -0.1, 0.1, 30, "equivalent")),
    "instruction": Finding(share(0.1), share(0.1), None, Change(0.0, -0.1, 0.1, 30, "equivalent"),
                           "nothing there to forget"),
    "reading": Finding(share(0.2), share(0.8), None, Change(-0.6, -0.8, -0.4, 30, "worse")),
    "not_stated": Finding(share(0.5), share(0.5), None, Change(0.0, -0.2, 0.2, 24, "inconclusive")),
}  # fmt: skip
KEPT_BACK = {
    "extracted": Finding(share(0.4, 0.3, 0.5, 60), share(0.0), share(0.1),
                         Change(0.3, 0.15, 0.42, 120, "worse")),
    "membership": Finding(share(0.85, 0.7, 0.9, 120), share(0.5), None, None,
                          "the rows differed before any training: part of this may be that"),
    "found": Finding(Estimate(None, None, None, 60, 0), note="60 rows are too few for a rate"),
}  # fmt: skip


def result(probe: str, level: str, found, **more) -> TrainedResult:
    rung = RungTested("Fine-tuning", (0,), level, share(0.3, 0.2, 0.4), found, **more)
    return TrainedResult(1, probe, "first", "2026-01-02", "f00d", 0, 60, {"train": 60},
                         {"finetune": rung}, {}, {}, ("Goes by this.",), 9.0)  # fmt: skip


def test_what_was_forgotten_is_one_line_a_rung_with_the_skills_it_rests_on():
    told = sentences(result("forgetting", "much", FORGOT, reasons=("reading", "text")))
    assert told[0].startswith(
        "Fine-tuning forgot much of what the base could do. Shown to be worse:"
    )
    assert "using a paragraph (80 % before, 20 % now)" in told[0]
    assert "reading texts (perplexity × 1.22)" in told[0] and "30 % is gone (20–40 %)" in told[0]
    assert "nothing there to forget: instructions." in told[1]
    assert any("fewer passes" in text for text in told)


@pytest.mark.parametrize(
    ("level", "words_"),
    [("little", "forgot little."), ("cannot be told", "it cannot be told.")],
)
def test_a_verdict_without_a_loss_gives_no_advice_against_one(level, words_):
    told = sentences(result("forgetting", level, FORGOT))
    assert words_ in told[0] and not any("fewer passes" in text for text in told)


def test_what_is_given_back_is_told_with_its_control_and_what_to_do():
    told = " ".join(sentences(result("memorisation", "high", KEPT_BACK, counted={"email": 2})))
    assert "Fine-tuning: high risk of giving back training rows." in told
    assert "40 % of 60 training answers word for word (30–50 %), of 10 % of unseen ones" in told
    assert "its base of 0 %" in told and "+30 points (+15 to +42)" in told
    assert "85 % of cases (70–90 %; 50 % is guessing); the rows differed before" in told
    assert "60 rows are too few" in told and "e-mail address: 2" in told
    assert "rungwise anonymise" in told
    low = " ".join(sentences(result("memorisation", "low", KEPT_BACK)))
    assert "rungwise anonymise" not in low and "Personal data" not in low


def test_every_measure_has_a_column_and_the_base_a_row_where_it_was_asked_apart():
    rows = figures(result("forgetting", "some", FORGOT))
    assert [row[0] for row in rows.rows] == ["Base model", "Fine-tuning"]
    assert rows.rows[0][1] == "perplexity 20.1" and rows.rows[1][1] == "24.5 (× 1.11 to 1.35)"
    assert rows.rows[1][-1] == "some" and {len(row) for row in rows.rows} == {len(rows.head)}
    rows = figures(result("memorisation", "high", KEPT_BACK))
    assert rows.rows[0][1:3] == ("40 % (30–50 %), unseen 10 %", "85 % (70–90 %)")
    assert rows.rows[0][3:] == ("–", "high")


def test_answers_that_failed_and_rungs_that_could_not_be_asked_are_said():
    one = result("forgetting", "little", FORGOT, n_failed=2)
    gone, long = "its adapter is gone", "the row is longer than the model can read"
    one = dataclasses.replace(one, failed={"rag_finetune-s0": gone}, left_out={long: 3})
    told = " ".join(sentences(one))
    assert "2 answers failed and count for nothing here" in told
    assert "Retrieval with fine-tuning, seed 0, could not be asked: its adapter is gone." in told
    assert "Left out: 3 rows, because the row is longer" in told


# By the command, in a report and in the app


@pytest.fixture
def run(tmp_path) -> Run:
    """A finished check whose tuned rung was read: half of its training rows are given back."""
    run = make_run(make_project(tmp_path / "projects" / "desk"))
    store = begin(run, "memorisation", 30)
    items = [
        Item(f"{part}{i}", part, base, 3.0 if base or part == "heldout" else 1.0 + i / 90, 12,
             0 if part == "train" and not base and i % 2 else 12)
        for part in ("train", "heldout") for base in (False, True) for i in range(30)
    ]  # fmt: skip
    cell = CellTested("finetune-s0", "finetune", 0, tuple(items))
    write_json(store.cell_file("finetune-s0"), cell)
    return run


def test_the_command_prints_what_it_comes_to_or_the_stored_file(run):
    done = here("probe", run.folder, "memorisation")
    assert done.returncode == 0 and said(done) == {}
    assert "high risk of giving back training rows" in done.stdout and "Recognised" in done.stdout
    stored = json.loads((store_of(run, "memorisation").folder / "probe.json").read_bytes())
    assert json.loads(here("probe", run.folder, "memorisation", "--json").stdout) == stored
    assert stored["rungs"]["finetune"]["level"] == "high"
    assert "high risk" in here("show", run.folder).stdout
    problems = refused(here("probe", run.folder, "forgetting", "--documents", run.folder / "none"))
    assert all(problems.values())


def test_the_report_has_a_section_in_which_foreign_text_is_text(run):
    here("probe", run.folder, "memorisation")
    hostile = Case("finetune", "reading", "<script>1</script>", "<img src=x>", "![x](y)")
    one = result("forgetting", "much", FORGOT, reasons=("reading",), cases=(hostile,))
    write_json(store_of(run, "forgetting").folder / "probe.json", one)
    report = build(run, workflow.experiment_of(run), workflow.prior_of(run))
    html = report_format("html").render(report).decode()
    assert 'id="probe_forgetting"' in html and 'id="probe_memorisation"' in html
    assert "<script>1" not in html and "&lt;script&gt;1" in html and "<img src=x>" not in html
    record = json.loads(report_format("json").render(report))["report"]
    assert set(record["probes"]) == {"forgetting", "memorisation"}
    assert record["probe_files"]["forgetting"] == "probes/forgetting/probe.json"
    assert cases(one).rows[0][2] == "<script>1</script>"


def test_the_app_offers_both_and_shows_what_was_found(run):
    here("probe", run.folder, "memorisation")
    at = page("compare", run.folder.parents[1], run.name)
    at.session_state["compare_tab"] = "What if"
    at = shown(at.run())
    assert "What it gives back of your training rows" in words(at)
    assert "high risk of giving back training rows" in words(at)
    assert "Asked of fine-tuning, and of the base model." in words(at)
    buttons = [button.key for button in at.button]
    assert "start_forgetting" in buttons and "start_memorisation" not in buttons
