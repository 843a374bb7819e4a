"""Every page by itself, through the real scripts: what it says, does and writes."""

import datetime
import json
import os
import shutil
import tomllib
from threading import Thread

import pytest
from filelock import FileLock
from streamlit.testing.v1 import AppTest

from advisor import workflow
from advisor.economics import costs_of
from advisor.prior import prior_of
from advisor.progress import progress, state_of
from advisor.project import open_project
from advisor.questionnaire import questions, visible
from advisor.settings_file import change
from advisor.verdict import reconcile
from harness.store import Run
from harness.watch import STARTING
from tests.advisor.page_project import HOSTILE, NAME, make_project, make_run
from tests.conftest import ROOT
from tests.fake_card import machine_with

PAGES = ("start", "ask", "data", "check", "compare", "decide", "report")


@pytest.fixture(autouse=True)
def own_projects(monkeypatch, tmp_path):
    """No test sees or touches the projects of whoever runs it."""
    monkeypatch.setenv("RUNGWISE_PROJECTS", str(tmp_path / "projects"))
    monkeypatch.delenv("RUNGWISE_PROJECT", raising=False)


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    """What is looked up beside a page is on it at its first drawing, however slow the machine."""
    monkeypatch.setattr("advisor.page_parts.looking.PATIENCE_S", 60)
    # measuring a machine takes both cores for half a minute, and would outlive the test
    monkeypatch.setattr("advisor.forecast.measure_in_background", lambda project: Thread())


@pytest.fixture
def project(tmp_path):
    return make_project(tmp_path / "project")


@pytest.fixture
def run(project):
    return make_run(project)


def page(name: str, project=None, run: str = "") -> AppTest:
    """A page as a fresh session sees it that comes with this address."""
    at = AppTest.from_file(str(ROOT / "advisor" / "pages" / f"{name}.py"), default_timeout=60)
    if project is not None:
        at.query_params["project"] = str(project)
    if run:
        at.query_params["run"] = run
    return shown(at.run())


def shown(at: AppTest) -> AppTest:
    assert not at.exception, [error.value for error in at.exception]
    return at


def pressed(at: AppTest, key: str) -> None:
    """The page drawn anew after one of its buttons was pressed."""
    at.button(key=key).click()
    shown(at.run())


def words(at: AppTest) -> str:
    """All HTML on the page."""
    return "\n".join(part.proto.body for part in at.get("html"))


@pytest.mark.parametrize("name", PAGES[1:])
def test_a_page_without_a_project_says_so_and_leads_to_the_start(name):
    at = page(name)
    assert "No project is open yet." in words(at)
    assert [button.label for button in at.button] == ["Choose a project"]


@pytest.mark.parametrize("name", PAGES[1:])
def test_a_page_of_a_project_that_cannot_be_opened_says_what_to_mend(name, tmp_path):
    (tmp_path / "rungwise.toml").write_text("[data]\nexampels = 'x'\n", encoding="utf-8")
    said = words(page(name, tmp_path))
    assert "The project cannot be opened." in said
    assert "there is no key &#39;exampels&#39;" in said and "did you mean examples?" in said


@pytest.mark.parametrize("name", ["compare", "decide", "report"])
def test_a_result_page_before_any_check_leads_to_the_check(name, project):
    at = page(name, project)
    assert at.button[0].label == "Go to the check"


@pytest.mark.parametrize("name", PAGES)
def test_every_page_of_a_finished_project_names_itself_and_its_state(name, project, run):
    at = page(name, project, run.name)
    first = at.get("html")[0].proto.body
    assert '<h1 class="rw-where">' in first and '<p class="rw-state">' in first


@pytest.mark.parametrize("name", PAGES)
def test_foreign_text_reaches_no_markdown_and_no_html(name, project, run):
    at = page(name, project, run.name)
    said = words(at)
    assert "<script" not in said
    if name != "start":
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in said, "the project's name is not shown"
    for part in at.markdown:
        assert HOSTILE not in part.value
    labels = [button.label for button in at.button] + [box.label for box in at.expander]
    assert not any("$x^2$" in label or ":red[" in label or "www.evil" in label for label in labels)


