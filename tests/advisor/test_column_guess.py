"""Tables whose columns have names of nobody's: taken by their place, named, or refused."""

import csv
import json
import tomllib

import pytest

from advisor.guess import guess_files
from advisor.new_project import create_project
from tests.command import here, refused

SPAM = [(f"Message {i}: are you there?", ("ham", "spam")[i % 3 == 0]) for i in range(60)]
SHELL = [(f"show the files of folder {i}", f"ls {i}") for i in range(60)]
GUESS = ' (a guess; if it is another, change {} = "…" under [data.columns] in rungwise.toml)'


def table(file, head, rows, delimiter=","):
    with file.open("w", encoding="utf-8", newline="") as opened:
        csv.writer(opened, delimiter=delimiter).writerows([head, *rows])
    return file


@pytest.mark.parametrize(
    ("head", "rows", "delimiter", "question", "kind"),
    [
        (["Customer message", "Is it spam?"], SPAM, ",", "Customer message", "label"),
        (["What I want", "Shell line"], SHELL, ",", "What I want", "answer"),
        (["Kundennachricht", "Ist es Spam?"], SPAM, ";", "Kundennachricht", "label"),
        (["Is it spam?", "Said"], [(b, a) for a, b in SPAM], ",", "Said", "label"),
        (["id", "Said", "Spam"], [(i, *r) for i, r in enumerate(SPAM)], ",", "Said", "label"),
        (["Nr", "Said", "Spam"], [(i, *r) for i, r in enumerate(SPAM)], ",", "Said", "label"),
    ],
)
def test_two_columns_of_any_name_are_question_and_answer_and_said_to_be_a_guess(
    tmp_path, head, rows, delimiter, question, kind
):
    file = table(tmp_path / "a.csv", head, rows, delimiter)
    made = here("new", tmp_path / "p", "--from", file)
    assert made.returncode == 0, made.stderr
    answer = next(name for name in reversed(head) if name not in (question, "id", "Nr"))
    assert f"question:  column {question!r}{GUESS.format('question')}\n" in made.stdout
    assert f"answer:    column {answer!r}{GUESS.format('answer')}\n" in made.stdout
    assert f"kind:      {kind} (a guess, too: kind under [task] in rungwise.toml)\n" in made.stdout
    written = tomllib.loads((tmp_path / "p" / "rungwise.toml").read_text(encoding="utf-8"))
    assert written["data"]["columns"]["answer"] == answer
    assert here("audit", tmp_path / "p").returncode == 0


def test_of_more_columns_those_that_are_named_are_taken_and_the_kind_goes_by_them(tmp_path):
    rows = [(a, f"clerk {i}", b) for i, (a, b) in enumerate(SPAM)]
    file = table(tmp_path / "my table.csv", ["Said", "Who took it", "Spam"], rows)
    (error, fix), *rest = refused(here("new", tmp_path / "p", "--from", file)).items()
    assert not rest and not (tmp_path / "p").exists()
    assert error == (
        "my table.csv: no column looks like the question or the answer "
        "(columns: Said, Who took it, Spam)"
    )
    assert fix == (
        f"say it: rungwise new {tmp_path / 'p'} --from '{file}' --question NAME --answer NAME"
    )
    named = ("--question", "Said", "--answer", "Spam")
    made = here("new", tmp_path / "p", "--from", file, *named)
    assert "kind:      label\nquestion:  column 'Said'\nanswer:    column 'Spam'\n" in made.stdout


def test_a_name_that_no_column_has_is_refused_with_the_nearest(tmp_path):
    file = table(tmp_path / "a.csv", ["text", "label"], SPAM)
    found = refused(here("new", tmp_path / "p", "--from", file, "--answer", "lable"))
    assert found == {
        "--answer: there is no column 'lable'": "did you mean 'label'? columns: text, label"
    }
    both = refused(
        here("new", tmp_path / "p", "--from", file, "--answer", "text", "--question", "text")
    )
    assert list(both) == ["new: one column is named as question and as answer"]


def test_what_is_named_wins_over_what_is_recognised(tmp_path):
    rows = [(a, b, f"topic {i % 4}") for i, (a, b) in enumerate(SPAM)]
    file = table(tmp_path / "a.csv", ["text", "label", "topic"], rows)
    made = here("new", tmp_path / "p", "--from", file, "--answer", "topic")
    assert "question:  column 'text'\nanswer:    column 'topic'\n" in made.stdout


def test_a_price_list_beside_examples_is_not_taken_by_its_place(tmp_path):
    prices = table(tmp_path / "prices.csv", ["item", "price"], [("Sill Duo", 129)])
    file = table(tmp_path / "a.csv", ["text", "label"], SPAM)
    found = guess_files([prices, file])
    assert (found.train, found.documents, found.by_place) == (file, (prices,), ())


def test_the_app_may_leave_columns_open_to_be_filled_in_on_its_page(tmp_path):
    rows = [(a, b, i) for i, (a, b) in enumerate(SHELL)]
    file = table(tmp_path / "a.csv", ["Want", "Line", "Age"], [(a, b, i % 7) for a, b, i in rows])
    create_project(tmp_path / "p", [file])
    written = (tmp_path / "p" / "rungwise.toml").read_text(encoding="utf-8")
    assert '# question = "…"   # write one of: Want, Line, Age' in written


@pytest.mark.parametrize("blank", [{}, {"label": None}, {"label": " "}])
def test_one_row_without_a_label_does_not_make_labels_free_answers_either(tmp_path, blank):
    rows = [*({"text": a, "label": b} for a, b in SPAM), {"text": "And this?", **blank}]
    file = tmp_path / "a.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    assert guess_files([file]).kind == "label"


@pytest.mark.parametrize(
    ("head", "other"),
    [
        (["Said", "Spam"], ["Frage", "Antwort"]),
        (["text", "label"], ["Frage", "Antwort"]),
        (["text", "label"], ["question", "answer"]),
    ],
)
def test_held_out_rows_with_other_columns_are_refused_before_a_project_is_made(
    tmp_path, head, other
):
    train = table(tmp_path / "train.csv", head, SPAM)
    held = table(tmp_path / "test2.csv", other, SPAM[:20])
    told = refused(here("new", tmp_path / "p", "--from", held, train))
    assert told == {
        f"{held}: it has the look of held-out rows, but not the columns of train.csv": (
            f"name its columns as those of train.csv: {head[0]}, {head[1]}; a document goes into a "
            "folder, which is then given"
        )
    }
    assert not (tmp_path / "p").exists()


def test_held_out_rows_with_the_same_columns_of_any_name_are_held_out(tmp_path):
    train = table(tmp_path / "train.csv", ["Said", "Spam"], SPAM)
    held = table(tmp_path / "test.csv", ["Said", "Spam"], SPAM[:20])
    found = guess_files([held, train])
    assert (found.train, found.heldout) == (train, held)
    assert found.by_place == ("question", "answer")


def test_one_blank_cell_does_not_make_labels_free_answers(tmp_path):
    file = table(tmp_path / "a.csv", ["text", "label"], [*SPAM, ("And this?", " ")])
    assert guess_files([file]).kind == "label"
