"""rungwise new: from files of every layout to a project that audit and check accept."""

import csv
import dataclasses
import io
import json
import tomllib

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor import workflow
from advisor.kept_audit import audit_kept
from advisor.new_project import create_project
from advisor.project import open_project
from advisor.schema_draft import draft_schema
from tests.command import here, refused

QUESTIONS = [f"{i}. mesaj: kartım gelmedi, şifrem de çalışmıyor" for i in range(48)]
LABELS = ["kart", "şifre", "hesap"]
SHORT = [(question, LABELS[i % 3]) for i, question in enumerate(QUESTIONS)]
LONG = [(question, f"Kartınız {i} gün içinde gelir.") for i, question in enumerate(QUESTIONS)]


def table(rows, separator):
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator)
    writer.writerow(["text", "label"])
    writer.writerows(rows)
    return out.getvalue()


def lines(records):
    return "\n".join(json.dumps(record, ensure_ascii=False) for record in records)


def chat(question, answer):
    return [
        {"role": "system", "content": "Nazik ol."},
        {"role": "user", "content": question},
        {"role": "assistant", "content": answer},
    ]


LAYOUTS = {
    "JSON Lines": ("a.jsonl", lines({"text": q, "label": a} for q, a in SHORT).encode(), "label"),
    "JSON": (
        "a.json",
        json.dumps([{"question": q, "answer": a} for q, a in SHORT]).encode(),
        "label",
    ),
    "semicolons": ("a.csv", table(SHORT, ";").encode(), "label"),
    "byte order mark": ("a.csv", table(SHORT, ",").encode("utf-8-sig"), "label"),
    "Windows Turkish": ("a.csv", table(SHORT, ";").encode("cp1254"), "label"),
    "Alpaca": (
        "a.json",
        json.dumps([{"instruction": "", "input": q, "output": a} for q, a in LONG]).encode(),
        "answer",
    ),
    "OpenAI chat": ("a.jsonl", lines({"messages": chat(q, a)} for q, a in LONG).encode(), "answer"),
    "ShareGPT": (
        "a.json",
        json.dumps(
            [
                {"conversations": [{"from": "human", "value": q}, {"from": "gpt", "value": a}]}
                for q, a in LONG
            ]
        ).encode(),
        "answer",
    ),
    "JSON answers": (
        "a.jsonl",
        lines({"text": q, "json": {"n": i, "box": "x"}} for i, q in enumerate(QUESTIONS)).encode(),
        "json",
    ),
}


def accepted(root):
    """Audit finds no error and a check plans its run; returns the task's rows by question."""
    audited = here("audit", root, "--json")
    assert audited.returncode == 0, audited.stdout + audited.stderr
    project = open_project(root)
    endpoint = "openai:http://127.0.0.1:9/v1#none"  # no model is needed to plan
    settings = dataclasses.replace(project.settings(), generator=endpoint, embedder=endpoint)
    run = workflow.start_run(project, "planned", settings=settings)
    assert audit_kept(run).examples == len(QUESTIONS)
    task = workflow.load(project).task
    return {e.question: e.references for e in (*task.train, *task.dev, *task.heldout)}


@pytest.mark.parametrize(("name", "content", "kind"), LAYOUTS.values(), ids=LAYOUTS.keys())
def test_a_file_of_any_known_layout_becomes_a_project_that_a_check_accepts(
    tmp_path, name, content, kind
):
    (tmp_path / name).write_bytes(content)
    made = here("new", tmp_path / "p", "--from", tmp_path / name)
    assert made.returncode == 0 and made.stderr == ""
    assert f"kind:      {kind}\n" in made.stdout and f"{name}, 48 rows" in made.stdout
    rows = accepted(tmp_path / "p")
    assert set(rows) == set(QUESTIONS)
    if kind == "label":
        assert rows == {question: (label,) for question, label in SHORT}
    elif kind == "answer":
        assert rows == {question: (answer,) for question, answer in LONG}
    else:
        assert json.loads(rows[QUESTIONS[7]][0]) == {"n": 7, "box": "x"}


INSTRUCTED = {
    "chat": lambda told, q, a: {
        "messages": [
            {"role": "system", "content": told},
            {"role": "user", "content": q},
            {"role": "assistant", "content": a},
        ]
    },
    "alpaca": lambda told, q, a: {"instruction": told, "input": q, "output": a},
}


