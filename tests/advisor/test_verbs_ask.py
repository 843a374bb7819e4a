"""rungwise ask: from a file, on a terminal, through a pipe; every answer is kept at once."""

import io
import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from functools import partial

import pytest

from advisor.questionnaire import cases, in_words, questions, read_answers, visible
from tests.command import PATIENCE_S, here, make_project, refused, rungwise, said
from tests.conftest import label_rows
from tests.fake_card import machine_with

EMPTY = '[data]\nexamples = "data/examples.jsonl"\n'
FIRST, SECOND = questions()[0], questions()[1]


@pytest.fixture
def root(tmp_path):
    """A project without data: the questions come before it."""
    return make_project(tmp_path / "p", EMPTY)


@pytest.fixture
def labelled(tmp_path):
    """A project with ninety rows, forty of them held out."""
    rows = "\n".join(json.dumps(row) for row in label_rows(90))
    config = f'{EMPTY}heldout = 40\n[task]\nkind = "label"\n'
    return make_project(tmp_path / "p", config, examples__jsonl=rows)


def kept(root):
    return dict(read_answers(root / "answers.toml").answers)


def whole_sheet(root):
    """A file that answers everything that is asked."""
    case = cases()[0]
    lines = [f'{key} = "{option}"' for key, option in case.answers.items()]
    file = root / "filled.toml"
    file.write_text("\n".join(["[answers]", *lines]), encoding="utf-8")
    return file, case


# From a file


def test_answers_from_a_file_are_kept_and_the_advice_is_json_alone(root):
    file, case = whole_sheet(root)
    done = here("ask", root, "--answers", file, "--json")
    assert done.returncode == 0 and said(done) == {}
    advice = json.loads(done.stdout)
    assert advice["aim"] in case.expected
    assert {"ranking", "reasons", "blocked", "would_change_if"} <= set(advice)
    assert kept(root) == dict(case.answers)


def test_where_all_is_answered_nothing_is_asked_and_the_advice_is_said_again(root):
    file, _ = whole_sheet(root)
    first = here("ask", root, "--answers", file)
    before = (root / "answers.toml").read_bytes()
    again = here("ask", root)
    assert again.returncode == 0
    assert again.stdout == first.stdout
    assert again.stdout.startswith("the answers point to: ") and "Because:" in again.stdout
    assert "edit it to change one" in again.stderr
    assert (root / "answers.toml").read_bytes() == before


def test_earlier_answers_that_a_file_replaces_are_told_of_and_kept(root):
    file, case = whole_sheet(root)
    (root / "answers.toml").write_text('[answers]\nvoice = "little"\n', encoding="utf-8")
    file.write_text(f'[filled_in]\nby = "A. Kaya"\n{file.read_text()}', encoding="utf-8")
    assert case.answers["voice"] != "little"
    _, now = in_words("voice", case.answers["voice"])
    done = here("ask", root, "--answers", file)
    assert (
        "Earlier answers that are no more (1); a copy is in answers-before.toml:\n" in done.stderr
    )
    assert f" → {now}\n" in done.stderr
    assert kept(root) == dict(case.answers)
    assert read_answers(root / "answers.toml").by == "A. Kaya"
    before = root / "answers-before.toml"
    assert before.read_text() == '[answers]\nvoice = "little"\n'
    assert "no more" not in here("ask", root, "--answers", file).stderr, "nothing is replaced"
    file.write_text('[answers]\nvoice = "little"\n', encoding="utf-8")
    assert "→ not answered\n" in here("ask", root, "--answers", file).stderr
    assert read_answers(root / "answers-before2.toml").answers == case.answers
    assert before.read_text() == '[answers]\nvoice = "little"\n', "no copy is overwritten"


# From a worked case


def test_the_worked_cases_are_listed_without_a_project():
    done = here("ask", "--cases")
    assert done.returncode == 0
    for case in cases():
        assert case.key.replace("_", "-") in done.stdout and case.story in done.stdout
    listed = json.loads(here("ask", "--cases", "--json").stdout)
    assert [one["name"] for one in listed][:2] == ["petitions", "brand-voice"]