def test_the_start_page_lists_projects_with_their_verdict(project, run):
    at = page("start", project)
    assert at.button(key="open_0").label.startswith("Desk \\*b\\*")
    assert "Use retrieval." in words(at)


def test_a_sample_is_copied_once_and_then_opened(tmp_path):
    at = page("start")
    at.radio(key="start_sample").set_value("ticket-routing")
    at.button(key="open_sample").click()
    # The page leads on to the next one, which only the router knows.
    at.run()
    root = tmp_path / "projects" / "ticket-routing"
    assert (root / "rungwise.toml").is_file()
    assert at.session_state["project"] == str(root)


def test_uploaded_files_become_a_project_and_what_is_wrong_with_them_is_said(tmp_path):
    at = page("start")
    at.text_input(key="start_name").set_value("Müşteri hattı")
    at.button(key="make_project").click()
    assert "there are no files" in words(shown(at.run()))
    table = b"question,answer\n" + b"".join(b"What is %d?,Number %d\n" % (i, i) for i in range(50))
    at.file_uploader(key="start_files").upload("../../numbers.csv", table, "text/csv")
    at.button(key="make_project").click()
    at.run()
    root = tmp_path / "projects" / "müşteri-hattı"
    assert (root / "data" / "numbers.csv").is_file()
    assert open_project(root).name == "Müşteri hattı"


def test_an_answer_is_on_disk_at_once_and_moves_the_ladder(project):
    at = page("ask", project)
    assert "Answer what you know" in words(at)
    key = f"answer|{project}|held_out_set"
    at.radio(key=key).set_value("none")
    shown(at.run())
    assert workflow.answers_of(open_project(project)).answers == {"held_out_set": "none"}
    said = words(at)
    assert "1 of" in said and "Put at least 30, better 100" in said
    again = page("ask", project)
    assert again.session_state["project"] == str(project)
    assert "Question 2 of" in words(again), "a new session goes on at the first open question"


def test_the_ladder_names_the_answer_that_moved_it(project):
    workflow.save_answers(open_project(project), {"knowledge": "private"})
    at = page("ask", project)
    while "Question 4 of" not in words(at):
        at.button(key="ask_next").click()
        shown(at.run())
    said = words(at)
    assert "This answer moved" in said and "Retrieval (RAG) +3" in said
    assert "+3 by question 4: facts taught by training" in said
    assert "▲" in said, "retrieval rose and nothing shows it"


def test_a_worked_case_fills_in_what_nobody_has_answered_and_each_answer_is_marked(project):
    workflow.save_answers(open_project(project), {"speed": "tight"})
    at = page("ask", project)
    assert "Petitions in one formal structure" in words(at)
    pressed(at, "case_petitions")
    sheet = workflow.answers_of(open_project(project))
    assert sheet.answers["main_failure"] == "form" and sheet.answers["speed"] == "tight"
    assert sheet.answers["held_out_set"] == "some", "the data says so, no case does"
    assert "held_out_set" in sheet.from_data and "speed" not in sheet.from_case
    assert "baseline" not in sheet.answers, "that is for the user to say"
    said = words(at)
    assert "of them from the case and to be confirmed" in said
    assert "Left open by the case; its team answered: Yes, and it falls short" in said


def test_an_answer_from_a_case_is_confirmed_or_changed_by_hand(project):
    at = page("ask", project)
    pressed(at, "case_petitions")
    pressed(at, "jump_voice")
    assert "from the case</span> Petitions in one formal structure" in words(at)
    pressed(at, "confirm_case")
    assert "from the case</span>" not in words(at)
    sheet = workflow.answers_of(open_project(project))
    assert sheet.answers["voice"] == "high" and "voice" not in sheet.from_case
    pressed(at, "jump_speed")
    at.radio(key=f"answer|{project}|speed").set_value("tight")
    shown(at.run())
    sheet = workflow.answers_of(open_project(project))
    assert sheet.answers["speed"] == "tight" and "speed" not in sheet.from_case
    assert "main_failure" in sheet.from_case, "nobody has looked at that one"