@pytest.mark.parametrize("row", INSTRUCTED.values(), ids=INSTRUCTED.keys())
def test_an_instruction_of_every_row_becomes_that_of_the_task_and_leaves_the_questions(
    tmp_path, row
):
    (tmp_path / "a.jsonl").write_text(lines(row("Yes: be brief.", q, a) for q, a in LONG))
    made = here("new", tmp_path / "p", "--from", tmp_path / "a.jsonl")
    assert made.returncode == 0, made.stderr
    assert "instruction: the one that stands in every row" in made.stdout
    assert open_project(tmp_path / "p").task.instruction == "Yes: be brief."
    assert set(accepted(tmp_path / "p")) == set(QUESTIONS)


def test_pairs_lose_an_instruction_of_every_pair_as_examples_do(tmp_path):
    def turn(role, text):
        return {"role": role, "content": text}

    pairs = [
        {
            "prompt": [turn("system", "Be brief."), turn("user", question)],
            "chosen": [turn("assistant", answer)],
            "rejected": [turn("assistant", "Hm.")],
        }
        for question, answer in LONG
    ]
    (tmp_path / "pairs.jsonl").write_text(lines(pairs))
    (tmp_path / "a.jsonl").write_text(lines({"question": q, "answer": a} for q, a in LONG))
    files = (tmp_path / "a.jsonl", tmp_path / "pairs.jsonl")
    assert here("new", tmp_path / "p", "--from", *files).returncode == 0
    project = open_project(tmp_path / "p")
    assert project.data.preference_columns["question"] == "question alone"
    assert set(accepted(tmp_path / "p")) == set(QUESTIONS)


def test_instructions_that_differ_stay_before_their_questions(tmp_path):
    told = ["Be brief.", "Be kind."]
    rows = [INSTRUCTED["chat"](told[at % 2], q, a) for at, (q, a) in enumerate(LONG)]
    (tmp_path / "a.jsonl").write_text(lines(rows))
    made = here("new", tmp_path / "p", "--from", tmp_path / "a.jsonl")
    assert made.returncode == 0 and "instruction:" not in made.stdout
    asked = set(accepted(tmp_path / "p"))
    assert asked == {f"{told[at % 2]}\n{q}" for at, q in enumerate(QUESTIONS)}


@pytest.mark.parametrize(
    ("question", "language", "name"),
    [
        ("{}. mesaj: kartım hâlâ gelmedi ve şifrem çalışmıyor", "tr", "Turkish"),
        ("Message {}: my card has not arrived and my code does not work", "en", "English"),
        ("{} 17 4711", "en", "English"),
    ],
)
def test_the_language_is_that_of_the_questions_and_english_where_it_cannot_be_told(
    tmp_path, question, language, name
):
    rows = [{"question": question.format(at), "answer": "card"} for at in range(48)]
    (tmp_path / "a.jsonl").write_text(lines(rows))
    made = here("new", tmp_path / "p", "--from", tmp_path / "a.jsonl")
    assert f"language:  {name} " in made.stdout
    assert open_project(tmp_path / "p").project.language == language


def test_two_tables_are_told_apart_by_name_and_documents_are_copied(tmp_path):
    for name, part in (("test.jsonl", LONG[:12]), ("all.jsonl", LONG[12:])):
        text = lines({"question": q, "answer": a} for q, a in part)
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "handbook" / "cards").mkdir(parents=True)
    (tmp_path / "handbook" / "cards" / "new.md").write_text("# Kart\n\nBeş gün.", encoding="utf-8")
    (tmp_path / "notes.txt").write_text("Şifre e-posta ile gelir.", encoding="utf-8")
    names = ("test.jsonl", "all.jsonl", "handbook", "notes.txt")
    made = here("new", tmp_path / "p", "--from", *(tmp_path / name for name in names))
    assert "examples:  all.jsonl, 36 rows\nheld out:  test.jsonl\n" in made.stdout
    assert "documents: handbook, notes.txt\n" in made.stdout
    accepted(tmp_path / "p")
    task = workflow.load(open_project(tmp_path / "p")).task
    assert len(task.heldout) == 12
    assert {d.source for d in task.documents} == {"cards/new.md", "notes.txt"}


