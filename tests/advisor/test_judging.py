"""Labels and the judge through the commands, the page and the report."""

import dataclasses
import io
import json
import shutil
import sys
import threading
import time

import pytest

from advisor import workflow
from advisor.judge_words import NOT_USABLE, lead, notes, sending_lines
from advisor.judging import judge, labelling, would_send
from advisor.project import open_project
from advisor.report import build, report_format
from advisor.report.document import Figure
from harness.disk import write_json
from harness.errors import UserError
from harness.judge.judging import judge_answers
from harness.judge.labels import add_label, in_turn, labels_of
from harness.judge.material import material_of
from harness.judge.measure import judged_of
from harness.judge.rules import sending
from harness.judge.store import Consent, Sending
from harness.store import Run
from tests import command
from tests.advisor.page_project import HOSTILE, make_project, make_run
from tests.advisor.test_pages import own_projects, page, patience, shown, words  # noqa: F401
from tests.command import here, refused, said
from tests.harness.chat_server import always_yes, chat_server
from tests.harness.judged_run import small_run


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = make_project(tmp_path_factory.mktemp("made") / "desk")
    make_run(root)
    return root


@pytest.fixture
def project(made, tmp_path):
    return shutil.copytree(made, tmp_path / "desk")


@pytest.fixture
def run(project):
    return Run(project / "runs" / "first")


def name_judge(project, endpoint):
    with (project / "rungwise.toml").open("a", encoding="utf-8") as out:
        out.write(f'[judge]\nendpoint = "{endpoint}"\n')


def label(run, n=30, by="Ada"):
    for one in in_turn(material_of(run).said)[:n]:
        add_label(run, one, "right" if one.reference in one.answer else "wrong", by)


def typed(monkeypatch, text):
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))


# Commands


def test_answers_are_looked_at_one_by_one_without_their_rung_and_each_is_kept(run, monkeypatch):
    typed(monkeypatch, "1\n2\nx\n3\nb\n1\n\n")
    done = here("label", run.folder, "--by", "Ada")
    assert done.returncode == 0 and "3 of 30 looked at" in done.stdout
    assert [one.opinion for one in labels_of(run)] == ["right", "wrong", "right"]
    assert {one.by for one in labels_of(run)} == {"Ada"}
    assert "Right is: " in done.stderr and "Type 1, 2, 3 or b" in done.stderr
    told = done.stderr.casefold()
    assert not [name for name in ("retrieval", "few_shot", "finetune", "prompt") if name in told]


def test_labelling_goes_on_where_it_was_and_says_when_a_judge_may_be_asked(run, monkeypatch):
    label(run, 29)
    before = labelling(run).next
    typed(monkeypatch, "1\n")
    done = here("label", run.folder, "--by", "Ada")
    assert before.key in {one.key for one in labels_of(run)}
    assert "a judge may be asked" in done.stdout and "next: rungwise judge" in done.stdout
    typed(monkeypatch, "")
    asked = here("label", run.folder, "--by", "Ada", "--json")
    assert json.loads(asked.stdout)["labelled"] == 30


def test_what_could_steer_a_terminal_does_not_reach_it(run, monkeypatch):
    file = run.cell_file("rag-s0")
    cell = json.loads(file.read_text(encoding="utf-8"))
    for one in cell["answers"]:
        one["text"] = "\x1b[2J\u202egone" + one["text"]
    write_json(file, cell)
    typed(monkeypatch, "2\n" * 8)
    told = here("label", run.folder, "--by", "Ada").stderr
    assert "gone" in told and "\x1b" not in told and "\u202e" not in told


def test_without_an_endpoint_nothing_is_asked_and_the_fix_says_what_to_write(run):
    label(run)
    (error,) = refused(here("judge", run.folder, "--yes")).items()
    assert "no judge is set" in error[0] and "write endpoint = " in error[1]


def test_nothing_is_sent_before_somebody_says_yes_to_this_host(project, run):
    label(run)
    with chat_server() as server:
        name_judge(project, server.endpoint)
        done = here("judge", run.folder)
        assert "nobody has said yes; nothing was sent" in refused(done)
        assert f"To be sent to {server.host}, model judge-model: 110 answers" in done.stderr
        assert list(refused(here("judge", run.folder, "--yes", "example.org"))) == [
            "example.org is not the judge's host; nothing was sent"
        ]
        assert server.requests == []
        done = here("judge", run.folder, "--yes", server.host, "--by", "Ada")
    assert done.returncode == 0, done.stderr
    assert len(server.requests) == 110 and "judged 110/110" in done.stderr
    assert "Calls a right answer right (TPR)" in done.stdout
    assert "the verdict does not rest on them" in done.stdout
    told = here("show", run.folder).stdout
    assert "Answers looked at by people, and by a judge" in told


