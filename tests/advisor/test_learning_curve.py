"""rungwise probe RUN learning_curve: its words, chart, section of the report, verb and page."""

import dataclasses
import json
import shutil

import pytest

from advisor import charts, learning, probing, workflow
from advisor.charts import DARK, LIGHT, svg
from advisor.learning_words import answer, figures, sentences
from advisor.progress import curve_progress
from advisor.project import open_project
from advisor.report import build, report_format
from harness.disk import write_json
from harness.errors import Problem, UserError
from harness.experiment import Estimate
from harness.learning import running
from harness.learning.fit import Foretold, Law
from harness.learning.result import (
    NAME,
    SCHEMA,
    CurvePoint,
    CurveResult,
    plan_of,
    store_of,
)
from harness.store import Run
from harness.watch import STARTING_PROBE
from tests.advisor.page_project import make_project, make_run
from tests.advisor.test_pages import own_projects, page, patience, shown, words  # noqa: F401
from tests.command import here, refused, said

LAW = Law(0.24, 0.1, 0.5)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return make_run(make_project(tmp_path_factory.mktemp("curve") / "desk"))


@pytest.fixture
def run(made, tmp_path) -> Run:
    root = shutil.copytree(made.folder.parents[1], tmp_path / "projects" / "desk")
    return Run(root / "runs" / made.name)


def point(rows: float, mean: float) -> CurvePoint:
    score = Estimate(mean, mean - 0.08, mean + 0.07, 100, 0)
    return CurvePoint(rows, score, (0, 1), (mean - 0.02, mean + 0.02), rows / 4)


def result(verdict="help", gain=0.06, low=0.01, high=0.11, **changes) -> CurveResult:
    made = CurveResult(
        schema=SCHEMA,
        run="first",
        created="2026-01-02T03:04:05.678+00:00",
        fingerprint="f",
        rung="finetune",
        title="Fine-tuning",
        metric="accuracy_score",
        metric_title="Accuracy",
        higher_is_better=True,
        margin=0.03,
        n_heldout=100,
        points=(point(75, 0.55), point(150, 0.68), point(300, 0.76)),
        foretold=Foretold(2.0, gain, low, high, LAW),
        verdict=verdict,
        failed={},
        n_failed=0,
        facts=("Nothing was chosen by them.",),
        seconds=100.0,
    )
    return dataclasses.replace(made, **changes)


def kept(run: Run, found: CurveResult) -> Run:
    store = store_of(run)
    write_json(store.folder / "curve.json", found)
    return store


def report_of(run, audience="technical"):
    return build(run, workflow.experiment_of(run), workflow.prior_of(run), audience)


# Words


def test_the_answer_comes_first_and_in_plain_words():
    assert sentences(result())[0] == (
        "More data of this kind would likely help: twice the rows (600) is estimated at +6 points "
        "(+1 to +11)."
    )
    assert answer(result("hardly", 0.0, -0.02, 0.02)) == (
        "More data of this kind would hardly help: twice the rows (600) is estimated at 0 points "
        "(−2 to +2), and a difference below 3 points does not matter to you."
    )
    told = answer(result("unclear", 0.03, -0.02, 0.08))
    assert told.startswith("Whether more data of this kind would help cannot be told: twice the")
    assert "+3 points (−2 to +8). More held-out questions or more trainings" in told
    none = result("none", foretold=None)
    assert "it takes three sizes" in answer(none) and len(sentences(none)) == 1


def test_where_less_is_better_the_forecast_falls():
    found = result(higher_is_better=False, metric="word_error")
    assert "is estimated at −6 points (−11 to −1)" in answer(found)
    assert figures(found).rows[-1][1] == "18 % (13–23 %)"


def test_every_size_has_a_row_and_the_forecast_is_named_as_one():
    rows = figures(result())
    assert [row[0] for row in rows.rows] == ["75", "150", "300", "600, estimated"]
    assert rows.rows[0][1] == "55 % (47–62 %)" and rows.rows[0][2] == "53 %, 57 %"
    assert rows.rows[-1][1] == "82 % (77–87 %)"
    assert "100 held-out questions" in rows.caption


