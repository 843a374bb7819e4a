"""A copy without personal data: nothing is left in it, and it is still the same task."""

import dataclasses
import json

import docx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from advisor.anonymise_documents import _as_it_is
from advisor.project import open_project
from advisor.pseudonyms import Pseudonyms
from advisor.ready import load_what_can_be
from harness.personal import find_personal
from rag.errors import DocumentError
from rag.load import Loaded, load_folder
from rag.reading.apart import Apart
from tests.command import here, make_project, said
from tests.conftest import ROOT

ADA, BOB = "ada.byron@example.com", "bob@corp.example"
CARD, PHONE = "4111 1111 1111 1111", "+44 20 7946 0958"
TOML = """# my own remark, questions to bob@corp.example
[project]
name = "Desk of bob@corp.example"
[data]
train = "data/train.csv"
heldout = "data/heldout.jsonl"
documents = "data/pages"
[data.columns]
question = "text"
answer = "reply"
document = "page"
group = "customer"
[task]
kind = "answer"
instruction = "Answer for bob@corp.example."
[weights.Annabell]
quality = 3
[weights."Head, bob@corp.example"]
quality = 1
"""


def rows(first, last):
    for i in range(first, last):
        yield {
            "text": f"Where is parcel {i}? Write to {ADA} or {PHONE}.",
            "reply": f"Ask {BOB.upper() if i % 2 else BOB} about {i}.",
            "page": "old.docx" if i % 3 == 0 else "shop/mail.html",
            "customer": ADA if i % 2 else f"c{i}",
        }


@pytest.fixture
def root(tmp_path):
    root = make_project(tmp_path / "desk", TOML)
    data = root / "data"
    lines = ["text,reply,page,customer"]
    lines += [",".join(f'"{value}"' for value in row.values()) for row in rows(0, 40)]
    (data / "train.csv").write_text("\n".join(lines), encoding="utf-8")
    held = "\n".join(json.dumps(row) for row in rows(40, 60))
    (data / "heldout.jsonl").write_text(held, encoding="utf-8")
    (data / "pages" / "shop").mkdir(parents=True)
    hidden = BOB.replace("@", "&#64;")
    (data / "pages" / "shop" / "mail.html").write_text(
        f"<title>Mail</title><p>Write to {hidden}, card {CARD}.</p><!-- {ADA} -->", "utf-8"
    )
    (data / "pages" / "plain.md").write_text(f"# Hours\n\nCall {PHONE} or {ADA}.\n", "utf-8")
    (data / "pages" / "clean.md").write_text("# Rules\n\nNo dogs.\n", "utf-8")
    letter = docx.Document()
    letter.core_properties.author = ADA
    for line in (f"Ask {BOB} by {PHONE}.", "Kind regards"):
        letter.add_paragraph(line)
    letter.save(str(data / "pages" / "old.docx"))
    (root / "answers.toml").write_text(f'by = "{ADA}"\n[answers]\nvoice = "high"\n', "utf-8")
    (root / "runs" / "first").mkdir(parents=True)
    (root / "runs" / "first" / "old.txt").write_text(ADA, "utf-8")
    return root


def everything(folder) -> str:
    return "\n".join(
        f"{file.name}\n{file.read_text(encoding='utf-8')}"
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    )


@pytest.mark.parametrize("raised", [True, False], ids=["the file", "one of a folder"])
def test_a_copy_that_cannot_be_read_again_stays_no_such_file(root, monkeypatch, raised):
    error = DocumentError("clean.md", "too_large", "it takes too long", "give a shorter one")

    def load(path, apart) -> Loaded:
        if raised:
            raise error
        return dataclasses.replace(load_folder(path), documents=(), problems=(error,))

    with Apart() as apart:
        clean = root / "data" / "pages" / "clean.md"
        assert _as_it_is(clean, Pseudonyms(), apart) == clean.read_text(encoding="utf-8")
        monkeypatch.setattr("advisor.anonymise_documents.load_folder", load)
        assert _as_it_is(clean, Pseudonyms(), apart) is None


