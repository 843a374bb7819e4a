"""Files of a new project: no answer key among the documents, and a fix that leads somewhere."""

import json

import pytest

from advisor.project import CONFIG
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