def test_an_answer_leaves_the_page_at_its_question_and_next_leads_to_the_one_that_follows(project):
    first, second = questions()[:2]
    at = page("ask", project)
    at.radio(key=f"answer|{project}|{first.key}").set_value(first.options[0].key)
    assert first.text in words(shown(at.run())) and "Question 1 of" in words(at)
    at.button(key="ask_next").click()
    assert "Question 2 of" in words(shown(at.run())) and second.text in words(at)


def test_the_ask_page_says_what_does_not_fit_what_to_test_and_every_reason_with_its_source(project):
    answers = {"documents_size": "unwritten", "citations": "must", "knowledge": "private"}
    workflow.save_answers(open_project(project), answers)
    said = words(page("ask", project))
    assert "there is no passage to show" in said
    assert "Write down 30 real questions" in said and "without them no other measurement" in said
    assert "Gao 2023 (ALCE), arXiv 2305.14627" in said


def test_the_data_answers_what_it_can_and_an_answer_by_hand_stays(project, tmp_path, monkeypatch):
    machine_with(tmp_path, monkeypatch, "12282, NVIDIA GeForce RTX 4070")
    workflow.save_answers(open_project(project), {"examples": "messy"})
    at = page("ask", project)
    pressed(at, "ask_from_data")
    sheet = workflow.answers_of(open_project(project))
    assert sheet.answers["held_out_set"] == "some" and sheet.answers["examples"] == "messy"
    assert sheet.from_data["held_out_set"] == "40 questions held out"
    assert sheet.from_data.keys() == {"held_out_set", "documents_size", "hardware"}
    assert sheet.answers["hardware"] == "small_card"


def test_answers_that_cannot_be_read_are_named_and_kept(project):
    (project / "answers.toml").write_text("[answers]\nknowlege = 'private'\n", encoding="utf-8")
    assert "unknown question" in words(page("ask", project))
    assert "knowlege" in (project / "answers.toml").read_text(encoding="utf-8")


def test_the_data_page_shows_rows_as_the_model_sees_them_and_the_findings(project):
    said = words(page("data", project))
    assert "Answer briefly." in said and "40 held out, 40 documents." in said
    assert "Should know" in said and "number of rows" in said


def test_a_changed_mapping_is_written_and_the_users_remarks_stay(project):
    at = page("data", project)
    at.selectbox(key="map_document").set_value("")
    at.text_area(key="map_instruction").set_value('Say "days".')
    pressed(at, "map_save")
    text = (project / "rungwise.toml").read_text(encoding="utf-8")
    written = tomllib.loads(text)
    assert written["data"]["columns"] == {"question": "question", "answer": "answer"}
    assert written["task"]["instruction"] == 'Say "days".'
    assert "# a remark of the user" in text and "heldout = 40   # rows" in text


def test_language_and_what_to_say_where_nothing_is_known_are_written_from_the_data_page(project):
    at = page("data", project)
    at.selectbox(key="map_language").set_value("tr")
    at.text_input(key="map_abstention").set_value("Bilmiyorum.")
    pressed(at, "map_save")
    found = open_project(project)
    assert (found.project.language, found.task.abstention) == ("tr", "Bilmiyorum.")


def test_a_deleted_document_is_taken_out_of_what_is_kept_from_the_data_page(project, run):
    gone = run.view().documents[0].source
    at = page("data", project)
    at.text_input(key="forget_document").set_value(gone)
    pressed(at, "forget_start")
    assert "the document is still part of the project" in words(at)
    (project / "data" / "documents" / gone).unlink()
    at = page("data", project)
    at.text_input(key="forget_document").set_value(gone)
    pressed(at, "forget_start")
    assert "removed from the project" in words(at)
    assert "its text still stands in runs" in words(at)


def test_what_is_stated_of_personal_data_is_written_and_taken_back(project):
    at = page("data", project)
    at.text_input(key="privacy_purpose").set_value("Answering customers")
    pressed(at, "privacy_save")
    assert open_project(project).sections.privacy.purpose == "Answering customers"
    at = page("data", project)
    at.text_input(key="privacy_purpose").set_value("")
    pressed(at, "privacy_save")
    assert open_project(project).sections.privacy.purpose == ""