def test_nothing_that_has_a_form_is_left_and_the_task_is_the_same(root, tmp_path):
    out = tmp_path / "copy"
    done = here("anonymise", root, "--out", out)
    assert done.returncode == 0, done.stderr
    text = everything(out)
    assert not find_personal(text) and "ada" not in text and "bob" not in text.lower()
    assert "# my own remark" in text and open_project(out).name == "Desk of [e-mail 1]"
    assert 'by = "[e-mail ' in text and 'voice = "high"' in text
    assert "No dogs." in text and "Kind regards" in text
    before, _ = load_what_can_be(open_project(root))
    after, problems = load_what_can_be(open_project(out))
    assert not problems and len(after.examples) == len(before.examples) == 60
    assert {d.source for d in after.documents} == {
        "old.docx.md", "shop/mail.html.md", "plain.md", "clean.md"
    }  # fmt: skip
    sources = {source for example in after.examples for source in example.context_ids}
    assert sources == {"old.docx.md", "shop/mail.html.md"}, "rows still name their documents"
    groups = [example.group for example in after.examples]
    assert len(set(groups)) == len({example.group for example in before.examples})


def test_one_person_is_the_same_placeholder_in_rows_and_documents(root, tmp_path):
    here("anonymise", root, "--out", tmp_path / "copy")
    project = open_project(tmp_path / "copy")
    loaded, _ = load_what_can_be(project)
    bob = {text.split()[1] + text.split()[2] for e in loaded.examples for text in e.references}
    assert len(bob) == 1
    ask = next(d.text for d in loaded.documents if d.source == "old.docx.md")
    assert bob.pop().strip("[]").replace("e-mail", "[e-mail ") in ask
    assert project.task.instruction == ask.split(" by ")[0].replace("Ask", "Answer for") + "."


def test_it_says_what_and_how_often_and_never_the_data(root, tmp_path):
    done = here("anonymise", root, "--out", tmp_path / "copy", "--json")
    report = json.loads(done.stdout)
    assert said(done) == {} and report["rows"] == 60 and report["documents"] == 4
    # 60 questions, 60 answers and 30 groups; pages; remark, name, instruction and a person of the
    # settings, who gave the answers
    assert report["places"]["email"] == 60 + 60 + 30 + 3 + 4 + 1
    assert report["values"] == {"email": 2, "phone": 1, "card": 1}
    assert report["places"]["phone"] == 62 and report["places"]["card"] == 1
    assert report["as_text"] == ["old.docx", "shop/mail.html"]
    assert report["not_copied"] == ["runs"]
    words = here("anonymise", root, "--out", tmp_path / "other").stdout
    assert "e-mail address: 158 places, 2 different" in words
    assert "pseudonymous" in words and "Earlier runs hold the data as it was" in words
    assert "ada" not in words and "bob" not in words


def test_listed_names_go_too_and_what_is_to_stay_stays(root, tmp_path):
    (tmp_path / "names.txt").write_text("Kind regards\n\nparcel 7\nAnnabell\n", encoding="utf-8")
    out = tmp_path / "copy"
    done = here(
        "anonymise",
        root,
        "--out",
        out,
        "--names",
        tmp_path / "names.txt",
        "--keep",
        "@CORP.example",
    )
    assert done.returncode == 0, done.stderr
    text = everything(out)
    assert "Kind regards" not in text and "[name 1]" in text and BOB in text and ADA not in text
    assert "Annabell" not in text and len(open_project(out).sections.weights) == 2
    assert "parcel 7?" not in text and "parcel 17?" in text
    assert "left as you asked: 1 value" in done.stdout


@pytest.mark.parametrize(
    ("out", "what"),
    [
        ("inside", "would lie in the project"),
        ("full", "something already"),
        ("no/where", "no such"),
    ],
)
def test_a_place_that_will_not_do_is_refused_before_anything_is_written(root, tmp_path, out, what):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine", "utf-8")
    place = root / "copy" if out == "inside" else tmp_path / out
    before = sorted(tmp_path.rglob("*"))
    done = here("anonymise", root, "--out", place)
    assert done.returncode == 2 and any(what in error for error in said(done)), done.stderr
    assert sorted(tmp_path.rglob("*")) == before


