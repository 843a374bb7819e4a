"""Files of a new project: no answer key among the documents, and a fix that leads somewhere."""

import json
import re
import tomllib
from dataclasses import fields

import pytest

from advisor.guess import Guess
from advisor.new_settings import config_text
from advisor.pairs_file import PairsFile
from advisor.placing import Places
from advisor.project import CONFIG
from advisor.project_sections import SECTIONS
from harness.data_columns import Columns, PairColumns
from tests.command import here, refused


def write(file, *rows):
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return file


@pytest.fixture
def train(tmp_path):
    rows = [{"question": f"When did hall {i} open?", "answer": f"In {i}."} for i in range(40)]
    return write(tmp_path / "train.jsonl", *rows)


@pytest.mark.parametrize(
    ("name", "question", "answer"),
    [("test", "question", "gold"), ("held_out", "frage", "antwort"), ("key", "question", "gold")],
)
def test_held_out_rows_without_the_columns_are_never_taken_for_a_document(
    tmp_path, train, name, question, answer
):
    held = write(tmp_path / f"{name}.jsonl", {question: "When?", answer: "In 7."})
    (tmp_path / "a.md").write_text("# Halls", encoding="utf-8")
    found = refused(here("new", tmp_path / "p", "--from", train, held, tmp_path / "a.md"))
    assert found == {
        f"{held}: it has the look of held-out rows, but not the columns of train.jsonl": (
            "name its columns as those of train.jsonl: question, answer; a document goes into a "
            "folder, which is then given"
        )
    }
    assert not (tmp_path / "p").exists()


def test_a_table_of_other_columns_is_a_document_and_one_in_a_folder_always(tmp_path, train):
    write(tmp_path / "halls.jsonl", {"title": "Hall 7", "text": "It opened in 7."})
    write(tmp_path / "pages" / "test.jsonl", {"question": "Why?", "because": "So."})
    given = [train, tmp_path / "halls.jsonl", tmp_path / "pages"]
    made = here("new", tmp_path / "p", "--from", *given)
    assert made.returncode == 0, made.stderr
    assert "documents: halls.jsonl, pages\n" in made.stdout


def test_a_schema_that_is_there_already_has_a_fix_that_leads_somewhere(tmp_path):
    root = tmp_path / "p"
    rows = [{"text": f"order {i}", "answer": {"n": i}} for i in range(40)]
    write(root / "schema.json", {})
    found = refused(here("new", root, "--from", write(tmp_path / "orders.jsonl", *rows)))
    assert found == {
        f"{root / 'schema.json'}: there is such a file already": (
            "move it away: one is written from the answers"
        )
    }


def test_a_document_in_its_place_already_stays_there_and_another_of_its_name_is_refused(
    tmp_path, train
):
    root = tmp_path / "p"
    inside = root / "data" / "documents" / "a.md"
    for file in (inside, tmp_path / "a.md", tmp_path / "b.md"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"# {file.parent.name}", encoding="utf-8")
    found = refused(here("new", root, "--from", train, inside, tmp_path / "a.md"))
    assert found == {
        f"{inside}: there is such a file already": "rename one of the two files of this name"
    }
    assert not (root / CONFIG).exists()
    made = here("new", root, "--from", train, inside, tmp_path / "b.md")
    assert made.returncode == 0, made.stderr
    names = sorted(file.name for file in (root / "data" / "documents").iterdir())
    assert names == ["a.md", "b.md"] and inside.read_text(encoding="utf-8") == "# documents"


APART = {
    "label": {"task.labels", "task.descriptions", "decoding.constrained"},
    "json": {"task.schema", "decoding.constrained"},
    "answer": {"task.abstention", "task.must_use", "task.must_not_use", "judge.endpoint"},
    "text": {"task.must_use", "task.must_not_use", "judge.endpoint"},
}
"""Keys that only tasks of some kinds have."""
OWN = {"data.train", "data.max_train", "data.max_heldout", "data.max_preferences", "data.columns"}
"""Written where the files are so."""


@pytest.mark.parametrize("kind", APART)
def test_a_new_project_holds_every_setting_that_its_kind_of_task_can_have(kind, tmp_path):
    table, folder, pairs = tmp_path / "rows.jsonl", tmp_path / "pages", tmp_path / "pairs.jsonl"
    pairs_file = PairsFile(pairs, PairColumns("q", "c", "r"), 9)
    guess = Guess(table, None, (folder,), kind, Columns("q", "a"), 90, pairs=pairs_file)
    places = Places({table: "data/rows.jsonl", pairs: "data/pairs.jsonl"}, "data/documents", (), ())
    text = config_text("p", guess, places)
    told: dict[str, set[str]] = {}
    section = ""
    for line in text.splitlines():
        section = line.strip("[]") if line.startswith("[") else section
        if match := re.match(r"(?:# )?(\w+) = ", line):
            told.setdefault(section, set()).add(f"{section}.{match[1]}")
    every = {f"{name}.{key.name}" for name, one in SECTIONS.items() for key in fields(one)}
    others = set().union(*APART.values()) - APART[kind]
    known = set().union(*told.values()) | {f"{section}" for section in told}
    assert every - known - others - OWN == set()
    assert tomllib.loads(text)["task"]["kind"] == kind