def test_the_model_under_test_is_refused_as_its_own_judge(tmp_path):
    with chat_server() as server:
        root = make_project(tmp_path / "desk", server.endpoint.replace("#judge", "#Judge"))
        run = make_run(root)
        label(run)
        name_judge(root, server.endpoint)
        assert "[judge] endpoint: the judge is the model under test" in refused(
            here("judge", run.folder, "--yes")
        )
    assert server.requests == []


def test_json_holds_all_that_is_in_the_file_and_a_pair_is_judged_in_both_orders(project, run):
    label(run)
    with chat_server() as server:
        name_judge(project, server.endpoint)
        done = here("judge", run.folder, "--yes", "--json", "--pair", "few_shot,rag")
        wrong = here("judge", run.folder, "--yes", "--pair", "few_shot")
        other = here("judge", run.folder, "--yes", "--pair", "few_shot,nothing")
    told = json.loads(done.stdout)
    assert told == json.loads((run.folder / "judge" / "result.json").read_text())
    (pair,) = told["preferences"]
    assert (pair["a"], pair["b"], pair["flips"]["mean"]) == ("few_shot", "rag", 0)
    assert "--pair: a pair is two rungs" in refused(wrong)
    assert "pair: the run has no rung 'nothing'" in refused(other)


def test_a_dead_address_is_two_lines_and_exit_1(project, run, monkeypatch):
    monkeypatch.setattr("harness.generators.endpoint._again", lambda error, n: (1, 0.0))
    label(run)
    with chat_server() as server:
        pass
    name_judge(project, server.endpoint)
    done = here("judge", run.folder, "--yes")
    assert done.returncode == 1 and done.stdout == ""
    (error,) = said(done).items()
    assert "the judge does not answer" in error[0] and "start it, or correct" in error[1]


def test_a_project_that_names_no_address_as_judge_is_told_how_one_looks(project):
    name_judge(project, "qwen")
    run = Run(project / "runs" / "first")
    label(run)
    (error,) = refused(here("judge", run.folder, "--yes")).items()
    assert "is not an endpoint" in error[0] and "openai:http://host:port" in error[1]
    assert open_project(project).sections.judge.endpoint == "qwen"


# Words


def test_what_would_leave_the_machine_is_said_and_whether_others_can_read_along():
    far = Sending("openai:http://far.example/v1#m", "far.example", "m", 5, 2, 9, True, False)
    told = " ".join(sending_lines(far))
    assert "5 answers with question and reference and 2 pairs of answers, each in both" in told
    assert "9 requests" in told and "the texts leave it" in told and "not encrypted" in told
    near = Sending("openai:http://127.0.0.1/v1#m", "127.0.0.1", "m", 5, 0, 5, False, False)
    assert "leave" not in " ".join(sending_lines(near))


def test_a_judge_that_is_not_usable_is_called_so_wherever_its_figures_stand(project, run):
    label(run)
    before = workflow.finished(run)
    with chat_server(always_yes) as server:
        name_judge(project, server.endpoint)
        found = judge(run, would_send(run), "Ada")
    assert lead(found).startswith(NOT_USABLE) and "no better than a coin" in lead(found)
    report = build(run, workflow.finished(run), None)
    (part,) = (one for one in report.sections if one.key == "judge")
    tables = [block.caption for block in part.blocks if hasattr(block, "caption")]
    assert tables[1] == "Share of right answers, by a judge that is not usable"
    assert workflow.finished(run) == before, "the verdict knows nothing of it"
    assert report.headline == build(run, before, None).headline


def test_the_report_says_where_answers_were_sent_and_keeps_foreign_text_as_text(project, run):
    label(run, by="<b>Ada</b>")
    with chat_server() as server:
        name_judge(project, server.endpoint)
        judge(run, would_send(run), "Ada")
    report = build(run, workflow.finished(run), None)
    parts = tuple(part for part in report.sections if part.key in ("judge", "protection"))
    plain = dataclasses.replace(report, sections=parts, picture=Figure(lambda theme: None, ""))
    html, told = (report_format(name).render(plain).decode() for name in ("html", "json"))
    assert "&lt;b&gt;Ada&lt;/b&gt;" in html and "<b>Ada</b>" not in html
    assert f"were sent to a judge: http://{server.host}/v1#judge-model" in html
    stored = json.loads(told)["report"]["judge"]
    assert stored["labels"] == 30 and stored["rungs"]["rag"]["corrected"]["n"] == 39
    assert "judge" in {part["key"] for part in json.loads(told)["report"]["sections"]}