def test_what_a_setting_mends_is_mended_at_a_press(project):
    file = project / "data" / "examples.jsonl"
    rows = file.read_text(encoding="utf-8")
    file.write_text(f'{rows}\n{{"question": "Why?", "answer": ""}}\n', encoding="utf-8")
    at = page("data", project)
    (button,) = [one for one in at.button if one.label == "Leave incomplete rows out"]
    button.click()
    shown(at.run())
    assert open_project(project).data.incomplete == "leave_out"
    assert "Must fix" not in words(page("data", project))


def test_a_mapping_that_cannot_work_is_refused_and_nothing_is_written(project):
    before = (project / "rungwise.toml").read_bytes()
    at = page("data", project)
    at.selectbox(key="map_kind").set_value("json")
    pressed(at, "map_save")
    assert "kind = json needs a schema" in words(at)
    assert (project / "rungwise.toml").read_bytes() == before


def test_data_that_cannot_be_used_stops_the_check_and_is_listed_first(project):
    (project / "data" / "examples.jsonl").write_text('{"question": "Why?"}\n', encoding="utf-8")
    assert "Must fix" in words(page("data", project))
    at = page("check", project)
    assert at.button[0].label == "Mend the data"
    assert "start_check" not in [button.key for button in at.button]


def test_model_and_way_of_tuning_are_chosen_on_the_check_page_and_what_cannot_be_is_refused(
    project,
):
    at = page("check", project)
    at.text_input(key="model_generator").set_value("no-such-model")
    pressed(at, "model_save")
    assert "no-such-model" in words(at)
    assert open_project(project).model.generator != "no-such-model"
    at = page("check", project)
    at.selectbox(key="model_method").set_value("full")
    pressed(at, "model_save")
    assert open_project(project).sections.tuning.method == "full"


def test_the_check_page_explains_every_rung_and_offers_one_button(project):
    workflow.save_answers(open_project(project), {"knowledge": "private"})
    at = page("check", project)
    said = words(at)
    assert [box.label for box in at.checkbox] == [
        "Prompt", "Prompt with examples", "Retrieval", "Fine\\-tuning",
        "Stop at the first rung that is good enough",
    ]  # fmt: skip
    assert said.count("Your answers point here") == 1 and said.count("Place 2 by your answers") == 1
    assert "Needs your documents." in said
    assert [button.label for button in at.button] == ["Start the check", "Use these"]
    assert "With 40 held-out questions" in said and "two of 4 rungs would be shown" in said


def test_what_is_good_enough_is_asked_before_anything_runs_and_kept(
    tmp_path, tiny_model, monkeypatch
):
    project = make_project(tmp_path / "project", generator=tiny_model.as_posix())
    monkeypatch.setattr(workflow, "start_in_background", lambda project, run: None)
    at = page("check", project)
    assert at.checkbox(key="check_climb").disabled, "there is nothing to stop at"
    at.number_input(key="check_wrong_cost").set_value(4.0).run()
    assert "Then answering begins to pay from 80 % right." in words(at)
    at.number_input(key="check_target").set_value(75).run()
    at.checkbox(key="check_climb").check()
    for name in ("few_shot", "rag", "finetune"):
        at.checkbox(key=f"rung_{name}").uncheck()
    at.button(key="start_check").click().run()
    asked = open_project(project).check
    assert (asked.target, asked.climb, asked.wrong_undoes) == (0.75, True, 4)
    (planned,) = [Run(f.parent).plan() for f in (project / "runs").glob("*/run.json")]
    assert (planned.target, planned.climb) == (0.75, True)


def test_a_target_with_a_fraction_is_not_lowered_by_starting_a_check(
    tmp_path, tiny_model, monkeypatch
):
    monkeypatch.setattr(workflow, "start_in_background", lambda project, run: None)
    project = make_project(tmp_path / "project", generator=tiny_model.as_posix())
    change(project, {("check", "target"): 0.845})
    at = page("check", project)
    for name in ("few_shot", "rag", "finetune"):
        at.checkbox(key=f"rung_{name}").uncheck()
    at.button(key="start_check").click().run()
    assert open_project(project).check.target == 0.845