def test_without_a_project_and_with_two_sources_of_answers_it_says_what_to_give(root):
    assert "name it: rungwise ask DIR" in str(refused(here("ask")))
    file, _ = whole_sheet(root)
    found = refused(here("ask", root, "--case", "petitions", "--answers", file))
    assert "give one of --answers and --case" in str(found)
    assert "did you mean 'call-centre'?" in str(refused(here("ask", root, "--case", "call-center")))
    assert not (root / "answers.toml").exists()


def test_a_case_fills_in_and_marks_and_the_users_answers_stay(root):
    (root / "answers.toml").write_text('[answers]\nvoice = "high"\n', encoding="utf-8")
    done = rungwise("ask", root, "--case", "call-centre", input="\n")
    assert done.returncode == 0
    assert "Filled in from the case “Messages sorted into fixed labels”: 8 answers." in done.stderr
    assert "Answered before and left as they are: 1." in done.stderr
    sheet = read_answers(root / "answers.toml")
    assert sheet.answers["voice"] == "high" and sheet.answers["task_shape"] == "narrow"
    assert sheet.from_case["task_shape"] == "Messages sorted into fixed labels"
    assert sheet.from_case["speed"] == "Messages sorted into fixed labels, where it is typical"
    assert "voice" not in sheet.from_case and "held_out_set" not in sheet.answers


def test_marked_answers_come_last_and_are_kept_or_changed(root):
    case = next(case for case in cases() if case.key == "call_centre")
    lines = [f'{key} = "{option}"' for key, option in {**case.open, **case.settled}.items()]
    (root / "answers.toml").write_text("\n".join(["[answers]", *lines]), encoding="utf-8")
    done = rungwise("ask", root, "--case", "call_centre", input="=\n2\n\n")
    marked = [q for q in visible(case.answers) if q.key in case.typical]
    sheet = read_answers(root / "answers.toml")
    assert sheet.answers[marked[0].key] == case.typical[marked[0].key]
    assert sheet.answers[marked[1].key] == marked[1].options[1].key
    assert set(sheet.from_case) == {question.key for question in marked[2:]}
    assert "Type = to keep it." in done.stderr


# Through a pipe


def piped(root, text, *arguments):
    return rungwise("ask", root, *arguments, input=text)


