"""A deleted document is gone from every byte that can be made again, and the rest is named."""

import msgspec
import pytest
from filelock import FileLock

from advisor.cli import main
from harness.errors import UserError
from harness.forgetting import Standing, forget_document
from harness.retrieval import passages_of
from harness.types import Answer, Context, Example, Task, TaskSpec
from harness.workbench import EMBEDDINGS
from rag.embed import key_of
from rag.index import Index
from rag.types import Document
from tests.advisor.report_runs import put, start
from tests.rag.fake_embedder import HashEmbedder

SECRET = Document("hr/quill.md", "Ms Quillfeather owes 4711 coins.", "hr/quill.md", None, "Debts")
OTHER = Document("tea.md", "Tea is drunk hot.", "tea.md", None, "Tea")


ROWS = tuple(Example(f"e{i}", f"What of {i}?", (f"{i}",)) for i in range(4))


@pytest.fixture
def project(tmp_path):
    """Two runs with an index each; the second one never read the secret."""
    embedder = HashEmbedder(cache=tmp_path / "runs" / EMBEDDINGS)
    for name, documents in (("first", (SECRET, OTHER)), ("second", (OTHER,))):
        spec = TaskSpec(name, "answer", "Answer.", metric="token_f1_score")
        task = Task(spec, ROWS[:2], ROWS[2:3], ROWS[3:], documents, name)
        run = start(tmp_path / "runs" / name, task, ["rag-s0"])
        put(run, "rag", 0, [Answer("e3", "3", (Context("tea.md", OTHER.text, 0.5),))], timed=False)
        Index.build(passages_of(documents), embedder).save(run.folder / "index")
    embedder.embed([row.question for row in ROWS])
    (tmp_path / "rungwise.toml").write_text('[project]\nname = "x"\n', encoding="utf-8")
    return tmp_path


def bytes_of(folder):
    return b"".join(file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file())


def test_no_byte_of_the_document_stays_in_index_and_vectors(project):
    index, vectors = project / "runs" / "first" / "index", project / "runs" / EMBEDDINGS
    (passage,) = passages_of([SECRET])
    key = key_of(passage.with_headings).encode("utf-32-le")  # as numpy writes it
    assert b"Quillfeather" in bytes_of(index) and key in bytes_of(vectors)
    found = forget_document(project, SECRET.source)
    assert found.vectors == 1 and found.indexes == ("first",)
    assert not index.exists() and key not in bytes_of(vectors)
    kept = project / "runs" / "second" / "index"
    assert b"Tea is drunk" in bytes_of(kept)


def test_what_the_other_runs_need_stays_known(project):
    forget_document(project, SECRET.source)
    again = HashEmbedder(cache=project / "runs" / EMBEDDINGS)
    again.embed([one.with_headings for one in passages_of([OTHER])])
    again.embed([row.question for row in ROWS])
    assert again.encoded == []


def test_runs_that_still_hold_the_text_are_named_with_the_places(project):
    found = forget_document(project, SECRET.source)
    (first,) = found.standing
    assert first == Standing("first", ("documents",)), "its answers quote another page"
    cell = project / "runs" / "first" / "cells" / "rag-s0.json"
    cell.write_text(cell.read_text().replace("tea.md", SECRET.source), encoding="utf-8")
    for place in ("adapters", "report"):
        folder = project / "runs" / "first" / place
        folder.mkdir(exist_ok=True)
        (folder / "x").write_text("x")
    (first,) = forget_document(project, SECRET.source).standing
    assert first.places == ("documents", "answers", "adapters", "report")


def test_asking_twice_does_nothing_more_and_an_unknown_name_harms_nothing(project):
    forget_document(project, SECRET.source)
    for name in (SECRET.source, "nowhere.md"):
        again = forget_document(project, name)
        assert again.vectors == 0 and again.indexes == ()
    assert again.standing == ()


