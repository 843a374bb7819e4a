"""The command itself: help, wrong commands, exit status, and letters of every kind."""

import json
import os
import re
import shlex
import socket
import subprocess
import sys

import pytest

from advisor.cli import parser
from advisor.verb import Verb
from advisor.verbs import HELP
from harness.plugins import load_plugins
from tests.command import PATIENCE_S, here, make_project, refused, rungwise, said

VERBS = {verb.name: verb for verb in load_plugins("advisor.verbs", "VERB", Verb)}
CONTRACT = (
    "demo", "new", "ask", "audit", "check", "runs", "show", "weigh", "decide", "report", "models",
    "app", "doctor",
)  # fmt: skip


def test_the_verbs_that_others_script_against_are_all_there():
    assert set(CONTRACT) <= set(VERBS)


@pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS.keys())
def test_every_verb_has_help_with_an_example_that_the_command_takes(verb):
    helped = here(verb.name, "--help")
    assert helped.returncode == 0 and helped.stderr == ""
    assert f"\nexample: {verb.example}\n" in helped.stdout
    program, *arguments = shlex.split(verb.example)
    assert program == "rungwise"
    assert parser(arguments).parse_args(arguments).verb == verb.name


def test_the_general_help_has_a_line_for_every_verb():
    text = here("--help").stdout
    assert HELP.keys() == VERBS.keys()
    for name, line in HELP.items():
        assert f"    {name} " in text
        assert " ".join(line.split()[:4]) in text
    assert "Start with: rungwise demo" in text


def test_without_a_verb_the_help_is_shown_and_the_status_says_that_nothing_was_done():
    done = here()
    assert done.returncode == 2 and done.stdout == ""
    assert "Start with: rungwise demo" in done.stderr


def test_the_version_is_the_packages():
    from importlib.metadata import version

    assert here("--version").stdout == f"rungwise {version('rungwise')}\n"


@pytest.mark.parametrize(
    ("arguments", "error", "fix"),
    [
        (("chek",), "there is no verb 'chek'", "did you mean check? see: rungwise --help"),
        (("check",), "the following arguments are required: dir", "see: rungwise check --help"),
        (("check", "p", "--seeds", "x"), "argument --seeds: invalid int value: 'x'", "--help"),
        (
            ("check", "p", "--rugns", "rag"),
            "there is no --rugns rag here",
            "did you mean --rungs? see: rungwise check --help",
        ),
        (("--verbose",), "there is no --verbose here", "did you mean --version?"),
        (("show", "nope"), "there is no run 'nope'", "give the run's folder"),
        (("report", "nope"), "there is no run 'nope'", "give the run's folder"),
        (("report", "x", "--format", "odt"), "there is no report format 'odt'", "choose from"),
        (("report", "x", "--format", ","), "--format: no format is chosen", "choose from"),
        (("models", "pull"), "no model is named", "rungwise models pull"),
        (("models", "pull", "gpt"), "there is no model 'gpt'", "embedded: smollm2"),
        (("new", "p", "--from", "gone.csv"), "gone.csv: there is no such file", "check the path"),
        (("demo", "--sample", "x"), "there is no sample 'x'", "choose one of support-desk"),
        (("app", "--port", "0"), "--port: 0 is no port", "from 1 to 65535"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_command_that_cannot_be_meant_says_what_can(tmp_path, monkeypatch, arguments, error, fix):
    monkeypatch.chdir(tmp_path)
    found = refused(here(*arguments))
    assert any(error in one and fix in way_out for one, way_out in found.items()), found


def test_debug_shows_where_an_error_comes_from(tmp_path):
    from harness.errors import UserError

    with pytest.raises(UserError, match="there is no rungwise"):
        here("audit", tmp_path, "--debug")


ONE_LABEL = '[data]\nexamples = "data/rows.jsonl"\nheldout = 5\n[task]\nkind = "label"\n'


def test_letters_of_every_language_pass_a_pipe_in_any_locale(tmp_path):
    rows = "\n".join(json.dumps({"text": f"{i}. kart", "label": "şifre …"}) for i in range(40))
    config = f'{ONE_LABEL}labels = ["kayıp"]\n'
    root = make_project(tmp_path / "p", config, rows__jsonl=rows)
    plain = {**os.environ, "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
    done = rungwise("audit", root, env=plain, encoding="utf-8")
    assert done.returncode == 1
    assert "label 'şifre …' is not in the list" in done.stdout
    assert said(done) == {}


def test_what_could_steer_a_terminal_is_not_passed_on_to_it(tmp_path):
    rows = [{"id": f"\x1b[2J\x9b{i}", "text": "the same", "label": f"l{i}"} for i in range(40)]
    root = make_project(tmp_path / "p", ONE_LABEL, rows__jsonl="\n".join(map(json.dumps, rows)))
    done = here("audit", root)
    assert "\ufffd[2J" in done.stdout, "the rows are named"
    assert not {"\x1b", "\x9b"} & set(done.stdout + done.stderr)
    found = refused(here("audit", tmp_path / "no\x1b[2J\nsuch"))
    assert list(found) == [f"{tmp_path}/no\ufffd[2J such: there is no rungwise.toml here"]


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_has_seen_enough_is_no_error(unbuffered):
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "advisor", "models", "--json"]
    environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    done = subprocess.run(
        command, stdout=writing, stderr=subprocess.PIPE, timeout=PATIENCE_S, env=environment
    )
    os.close(writing)
    assert done.returncode == 0 and done.stderr == b""


def test_a_port_that_is_taken_is_refused_with_a_free_one():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ((error, fix),) = refused(here("app", "--port", port)).items()
    assert error.startswith(f"--port: port {port} cannot be used (")
    other = int(re.search(r"--port (\d+)", fix)[1])
    assert other != port
    with socket.socket() as free:
        free.bind(("127.0.0.1", other))