def test_what_failed_is_said():
    told = sentences(result(failed={"finetune.75-s1": "out of memory."}, n_failed=3))
    assert told[-2] == "3 answers failed and count for nothing here."
    assert told[-1] == (
        "A training on 75 rows, seed 1, did not come to its end: out of memory."
    )  # fmt: skip


# The chart


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_the_chart_says_in_words_what_it_shows_and_dashes_what_is_foretold(theme):
    drawn = svg(charts.learning(result(), theme))
    assert "55 % with 75 rows; 68 % with 150 rows; 76 % with 300 rows" in drawn
    assert "estimated at +6 points (+1 to +11)" in drawn
    assert "stroke-dasharray" in drawn and ">estimated<" in drawn and ">600<" in drawn
    without = svg(charts.learning(result("none", foretold=None), theme))
    assert "stroke-dasharray" not in without and ">estimated<" not in without
    assert charts.learning(result("none", foretold=None, points=())) is None


# The report


def test_the_report_has_a_section_in_every_format_and_the_short_one_has_none(run):
    assert not [part for part in report_of(run).sections if part.key == NAME]
    kept(run, result(title="<script>alert(1)</script>"))
    report = report_of(run)
    html = report_format("html").render(report).decode()
    assert f'id="{NAME}"' in html and "would likely help" in html
    assert "<script>alert(1)" not in html
    record = json.loads(report_format("json").render(report))["report"]
    assert record["learning_curve"]["verdict"] == "help"
    assert not [part for part in report_of(run, "executive").sections if part.key == NAME]


def test_show_repeats_the_answer(run):
    kept(run, result())
    assert "Would more data help:\n  - More data of this kind would likely help" in (
        here("show", run.folder).stdout
    )


# The verb


def test_the_verb_foretells_trains_and_prints_or_gives_json(run, monkeypatch):
    monkeypatch.setattr(learning, "forecast", lambda store, **more: 750.0)
    monkeypatch.setattr(learning, "learn", lambda store, progress: result())
    done = here("probe", run.folder, NAME, "--sizes", "40,70")
    assert done.returncode == 0, done.stderr
    assert "trainings will take about 12 minutes" in done.stderr
    assert "  - More data of this kind would likely help" in done.stdout
    assert "600, estimated" in done.stdout
    assert plan_of(store_of(run)).counts[-1] == len(run.view().train)
    as_json = json.loads(here("probe", run.folder, NAME, "--json").stdout)
    assert as_json["foretold"]["factor"] == 2.0
    failed = result(failed={"finetune.75-s1": "no memory"})
    monkeypatch.setattr(learning, "learn", lambda store, progress: failed)
    done = here("probe", run.folder, NAME)
    assert done.returncode == 1 and "mend that; then go on with" in done.stderr


def test_what_it_will_take_is_asked_of_the_run_and_not_knowing_stops_nothing(run, monkeypatch):
    store = learning.begin(run, shares=(0.4, 0.7))
    monkeypatch.setattr(learning, "seconds_needed", lambda of, plan, **more: len(of.plan().cells))
    assert learning.forecast(store) == len(run.plan().cells)

    def unknown(of, plan, **more):
        raise UserError(Problem("no such model", "name another"))

    monkeypatch.setattr(learning, "seconds_needed", unknown)
    told = []
    assert learning.forecast(store, say=told.append) is None
    assert told == ["How long it will take is not known: no such model"]


@pytest.mark.parametrize(
    ("more", "said_so"),
    [
        (["stale"], "choose from forgetting, freshness, full_tuning, injection"),
        ([NAME, "--facts", "3"], "leave it out"),
        (["freshness", "--sizes", "25,50"], "leave it out"),
        ([NAME, "--rung", "prompt"], "choose from finetune"),
        ([NAME, "--sizes", "50"], "such as 25,50,100"),
    ],
)
def test_the_verb_refuses_what_it_cannot_do_and_says_what_to_do(run, more, said_so):
    assert said_so in "".join(refused(here("probe", run.folder, *more)).values())