def test_all_that_cannot_be_read_is_said_at_once_and_no_half_copy_is_left(root, tmp_path):
    with (root / "data" / "heldout.jsonl").open("a", encoding="utf-8") as file:
        file.write("\n{not json\n")
    (root / "data" / "pages" / "scan.pdf").write_bytes(b"%PDF-1.4 nothing")
    done = here("anonymise", root, "--out", tmp_path / "copy")
    assert done.returncode == 2
    errors = " ".join(said(done))
    assert "heldout.jsonl, row 21" in errors and "scan.pdf" in errors
    assert not (tmp_path / "copy").exists() and not list(tmp_path.glob(".*unfinished"))


def test_names_too_short_to_be_names_are_refused_line_by_line(root, tmp_path):
    (tmp_path / "names.txt").write_text("Al\nAda Byron\nBo\n", encoding="utf-8")
    arguments = ("--out", tmp_path / "copy", "--names", tmp_path / "names.txt")
    errors = " ".join(said(here("anonymise", root, *arguments)))
    assert "names.txt, line 1" in errors and "names.txt, line 3" in errors


PIECES = st.sampled_from(
    [ADA, BOB, CARD, PHONE, "10000000146", "192.168.44.7", "tel", "call", " ", ", ", "0", "12",
     "+", "(", ")", "-", "order", "born", "1987-10-04", "TR33 0006 1005 1978 6457 8413 26", "@",
     ".", "x"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=14).map("".join))
def test_nothing_is_left_however_the_pieces_stand_together(text):
    new = Pseudonyms("tr")
    changed = new.text(text)
    assert not find_personal(changed, "tr")
    assert new.text(changed) == changed
    assert Pseudonyms("tr").text(text) == changed


def test_turkish_capitals_are_the_same_name():
    new = Pseudonyms("tr", names=["Işıl Çetin"])
    assert new.text("Işıl Çetin'e, IŞIL ÇETİN ve ışıl çetin") == "[name 1]'e, [name 1] ve [name 1]"


def test_numbers_in_fields_are_replaced_and_other_values_stay():
    new = Pseudonyms()
    fields = {"card": 4111111111111111, "n": 12, "ok": True, "share": 0.5, "many": [ADA, None]}
    assert new.value(fields) == {
        "card": "[card 1]", "n": 12, "ok": True, "share": 0.5, "many": ["[e-mail 1]", None]
    }  # fmt: skip


# the page


@pytest.fixture
def page(root, monkeypatch, tmp_path):
    monkeypatch.setenv("RUNGWISE_PROJECTS", str(tmp_path / "projects"))
    monkeypatch.setattr("advisor.page_parts.looking.PATIENCE_S", 60)
    at = AppTest.from_file(str(ROOT / "advisor" / "pages" / "data.py"), default_timeout=60)
    at.query_params["project"] = str(root)
    return at.run()


def words(at) -> str:
    assert not at.exception, [error.value for error in at.exception]
    return "\n".join(part.proto.body for part in at.get("html"))


def test_the_data_page_offers_the_copy_where_personal_data_was_found(page, root):
    page.text_area(key="anonymise_names").set_value("Kind regards")
    page.text_input(key="anonymise_keep").set_value("@corp.example, x@example.org")
    next(b for b in page.button if b.label == "Write the copy").click()
    shown = words(page.run())
    assert "The copy is written" in shown and "name from your list: 1 place" in shown
    text = everything(root.parent / "desk-anonymised")
    assert ADA not in text and BOB in text and "Kind regards" not in text


@pytest.mark.parametrize("name", ["../away", "..", "desk", ""])
def test_the_data_page_refuses_a_name_that_is_no_folder_beside_the_project(page, root, name):
    before = sorted(root.parent.rglob("*"))
    page.text_input(key="anonymise_out").set_value(name)
    next(b for b in page.button if b.label == "Write the copy").click()
    assert "What to do" in words(page.run())
    assert [path for path in sorted(root.parent.rglob("*")) if path not in before] == []
