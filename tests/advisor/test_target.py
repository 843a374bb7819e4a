"""What is good enough on the command line: said before a check, asked on a terminal, kept."""

import io
import json

import pytest

from advisor.asking_target import ask_target
from advisor.prices import Prices
from advisor.project import open_project
from advisor.settings_file import change
from advisor.target_words import no_target_text, pays_sentence
from harness.errors import UserError
from tests.advisor.test_verbs_ask import whole_sheet
from tests.command import here


class Terminal(io.StringIO):
    """Lines that somebody types."""

    def isatty(self):
        return True


@pytest.fixture
def typed(monkeypatch):
    def type_(text):
        monkeypatch.setattr("sys.stdin", Terminal(text))

    return type_


def asked(root):
    ask_target(open_project(root))
    return open_project(root).check


def test_a_share_of_right_answers_is_kept_as_the_target(root, typed, capsys):
    typed("often\n200\n80 %\n")
    assert asked(root).target == 0.8
    said = capsys.readouterr().err
    assert said.count("Type a number from 0 to 100, or an empty line.") == 2
    assert "Kept: target = 0.8 under [check]" in said


def test_a_share_in_the_place_of_a_number_of_100_is_asked_for_again(root, typed, capsys):
    typed("0.80\n80\n")
    assert asked(root).target == 0.8
    said = capsys.readouterr().err
    assert said.count("For 80 of 100 type 80.") == 1
    assert "0.80" not in said.split("Kept")[0], "nothing to copy that would be misread"


def test_a_wrong_answer_may_undo_less_than_a_right_one(root, typed):
    typed("\n0.5\n")
    assert asked(root).wrong_undoes == 0.5


def test_who_does_not_know_is_asked_what_a_wrong_answer_undoes(root, typed, capsys):
    typed("\n4\n")
    found = asked(root)
    assert (found.target, found.wrong_undoes) == (0.8, 4)
    assert "Then answering begins to pay from 80 % right." in capsys.readouterr().err


def test_what_a_wrong_answer_costs_says_what_a_right_one_is_worth():
    assert pays_sentence(4, Prices(wrong_answer_cost=2.0, currency="EUR")) == (
        "Then answering begins to pay from 80 % right. At your price of a wrong answer, a right "
        "one is then worth 0.50 EUR."
    )
    assert "worth" not in pays_sentence(4, Prices()) + pays_sentence(0, Prices(wrong_answer_cost=2))


@pytest.mark.parametrize("lines", ["", "\n", "\n\n"])
def test_who_leaves_it_open_leaves_the_project_as_it_was(root, typed, lines):
    before = (root / "rungwise.toml").read_bytes()
    typed(lines)
    assert asked(root).target is None
    assert (root / "rungwise.toml").read_bytes() == before


def test_a_target_that_is_there_is_not_asked_for_again(root, typed, capsys):
    change(root, {("check", "target"): 0.7})
    typed("80\n")
    assert asked(root).target == 0.7 and capsys.readouterr().err == ""


def test_ask_puts_it_last_to_whom_sits_at_a_terminal_and_to_no_program(root, typed):
    file, _ = whole_sheet(root)
    here("ask", root, "--answers", file)
    file.unlink()
    assert "good enough?" not in here("ask", root, "--json").stderr
    typed("75\n")
    done = here("ask", root, "--json")
    assert "From how many right answers in 100 is it good enough?" in done.stderr
    assert json.loads(done.stdout)["aim"]
    assert open_project(root).check.target == 0.75


def test_without_a_target_it_is_said_what_follows_and_how_to_set_one(root):
    said = no_target_text(open_project(root))
    assert said.startswith("No target is set, so the verdict says which rung is best, not whether")
    assert "--target 0.80, or target = 0.80 under [check] in rungwise.toml." in said
    assert f"rungwise ask {root}" in said
    change(root, {("check", "wrong_undoes"): 3})
    assert no_target_text(open_project(root)).endswith(
        "One wrong answer undoes 3 right ones. Then answering begins to pay from 75 % right."
    )


def test_what_a_wrong_answer_undoes_is_no_negative_number(root):
    with pytest.raises(UserError, match="wrong_undoes must be 0 or more"):
        change(root, {("check", "wrong_undoes"): -1})