def test_documents_alone_make_a_project_that_says_where_examples_go(tmp_path):
    (tmp_path / "notes.txt").write_text("Şifre e-posta ile gelir.", encoding="utf-8")
    made = here("new", tmp_path / "p", "--from", tmp_path / "notes.txt")
    assert made.returncode == 0
    assert "next: put your examples where rungwise.toml says" in made.stdout
    (error,) = refused(here("audit", tmp_path / "p"))
    assert error == "data/examples.jsonl: there is no such file or folder"
    text = lines({"question": q, "answer": a} for q, a in LONG)
    (tmp_path / "p" / "data" / "examples.jsonl").write_text(text, encoding="utf-8")
    assert len(accepted(tmp_path / "p")) == 48


@pytest.mark.parametrize(
    ("answer", "instruction"),
    [("1998", "Answer the question in a few words."),
     ("It opened in the spring of 1998.", "Answer the question in one short sentence.")],
)  # fmt: skip
def test_short_answers_are_asked_for_as_such(tmp_path, answer, instruction):
    rows = [{"question": f"When did hall {i} open?", "answer": f"{answer} {i}"} for i in range(40)]
    (tmp_path / "halls.jsonl").write_text(lines(rows), encoding="utf-8")
    create_project(tmp_path / "made", [tmp_path / "halls.jsonl"])
    assert open_project(tmp_path / "made").spec().instruction == instruction


def test_a_large_table_is_sampled_with_a_remark_how_to_use_all(tmp_path):
    rows = [(f"message {i}", LABELS[i % 3]) for i in range(700)]
    (tmp_path / "a.csv").write_text(table(rows, ","), encoding="utf-8")
    here("new", tmp_path / "p", "--from", tmp_path / "a.csv")
    text = (tmp_path / "p" / "rungwise.toml").read_text(encoding="utf-8")
    assert "max_train = 400 # drawn at random; remove to use all rows" in text
    assert tomllib.loads(text)["data"]["max_heldout"] == 200


def test_files_that_cannot_make_a_project_are_all_named_and_nothing_is_made(tmp_path):
    for name in ("a.csv", "b.csv", "c.csv", "photo.xyz"):
        (tmp_path / name).write_text(table(SHORT, ","), encoding="utf-8")
    given = ["a.csv", "b.csv", "c.csv", "photo.xyz"]
    found = refused(here("new", tmp_path / "p", "--from", *(tmp_path / name for name in given)))
    assert list(found) == [
        f"{tmp_path / 'photo.xyz'}: neither a table of examples nor a document that can be read",
        "a.csv, b.csv, c.csv: 3 tables of examples were given",
    ]
    assert not (tmp_path / "p").exists()


def test_what_would_overwrite_or_swallow_something_is_refused(tmp_path):
    (tmp_path / "x").mkdir()
    for folder in (tmp_path, tmp_path / "x"):
        (folder / "a.csv").write_text(table(SHORT, ","), encoding="utf-8")
    found = refused(
        here("new", tmp_path / "x" / "p", "--from", tmp_path / "a.csv", tmp_path / "x" / "a.csv",
             tmp_path / "x")
    )  # fmt: skip
    assert list(found) == [
        "a.csv: two files have this name",
        f"{tmp_path / 'x'}: the project would lie inside this folder",
    ]
    assert here("new", tmp_path / "p").returncode == 0
    found = refused(here("new", tmp_path / "p", "--from", tmp_path / "a.csv"))
    assert found == {f"{tmp_path / 'p'}: there is a project here already": "choose another folder"}


@pytest.fixture
def table_file(tmp_path):
    """Fifty questions with answers, outside of any project."""
    (tmp_path / "q.csv").write_text(table(LONG, ","), encoding="utf-8")
    return tmp_path / "q.csv"


def documents_of(root):
    return {d.source: d.text for d in workflow.load(open_project(root)).documents}


def test_files_of_one_name_in_two_folders_of_documents_are_both_kept(tmp_path, table_file):
    folders = [tmp_path / "a" / "cards", tmp_path / "b" / "cards", tmp_path / "c" / "Index"]
    for folder, name in zip(folders, ("index.md", "index.md", "INDEX.md"), strict=True):
        folder.mkdir(parents=True)
        (folder / name).write_text(f"# Of {folder.parent.name}\n\nBeş gün.", encoding="utf-8")
    made = here("new", tmp_path / "p", "--from", table_file, *folders)
    assert "documents: cards, cards, Index\n" in made.stdout
    assert "kept apart, as files have the same name: cards, cards-2, Index\n" in made.stdout
    found = documents_of(tmp_path / "p")
    assert set(found) == {"cards/index.md", "cards-2/index.md", "Index/INDEX.md"}
    assert "Of b" in found["cards-2/index.md"]