def test_a_list_of_sizes_that_is_none_is_the_users_mistake(run):
    done = here("probe", run.folder, NAME, "--sizes", "few")
    assert done.returncode == 2 and "no list of percents" in "".join(said(done)) + done.stderr


# The page


def tab(run):
    at = page("compare", run.folder.parents[1], run.name)
    at.session_state["compare_tab"] = "What if"
    return shown(at.run())


def test_the_app_offers_it_starts_it_as_a_process_and_stops_it(run, monkeypatch):
    started = []

    class Popen:
        def __init__(self, command, **more):
            started.append(command)

    monkeypatch.setattr("harness.learning.running.SHARES", (0.5, 0.75))  # there are few rows
    at = tab(run)
    assert "Would more data help" in words(at) and "% of the rows, 2 times each" in words(at)
    monkeypatch.setattr("advisor.background.subprocess.Popen", Popen)
    at.button(key=f"start_{NAME}").click()
    at = shown(at.run())
    assert started[0][-3:] == ["probe", str(run.folder), NAME]
    assert "The training is starting." in words(at)
    at.button(key=f"stop_{NAME}").click()
    shown(at.run())


def test_the_app_shows_the_answer_and_foreign_text_as_text(run):
    begun = learning.begin(run, shares=(0.4, 0.7), seeds=1)
    for cell in plan_of(begun).cells:
        write_json(begun.cell_file(cell), {})
    kept(run, result(title="<script>x</script>"))
    at = tab(run)
    assert "would likely help: twice the rows (600)" in words(at)
    assert f"start_{NAME}" not in [button.key for button in at.button]
    assert "<script" not in words(at)


def test_progress_names_the_rung_and_its_rows_and_a_stopped_one_can_go_on(run):
    store = learning.begin(run, shares=(0.4, 0.7), seeds=1)
    store.say("doing", STARTING_PROBE)
    assert curve_progress(store).state == "starting"
    first = plan_of(store).cells[0]
    store.say("started", "", first)
    store.say("answered", "", first, {"done": 5, "total": 20})
    now = curve_progress(store)
    assert now.state == "stopped" and now.cells[0].rung == "finetune"
    assert now.cells[0].title == f"Fine-tuning, {plan_of(store).counts[0]} rows"
    assert now.cells[0].share == 0.25
    store.say("cancelled", "stopped")
    at = tab(run)
    assert at.button(key=f"start_{NAME}").label == "Go on"
    assert probing.cancel(run, NAME) is False, "nothing runs"


# In the verdict


def test_a_check_gone_on_with_after_a_curve_says_by_it_whether_more_rows_are_what_is_missing(run):
    project = open_project(run.folder.parents[1])
    run.change_plan(dataclasses.replace(run.plan(), target=0.99))
    before = workflow.verdict_of(workflow.check(project, run))
    assert before.recommended == "none"
    assert any(
        "training rows would help is not known yet" in text for text in before.would_change_if
    )
    kept(run, result("hardly", gain=0.01, low=0.0, high=0.02))
    after = workflow.verdict_of(workflow.check(project, run))
    (told,) = [text for text in after.would_change_if if "twice the rows" in text]
    assert told.startswith("More data of this kind would hardly help: ")


def test_a_curve_that_ends_puts_its_answer_into_the_verdict_of_the_check(run, monkeypatch):
    run.change_plan(dataclasses.replace(run.plan(), target=0.99))
    workflow.check(open_project(run.folder.parents[1]), run)
    found = result("hardly", gain=0.01, low=0.0, high=0.02)

    def trained(store, on_event):
        kept(run, found)
        return found

    monkeypatch.setattr(running, "run_curve", trained)
    assert learning.learn(learning.begin(run, shares=(0.5, 0.75))) == found
    said = workflow.verdict_of(workflow.finished(run)).would_change_if
    assert any(text.startswith("More data of this kind would hardly help: ") for text in said)
    assert not any("is not known yet" in text for text in said)