def test_reasons_name_questions_by_the_number_that_the_page_gives_them(project):
    """Questions that an answer hides are not counted, neither here nor there."""
    workflow.save_answers(open_project(project), {"knowledge": "general", "speed": "tight"})
    numbers = [q.key for q in visible({"knowledge": "general", "speed": "tight"})]
    said = words(page("ask", project))
    assert f"by question {numbers.index('speed') + 1}" in said


def test_a_damaged_older_check_does_not_take_the_newer_ones_pages_down(project, run):
    older = project / "runs" / "older"
    shutil.copytree(run.folder, older)
    (older / "experiment.json").write_text("{", encoding="utf-8")
    os.utime(older / "run.json", (1, 1))
    for name in ("compare", "decide", "report", "check"):
        assert "cannot be read" not in words(page(name, project))


def test_a_rung_that_cannot_run_is_shown_and_not_chosen(project):
    text = (project / "rungwise.toml").read_text(encoding="utf-8")
    text = text.replace('documents = "data/documents"\n', "")
    (project / "rungwise.toml").write_text(text, encoding="utf-8")
    at = page("check", project)
    box = at.checkbox(key="rung_rag")
    assert box.disabled and not box.value
    assert "The project has no documents." in words(at)


def test_what_has_only_free_answers_offers_no_constrained_prompt(project):
    text = (project / "rungwise.toml").read_text(encoding="utf-8")
    offered = 'rungs = ["prompt", "constrained"]'
    (project / "rungwise.toml").write_text(
        text.replace('rungs = ["prompt", "few_shot", "rag", "finetune"]', offered), encoding="utf-8"
    )
    at = page("check", project)
    assert at.checkbox(key="rung_constrained").disabled
    assert "Answers of this task are free text; there is nothing to constrain." in words(at)


def test_a_check_that_was_killed_can_be_gone_on_with_and_shows_what_is_done(project, run):
    (run.folder / "experiment.json").unlink()
    run.cell_file("finetune-s0").unlink()
    run.say("started", "", "finetune-s0")
    run.say("answered", "", "finetune-s0", {"done": 5, "total": 20})
    at = page("check", project, run.name)
    assert f"Check {run.name} was stopped before its end." in words(at)
    assert at.button(key="resume_check").label == "Go on"
    assert "stopped while answering, 5 of 20" in words(at)
    assert any("training, step 2 of 2, loss 1.000" in block.value for block in at.code)


def test_a_starting_check_is_watched_and_says_that_it_starts(project, run):
    (run.folder / "experiment.json").unlink()
    run.say("doing", STARTING)
    at = page("check", project, run.name)
    assert "The check is starting." in words(at)
    at.button(key="stop_check").click()
    assert "Finished rungs and the answers so far are kept." in words(shown(at.run()))
    assert run.cancel_file.is_file(), "the process that is coming up will see it"


def test_a_check_that_is_gone_when_stop_is_pressed_is_not_said_to_stop(project, run):
    (run.folder / "experiment.json").unlink()
    run.say("doing", STARTING)
    at = page("check", project, run.name)
    run.say("cancelled", "stopped; what is finished is kept")
    at.button(key="stop_check").click()
    assert "Stopping." not in words(shown(at.run())) and not run.cancel_file.exists()


def test_a_training_can_be_told_to_use_what_it_has(project, run):
    (run.folder / "experiment.json").unlink()
    run.cell_file("finetune-s0").unlink()
    run.say("started", "", "finetune-s0")
    run.say("doing", "Training", "finetune-s0", {
        "step": 1, "steps": 9, "loss": 2.0, "learning_rate": 0.001, "rate_now": 0.0005,
        "tokens_per_s": 500.0, "seconds_left": 90.0,
    })  # fmt: skip
    look = {"step": 1, "dev_loss": 1.5, "dev_metric": 0.4, "learning_rate": 0.001}
    run.say("doing", "Tested on dev", "finetune-s0", look)
    with FileLock(run.folder / "check.lock"):
        at = page("check", project, run.name)
        assert "Step 1 of 9: loss 2.00, learning rate 0.0005, 500 tokens/s, 90 s left" in words(at)
        assert "90 s left; dev after step 1: loss 1.50, score 40 %." in words(at)
        at.button(key="enough_check").click()
        assert "The training ends after this step" in words(shown(at.run()))
        assert run.enough_file.is_file() and not run.cancel_file.exists()
        run.say("answered", "", "finetune-s0", {"done": 1, "total": 40})
        at = page("check", project, run.name)
        assert "enough_check" not in [button.key for button in at.button]