def test_an_index_that_lies_deeper_in_a_run_goes_too(project):
    deeper = project / "runs" / "first" / "probes" / "index"
    Index.build(passages_of([SECRET, OTHER]), HashEmbedder()).save(deeper)
    forget_document(project, SECRET.source)
    assert not deeper.exists()


def test_a_running_check_is_not_disturbed(project):
    with FileLock(project / "runs" / "first" / "check.lock"), pytest.raises(UserError) as caught:
        forget_document(project, SECRET.source)
    assert [problem.where for problem in caught.value.problems] == ["first"]
    assert (project / "runs" / "first" / "index").is_dir()


def test_a_running_probe_is_not_disturbed_either(project):
    store = project / "runs" / "first" / "probes" / "freshness"
    store.mkdir(parents=True)
    with FileLock(store / "check.lock"), pytest.raises(UserError, match="a probe is running"):
        forget_document(project, SECRET.source)
    assert (project / "runs" / "first" / "index").is_dir()


def test_a_copy_that_only_a_probe_was_given_is_named_too(project):
    """The user's own edited documents can hold a file that no run of the project had."""
    data = project / "runs" / "second" / "probes" / "freshness" / "data"
    data.mkdir(parents=True)
    (data / "documents.jsonl").write_bytes(msgspec.json.encode(SECRET))
    standing = forget_document(project, SECRET.source).standing
    assert Standing("second", ("probes",)) in standing


def test_the_command_says_what_went_and_what_stays(project, capsys):
    assert main(["forget", str(project), "--document", SECRET.source]) == 0
    said = capsys.readouterr().out
    assert said.startswith("hr/quill.md: 1 vector removed from the project's cache\n")
    assert "index removed in: first" in said
    assert f"\n  {project / 'runs' / 'first'}\n" in said and "runs/second" not in said
    assert main(["forget", str(project), "--document", SECRET.source, "--json"]) == 0
    assert msgspec.json.decode(capsys.readouterr().out)["indexes"] == []


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("hr/quil.md", "did you mean hr/quill.md? "),
        ("Quill.md", "did you mean hr/quill.md? "),
        ("nowhere-at-all.pdf", ""),
    ],
)
def test_a_name_that_no_document_ever_had_does_not_look_like_a_deletion(
    project, capsys, name, hint
):
    assert main(["forget", str(project), "--document", name, "--json"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == (
        f"error: {name}: no document of this name was ever read or indexed here; nothing was "
        f"removed\nfix: {hint}give its path inside the documents folder, as answers cite it\n"
    )


def test_vectors_of_an_unknown_text_go_and_are_not_said_to_be_the_documents(project, capsys):
    HashEmbedder(cache=project / "runs" / EMBEDDINGS).embed(["A run that is gone held this."])
    assert main(["forget", str(project), "--document", "gone.md"]) == 0
    assert capsys.readouterr().out == (
        "gone.md: 1 vector removed from the project's cache\nno document of this name is known "
        "here: these vectors are of texts that no run holds\n"
    )


def test_a_document_that_is_still_in_the_project_is_not_half_forgotten(project, capsys):
    folder = project / "data" / "documents"
    folder.mkdir(parents=True)
    (folder / "tea.md").write_text("# Tea\n\nTea is drunk hot.", encoding="utf-8")
    (project / "data" / "rows.jsonl").write_text(
        "\n".join(f'{{"question": "Q{i}?", "answer": "A{i}."}}' for i in range(30)) + "\n"
    )
    (project / "rungwise.toml").write_text(
        '[project]\nname = "x"\n[data]\nexamples = "data/rows.jsonl"\n'
        'documents = "data/documents"\n[task]\nkind = "answer"\n',
        encoding="utf-8",
    )
    assert main(["forget", str(project), "--document", "tea.md"]) == 2
    assert "delete it from the project's documents first" in capsys.readouterr().err
    assert main(["forget", str(project), "--document", SECRET.source]) == 0