def test_a_link_that_leads_back_is_not_followed_and_one_that_leads_elsewhere_is(
    tmp_path, table_file
):
    for folder in ("handbook", "elsewhere"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / f"{folder}.md").write_text("# Kart\n\nBeş gün.", encoding="utf-8")
    (tmp_path / "handbook" / "back").symlink_to(tmp_path / "handbook")
    (tmp_path / "handbook" / "more").symlink_to(tmp_path / "elsewhere")
    here("new", tmp_path / "p", "--from", table_file, tmp_path / "handbook")
    assert set(documents_of(tmp_path / "p")) == {"handbook.md", "more/elsewhere.md"}


def test_what_lies_in_the_folder_already_is_used_where_it_is(tmp_path, table_file):
    root = tmp_path / "p"
    (root / "data").mkdir(parents=True)
    (root / "pages").mkdir()
    inside = table_file.rename(root / "data" / "q.csv")
    (root / "pages" / "a.md").write_text("# Kart\n\nBeş gün.", encoding="utf-8")
    made = here("new", root, "--from", inside, root / "pages")
    assert made.returncode == 0, made.stderr
    written = tomllib.loads((root / "rungwise.toml").read_text(encoding="utf-8"))["data"]
    assert (written["examples"], written["documents"]) == ("data/q.csv", "pages")
    assert sorted(file.name for file in root.rglob("*.*")) == ["a.md", "q.csv", "rungwise.toml"]
    accepted(root)


def test_nothing_that_is_there_already_is_overwritten(tmp_path, table_file):
    root = tmp_path / "p"
    (root / "data" / "documents").mkdir(parents=True)
    (tmp_path / "a.md").write_text("# New", encoding="utf-8")
    old = [root / "data" / "q.csv", root / "data" / "documents" / "a.md"]
    for file in old:
        file.write_text("old", encoding="utf-8")
    found = refused(here("new", root, "--from", table_file, tmp_path / "a.md"))
    assert list(found) == [f"{file}: there is such a file already" for file in old]
    assert {file.read_text(encoding="utf-8") for file in old} == {"old"}
    assert not (root / "rungwise.toml").exists()


def test_data_of_another_project_is_copied_out_of_it_and_the_project_itself_is_no_document(
    tmp_path, table_file
):
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "a.md").write_text("# Kart\n\nBeş gün.", encoding="utf-8")
    other = tmp_path / "other"
    assert here("new", other, "--from", table_file, tmp_path / "pages").returncode == 0
    before = {file: file.read_bytes() for file in other.rglob("*.*")}
    root, table_of, pages = tmp_path / "p", other / "data" / "q.csv", other / "data" / "documents"
    assert here("new", root, "--from", table_of, pages).returncode == 0
    assert set(documents_of(root)) == {"a.md"}
    assert before == {file: file.read_bytes() for file in other.rglob("*.*")}
    found = refused(here("new", tmp_path / "again", "--from", other))
    assert list(found) == [f"{other}: this folder is a project, not documents"]
    assert not (tmp_path / "again").exists()


def test_a_table_without_questions_and_answers_is_a_document_beside_one_that_has_them(
    tmp_path, table_file
):
    (tmp_path / "prices.csv").write_text("item,price\nSill Duo,129\n", encoding="utf-8")
    made = here("new", tmp_path / "p", "--from", tmp_path / "prices.csv", table_file)
    assert "examples:  q.csv, 48 rows\nkind:" in made.stdout
    assert "documents: prices.csv\n" in made.stdout
    assert "Sill Duo" in documents_of(tmp_path / "p")["prices.csv"]


NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)


@given(st.lists(st.dictionaries(st.sampled_from("abcd"), VALUES), min_size=1, max_size=5))
def test_every_object_is_valid_under_the_schema_drafted_from_it_and_others(objects):
    schema = draft_schema(objects)
    jsonschema.Draft202012Validator.check_schema(schema)
    for one in objects:
        jsonschema.validate(one, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**objects[0], "e": 1}, schema)


def test_a_drafted_schema_names_types_and_what_is_always_there():
    schema = draft_schema([{"qty": 1, "note": "x"}, {"qty": 2.5}, {"qty": 3, "note": None}])
    assert schema["properties"] == {"qty": {"type": "number"}, "note": {"type": ["string", "null"]}}
    assert schema["required"] == ["qty"]
