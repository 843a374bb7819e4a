"""What `new` says of a project, for other programs."""

import json

from tests.command import here


def test_what_was_understood_is_also_said_as_json(tmp_path):
    rows = [{"question": f"Q {i}?", "answer": f"A {i}.", "id": str(i)} for i in range(40)]
    text = "\n".join(map(json.dumps, rows))
    (tmp_path / "q.jsonl").write_text(text, encoding="utf-8")
    (tmp_path / "a.md").write_text("# A\n\nText.", encoding="utf-8")
    made = here("new", tmp_path / "p", "--from", tmp_path / "q.jsonl", tmp_path / "a.md", "--json")
    found = json.loads(made.stdout)
    columns = found.pop("columns")
    assert (columns["question"], columns["answer"], columns["id"]) == ("question", "answer", "id")
    assert found == {
        "config": str(tmp_path / "p" / "rungwise.toml"),
        "examples": "data/q.jsonl",
        "heldout": None,
        "rows": 40,
        "kind": "answer",
        "language": "en",
        "instruction": "Answer the question in a few words.",
        "guessed": [],
        "schema": False,
        "pairs": None,
        "documents": "data/documents",
    }
    empty = here("new", tmp_path / "empty", "--json")
    assert json.loads(empty.stdout) == {"config": str(tmp_path / "empty" / "rungwise.toml")}