def test_progress_is_read_from_disk_alone(project, run):
    run.cell_file("finetune-s0").unlink()
    (run.folder / "experiment.json").unlink()
    run.say("started", "", "finetune-s0")
    now = progress(Run(run.folder))
    assert now.state == "stopped" == state_of(run)
    states = {cell.rung: cell.state for cell in now.cells}
    assert states == {
        "prompt": "finished", "few_shot": "finished", "rag": "finished", "finetune": "waiting",
    }  # fmt: skip
    assert [loss.loss for loss in now.cells[-1].losses] == [2.0, 1.0]


def test_a_failed_rung_says_why_and_what_to_do(project, run):
    run.cell_file("rag-s0").unlink()
    run.say("started", "", "rag-s0")
    run.say("failed", f"out of memory {HOSTILE}", "rag-s0", {"fix": "choose a smaller model"})
    (run.folder / "experiment.json").unlink()
    said = words(page("check", project, run.name))
    assert "failed</span> out of memory" in said and "choose a smaller model" in said
    assert "<script" not in said


def test_the_result_opens_with_one_sentence_a_picture_and_three_facts(project, run):
    at = page("compare", project, run.name)
    said = words(at)
    assert "<b>Use retrieval. Do not fine-tune yet.</b>" in said
    for title in ("What it costs", "What was expected", "What would change this"):
        assert title in said
    # the ladder, and behind it the differences of the open tab
    assert len(at.get("vega_lite_chart")) >= 2


def test_the_items_show_every_answer_its_mark_and_the_cited_passage(project, run):
    at = page("compare", project, run.name)
    at.session_state["compare_tab"] = "Items"
    shown(at.run())
    box = at.selectbox(key="item_way")
    assert box.options[0].startswith("Where the rungs disagree (")
    assert any(words.startswith("Retrieval right, Prompt not (") for words in box.options)
    first = words(at)
    assert ">right</span>" in first and ">wrong</span>" in first and ">failed</span>" in first
    assert "No rung read a passage for this one." in first, "retrieval failed on this one"
    at.button(key="item_next").click()
    second = words(shown(at.run()))
    assert 'rw-passage cited">' in second and "the answer rests on this" in second
    way = next(words for words in box.options if words.startswith("An answer failed"))
    at.selectbox(key="item_way").set_value(way.rpartition(" (")[0])
    said = words(shown(at.run()))
    assert "prompt too long: 2,100 tokens" in said and "1 of 1" in said


def test_an_item_says_how_many_passages_did_not_fit(project, run):
    file = run.cell_file("rag-s0")
    cell = json.loads(file.read_text(encoding="utf-8"))
    for answer in cell["answers"]:
        answer["dropped_contexts"] = 2
    file.write_text(json.dumps(cell), encoding="utf-8")
    at = page("compare", project, run.name)
    at.session_state["compare_tab"] = "Items"
    assert "did not fit" not in words(shown(at.run())), "retrieval failed on this one"
    at.button(key="item_next").click()
    assert words(shown(at.run())).count("2 passages did not fit") == 1


@pytest.mark.parametrize("tab", ["Differences", "Where it fails", "Settings", "Cost", "Fair?"])
def test_every_tab_of_the_result_is_drawn(tab, project, run):
    at = page("compare", project, run.name)
    at.session_state["compare_tab"] = tab
    told = {
        "Differences": "The comparisons that decide",
        "Where it fails": "Retrieval found the passage for",
        "Settings": "How training went",
        "Cost": "Time and memory on",
        "Fair?": "Was it fair?",
    }
    assert told[tab] in words(shown(at.run()))


def test_settings_are_shown_as_such_also_where_something_was_trained(project, run):
    at = page("compare", project, run.name)
    assert "Settings" in [tab.label for tab in at.tabs]
    assert "Training" not in [tab.label for tab in at.tabs]
    at.session_state["compare_tab"] = "Settings"
    assert "The rungs: settings, effort, scores" in words(shown(at.run()))