def test_a_pipe_may_answer_by_number_and_by_name_and_a_wrong_one_is_asked_again(root):
    third = visible({FIRST.key: FIRST.options[1].key, SECOND.key: SECOND.options[0].key})[2]
    done = piped(root, f"2\n99\nnonsense\n{SECOND.options[0].key}\ndont_know\n\n", "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["confidence"]
    assert done.stderr.count(f"Type a number from 1 to {len(SECOND.options)}") == 2
    assert kept(root) == {
        FIRST.key: FIRST.options[1].key,
        SECOND.key: SECOND.options[0].key,
        third.key: "dont_know",
    }


def test_a_pipe_that_ends_stops_and_the_next_call_goes_on_at_the_next_question(root):
    piped(root, "1\n")
    again = piped(root, "1\n")
    assert FIRST.text not in again.stderr
    assert f"2/{len(visible(kept(root)))}  {SECOND.text}" in again.stderr
    assert list(kept(root)) == [FIRST.key, SECOND.key]


def test_nobody_to_answer_is_an_error_that_names_the_other_way(root):
    found = refused(rungwise("ask", root, stdin=subprocess.DEVNULL))
    assert found == {
        "rungwise ask: no question was answered": "answer on the terminal, or give a file with "
        "--answers FILE"
    }
    assert not (root / "answers.toml").exists()


def test_what_the_data_answers_is_filled_in_and_said(labelled):
    root = labelled
    done = piped(root, "\n")
    assert done.returncode == 0
    assert "Filled in from your data: Have you put real questions" in done.stderr
    assert "(40 questions held out)" in done.stderr
    sheet = read_answers(root / "answers.toml")
    assert sheet.answers["held_out_set"] == "some"
    assert sheet.from_data["held_out_set"] == "40 questions held out"


# What the machine answers


def asked_here(root, monkeypatch):
    """The questionnaire in this process, where nobody answers."""
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n"))
    done = here("ask", root)
    assert said(done) == {}
    return done.stderr, read_answers(root / "answers.toml")


@pytest.mark.parametrize(
    ("says", "machine", "option", "words"),
    [
                ("12282, NVIDIA GeForce RTX 4070", {}, "small_card",
         "this machine's card, NVIDIA GeForce RTX 4070, has 12.9 GB"),
        # sold as 24 GB, of which it keeps some to correct errors
        ("22731, NVIDIA A10G", {}, "large_card", "this machine's card, NVIDIA A10G, has 23.8 GB"),
        ("22731, NVIDIA A10G", {"visible": ""}, None, ""),
        ("", {"program": False}, None, ""),
        ("No devices were found", {"fails": 6}, None, ""),
        ("[N/A], NVIDIA Odd", {}, None, ""),
    ],
    ids=["12 GB", "24 GB", "a hidden card", "no card", "a program that fails",
         "a card that does not say"],
)  # fmt: skip
def test_the_machine_answers_which_card_it_has_where_it_is_sure(
    labelled, tmp_path, monkeypatch, says, machine, option, words
):
    machine_with(tmp_path, monkeypatch, says, **machine)
    said_here, sheet = asked_here(labelled, monkeypatch)
    assert sheet.answers.get("hardware") == option
    assert sheet.from_data.get("hardware", "") == words
    told = "Filled in from your data: Which machine could do the training? "
    assert (told in said_here) is bool(option)
    assert f"({words})" in said_here or option is None


def test_what_the_user_says_of_the_hardware_stays_whatever_card_there_is(
    labelled, tmp_path, monkeypatch
):
    machine_with(tmp_path, monkeypatch, "81559, NVIDIA H100 80GB HBM3")
    (labelled / "answers.toml").write_text('[answers]\nhardware = "none"\n', encoding="utf-8")
    said_here, sheet = asked_here(labelled, monkeypatch)
    assert sheet.answers["hardware"] == "none" and "hardware" not in sheet.from_data
    assert "NVIDIA" not in said_here and "held_out_set" in sheet.from_data


# On a terminal


class OnTerminal:
    """The questionnaire with a terminal of its own."""

    def __init__(self, root):
        self.screen, theirs = pty.openpty()
        command = [sys.executable, "-m", "advisor", "ask", str(root)]
        # what starts the tests may ignore interrupts, and children inherit that
        heed = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
        self.process = subprocess.Popen(
            command, stdin=theirs, stdout=theirs, stderr=theirs, preexec_fn=heed
        )
        os.close(theirs)
        self.shown = ""

    def wait_for(self, text):
        until = time.monotonic() + 60
        while text not in self.shown and time.monotonic() < until:
            if select.select([self.screen], [], [], 0.5)[0]:
                try:
                    self.shown += os.read(self.screen, 4096).decode()
                except OSError:  # the other side has closed
                    break
        assert text in self.shown, self.shown

    def type(self, text):
        os.write(self.screen, text.encode())

    def end(self):
        status = self.process.wait(PATIENCE_S)
        os.close(self.screen)
        return status


def test_each_answer_is_on_disk_before_the_next_question_and_a_kill_loses_none(root):
    terminal = OnTerminal(root)
    terminal.wait_for(f"1/{len(visible({}))}  {FIRST.text[:40]}")
    terminal.wait_for("> ")
    terminal.type("1\n")
    terminal.wait_for(SECOND.text[:40])
    assert kept(root) == {FIRST.key: FIRST.options[0].key}
    os.kill(terminal.process.pid, signal.SIGKILL)
    terminal.end()
    again = OnTerminal(root)
    again.wait_for(SECOND.text[:40])
    assert FIRST.text[:40] not in again.shown
    again.type("2\n\n")
    again.wait_for("the answers point to: ")
    assert again.end() == 0
    assert kept(root) == {FIRST.key: FIRST.options[0].key, SECOND.key: SECOND.options[1].key}


def test_an_interrupt_says_that_what_is_finished_is_kept(root):
    terminal = OnTerminal(root)
    terminal.wait_for("> ")
    terminal.type("1\n")
    terminal.wait_for(SECOND.text[:40])
    terminal.process.send_signal(signal.SIGINT)
    terminal.wait_for("stopped; what is finished is kept")
    assert terminal.end() == 1
    assert "Traceback" not in terminal.shown
    assert list(kept(root)) == [FIRST.key]