def test_a_run_that_nobody_looked_at_has_no_part_on_it(run):
    assert judged_of(run) is None
    report = build(run, workflow.finished(run), None)
    assert report.judged is None and "judge" not in {part.key for part in report.sections}


def test_labels_alone_are_reported_as_what_they_are(run):
    label(run, 12)
    found = judged_of(run)
    assert found.judge == "" and found.unusable == () and "theirs alone" in lead(found)
    assert notes(found) == ("12 answers called right or not right by Ada.",)
    assert found.rungs["rag"].judged is None and found.rungs["rag"].labelled.n > 0


# The page


def judge_tab(project, run):
    at = page("compare", project, run.name)
    at.session_state["compare_tab"] = "Judge"
    return shown(at.run())


def test_the_page_shows_an_answer_without_its_rung_and_keeps_a_label_at_a_press(project, run):
    at = judge_tab(project, run)
    told = words(at)
    assert "Looked at: 0 of 30." in told and "nothing is sent anywhere" in told
    assert HOSTILE not in told
    first = labelling(run).next
    at.button(key="label_right").click()
    told = words(shown(at.run()))
    assert [(one.key, one.opinion) for one in labels_of(run)] == [(first.key, "right")]
    assert "Looked at: 1 of 30." in told
    at.button(key="label_back").click()
    assert "Looked at: 0 of 30." in words(shown(at.run()))
    assert labelling(run).next == first
    again = judge_tab(project, run)
    assert "Looked at: 0 of 30." in words(again), "a new session reads the file"


def test_the_page_without_a_name_says_so_and_keeps_nothing(project, run):
    at = judge_tab(project, run)
    at.text_input(key="label_by").set_value("  ")
    at.button(key="label_wrong").click()
    assert "nobody is named" in words(shown(at.run())) and labels_of(run) == ()


def test_the_button_names_host_and_number_and_sends_only_when_it_is_pressed(
    project, run, monkeypatch
):
    # without a process of its own, which tests/browser has
    monkeypatch.setattr("advisor.page_parts.judging.judge_in_background", judge)
    label(run)
    with chat_server() as server:
        name_judge(project, server.endpoint)
        at = judge_tab(project, run)
        button = at.button(key="send_to_judge")
        said = button.label.replace("\\", "").replace("\u2060", "")
        assert said == f"Send 110 answers to {server.host}" and server.requests == []
        button.click()
        told = words(shown(at.run()))
    assert "has seen everything" in told and "The judge against people" in told
    assert len(server.requests) == 110


def test_a_running_judge_is_shown_and_can_be_stopped(project, run):
    label(run)
    go = threading.Event()
    with chat_server(lambda asked: go.wait(60) and always_yes(asked)) as server:
        name_judge(project, server.endpoint)
        consent = Consent(sending(run, server.endpoint, ()), "Ada", "2026-01-02T03:04:05+00:00")
        ended = []

        def work():
            try:
                judge_answers(run, consent, ())
            except KeyboardInterrupt:
                ended.append("stopped")

        thread = threading.Thread(target=work)
        thread.start()
        while not server.asked:
            time.sleep(0.02)
        at = judge_tab(project, run)
        assert "The judge is at work" in words(at) and "0 of 110 requests done" in words(at)
        at.button(key="stop_judge").click()
        assert "What it has said so far is kept" in words(shown(at.run()))
        go.set()
        thread.join()
    assert ended == ["stopped"] and len(server.requests) == 1
    assert "Send 109 answers" in judge_tab(project, run).button(key="send_to_judge").label


def test_closed_answers_have_no_such_tab(tmp_path):
    config = '[data]\nexamples = "data/rows.jsonl"\n[task]\nkind = "label"\n'
    root = command.make_project(tmp_path / "labels", config, rows__jsonl="{}")
    run = small_run(root, "label", done=True)
    at = page("compare", root, run.name)
    assert "Fair?" in [tab.label for tab in at.tabs] and "Judge" not in [
        tab.label for tab in at.tabs
    ]
    with pytest.raises(UserError, match="by comparison"):
        labelling(run)