def test_where_it_fails_shows_foreign_text_letter_by_letter(project, run):
    at = page("compare", project, run.name)
    at.session_state["compare_tab"] = "Where it fails"
    said = words(shown(at.run()))
    assert "Where each rung fails" in said and "The questions that tell most" in said
    assert "&lt;script&gt;" in said and "<script" not in said
    assert len(at.get("vega_lite_chart")) >= 2


def test_a_check_from_before_there_was_a_diagnosis_says_how_to_get_it(project, run):
    file = run.folder / "experiment.json"
    file.write_text(json.dumps({**json.loads(file.read_bytes()), "diagnostics": {}}))
    at = page("compare", project, run.name)
    at.session_state["compare_tab"] = "Where it fails"
    assert "nothing is measured again" in words(shown(at.run()))
    assert f"--run {run.name}" in at.code[0].value


def test_the_report_page_offers_both_files_for_both_audiences(project, run):
    at = page("report", project, run.name)
    labels = [part.proto.label for part in at.get("download_button")]
    assert labels[:2] == ["Download HTML", "Download JSON"]
    frame = at.get("iframe")[0].proto
    assert frame.src.startswith("data:text/html"), "the preview must not share this page's origin"
    at.segmented_control(key="report_audience").set_value("technical")
    shown(at.run())


def test_the_projects_name_is_shown_as_it_is_written(project):
    from html import unescape

    assert NAME in unescape(words(page("data", project)))


def test_prices_are_given_on_a_page_and_shown_with_what_they_come_to(project, run):
    at = AppTest.from_function(_money_page, kwargs={"root": str(project), "run": run.name})
    at = shown(at.run(timeout=60))
    assert "Nothing is priced yet" in words(at)
    file = run.folder / "experiment.json"
    stored = json.loads(file.read_text(encoding="utf-8"))
    stored["verdict"]["cautions"] = ["At your prices of yesterday."]
    file.write_text(json.dumps(stored), encoding="utf-8")
    at.number_input(key="price_machine_per_hour").set_value(3.6)
    at.number_input(key="price_answers_per_month").set_value(50_000.0)
    at.text_input(key="price_currency").set_value("<i>E</i>")
    at.date_input(key="price_date").set_value(datetime.date(2026, 1, 31))
    at = shown(at.button(key="prices_save").click().run(timeout=60))
    text = (project / "rungwise.toml").read_text(encoding="utf-8")
    assert "machine_per_hour = 3.6" in text and "answers_per_month = 50000" in text
    assert "date = 2026-01-31" in text and "# a remark of the user" in text
    assert "engineer_per_hour" not in text, "what is not given is not written"
    said = words(at)
    assert "Cost in &lt;i&gt;E&lt;/i&gt;, at your prices of 31 January 2026" in said
    assert "<i>E" not in said
    costs = costs_of(workflow.finished(run), open_project(project).prices)
    told = workflow.verdict_of(workflow.finished(run))
    assert told == reconcile(workflow.finished(run), prior_of(run), costs=costs), "renewed by them"
    at.number_input(key="price_machine_per_hour").set_value(None)
    at = shown(at.button(key="prices_save").click().run(timeout=60))
    text = (project / "rungwise.toml").read_text(encoding="utf-8")
    assert "machine_per_hour" not in text and "Nothing is priced yet" in words(at)


def test_a_price_that_cannot_be_used_is_said_on_the_page_and_changes_nothing(project, run):
    at = AppTest.from_function(_money_page, kwargs={"root": str(project), "run": run.name})
    at = shown(at.run(timeout=60))
    before = (project / "rungwise.toml").read_bytes()
    at.number_input(key="price_input_per_million").set_value(2.0)
    at = shown(at.button(key="prices_save").click().run(timeout=60))
    assert "input_per_million is given without output_per_million" in words(at)
    assert (project / "rungwise.toml").read_bytes() == before


def _money_page(root: str, run: str) -> None:
    """A page of its own for the part: AppTest runs the text of this function."""
    from pathlib import Path

    from advisor import workflow
    from advisor.page_parts.money import draw_money
    from advisor.project import open_project

    found = workflow.find_run(run, Path(root))
    draw_money(open_project(Path(root)), found, workflow.finished(found))
