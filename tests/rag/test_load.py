"""Files and folders as a whole: what is read, what is refused, and that nothing is lost."""

import csv
import os
import pickle
import re
import socket
import time
from pathlib import Path

import pypdfium2
import pytest

from rag.errors import DOCUMENT_CODES, DocumentError, DocumentsError
from rag.load import load_documents, load_folder, loaders, supported_suffixes
from rag.reading.file import File
from rag.types import Limits


def write(folder: Path, name: str, content: bytes | str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_whoever_wants_to_know_is_told_before_each_file(tmp_path):
    for name in ("a.md", "b.png", "c.txt"):
        write(tmp_path, name, "words")
    told = []
    loaded = load_folder(tmp_path, on_file=lambda number, total: told.append((number, total)))
    assert told == [(1, 3), (2, 3), (3, 3)], "a file that is refused counts, too"
    assert len(loaded.documents) == 2


def refusal(path: Path) -> DocumentError:
    with pytest.raises(DocumentError) as caught:
        load_documents(path)
    return caught.value


def test_a_file_becomes_a_document_named_after_it(tmp_path: Path) -> None:
    path = write(tmp_path, "refund_policy.md", "# Refunds\n\nWithin 14 days.\n")
    (document,) = load_documents(path)
    assert document.id == document.source == "refund_policy.md"
    assert document.page is None
    assert document.title == "Refunds"
    assert document.text == "# Refunds\n\nWithin 14 days."


def test_a_folder_is_read_in_order_with_paths_relative_to_it(tmp_path: Path) -> None:
    for name in ("b.txt", "a/z.txt", "a/b/c.txt", "a.txt"):
        write(tmp_path, name, f"text of {name}")
    found = [document.source for document in load_documents(tmp_path)]
    assert found == ["a/b/c.txt", "a/z.txt", "a.txt", "b.txt"]
    assert [document.source for document in load_documents(str(tmp_path))] == found


def test_hidden_files_and_locks_and_litter_are_passed_over(tmp_path: Path) -> None:
    write(tmp_path, "kept.txt", "kept")
    for name in (".hidden.txt", ".git/config", "~$kept.docx", ".~lock.kept.odt#", "Thumbs.db",
                 "__MACOSX/kept.txt", "desktop.ini"):  # fmt: skip
        write(tmp_path, name, "not to be read")
    assert [document.source for document in load_documents(tmp_path)] == ["kept.txt"]


def test_a_folder_with_unreadable_files_raises_one_error_with_all_of_them(tmp_path: Path) -> None:
    write(tmp_path, "good.txt", "good")
    write(tmp_path, "empty.txt", "")
    write(tmp_path, "deep/photo.png", b"\x89PNG\r\n")
    with pytest.raises(DocumentsError) as caught:
        load_documents(tmp_path)
    problems = {problem.source: problem.code for problem in caught.value.problems}
    assert problems == {"empty.txt": "empty", "deep/photo.png": "unsupported"}
    assert "OCR" in caught.value.problems[0].fix
    assert "2 documents could not be read" in str(caught.value)


def test_load_folder_returns_what_could_be_read_beside_the_problems(tmp_path: Path) -> None:
    write(tmp_path, "good.txt", "good")
    write(tmp_path, "bad.json", '{"a": ')
    loaded = load_folder(tmp_path)
    assert [document.source for document in loaded.documents] == ["good.txt"]
    assert [problem.code for problem in loaded.problems] == ["malformed"]
    assert loaded.gaps == ()


def test_what_is_not_there_and_an_empty_folder_are_said_to_be_so(tmp_path: Path) -> None:
    assert refusal(tmp_path / "nothing.pdf").code == "missing"
    assert refusal(tmp_path).code == "empty"
    assert refusal(write(tmp_path, "blank.txt", " \n\t\n \ufeff")).code == "empty"


def test_an_unknown_ending_is_refused_with_the_endings_that_are_read(tmp_path: Path) -> None:
    error = refusal(write(tmp_path, "a.xyz", "text"))
    assert error.code == "unsupported"
    assert all(suffix in error.fix for suffix in supported_suffixes())


def test_a_link_inside_the_folder_is_read_and_one_that_leads_out_is_reported(
    tmp_path: Path,
) -> None:
    secret = write(tmp_path, "outside/secret.txt", "secret")
    inside = tmp_path / "inside"
    write(inside, "real.txt", "real")
    (inside / "link.txt").symlink_to("real.txt")
    (inside / "stolen.txt").symlink_to(secret)
    (inside / "folder").symlink_to(secret.parent)
    (inside / "loop").symlink_to(inside)
    (inside / "broken.txt").symlink_to("gone.txt")
    (inside / "itself.txt").symlink_to("itself.txt")
    loaded = load_folder(inside)
    assert [document.source for document in loaded.documents] == ["link.txt", "real.txt"]
    assert {problem.source: problem.code for problem in loaded.problems} == {
        "stolen.txt": "unsupported",
        "folder": "unsupported",
        "broken.txt": "missing",
        "itself.txt": "missing",
    }
    assert "secret" not in "".join(document.text for document in loaded.documents)


def test_pipes_and_sockets_are_reported_and_do_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket.txt"))
        problems = load_folder(tmp_path).problems
    assert [problem.source for problem in problems] == ["pipe.txt", "socket.txt"]
    assert {problem.reason for problem in problems} == {"it is not a file"}


def test_a_name_that_is_not_utf_8_can_still_be_printed(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.txt")).write_text("x", encoding="utf-8")
    (document,) = load_documents(tmp_path)
    assert document.source == "caf\\xe9.txt"


def test_a_file_above_the_limit_is_not_opened(tmp_path: Path) -> None:
    path = write(tmp_path, "big.txt", "x" * 101)
    with pytest.raises(DocumentError, match="101 bytes") as caught:
        load_documents(path, limits=Limits(max_file_bytes=100))
    assert caught.value.code == "too_large"
    with pytest.raises(DocumentError, match="too much text"):
        load_documents(path, limits=Limits(max_characters=100))


def test_errors_survive_the_way_between_processes() -> None:
    error = DocumentError("a.pdf", "no_text_layer", "pages are pictures", "use OCR", pages=(2, 3))
    copy = pickle.loads(pickle.dumps(DocumentsError([error]))).problems[0]
    assert (copy.source, copy.code, copy.reason) == (error.source, error.code, error.reason)
    assert (copy.fix, copy.pages, str(copy)) == (error.fix, (2, 3), str(error))


def test_an_error_of_an_unknown_kind_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="must be one of missing, empty"):
        DocumentError("a", "broken", "", "")


def test_the_stem_becomes_the_title_where_a_file_has_none(tmp_path: Path) -> None:
    names = {
        "refund_policy-v2.txt": "refund policy v2",
        "2024-05-01.txt": "2024-05-01",
        "README": "README",
    }
    for name, title in names.items():
        assert load_documents(write(tmp_path, name, "text"))[0].title == title


@pytest.mark.parametrize("loader", loaders(), ids=lambda loader: loader.name)
def test_every_loader_keeps_the_contract(loader) -> None:
    endings = [suffix for other in loaders() for suffix in other.suffixes]
    assert len(endings) == len(set(endings)), "an ending must lead to one loader"
    assert all(re.fullmatch(r"(\.[a-z0-9]+)?", suffix) for suffix in loader.suffixes)
    plain = File("a.txt", b"Plain text, as plain as can be.", Limits())
    assert not loader.recognises(plain)
    garbage = File(f"a{loader.suffixes[0]}", bytes(range(256)) * 8, Limits())
    with pytest.raises(DocumentError) as caught:
        loader.read(garbage)
    assert caught.value.code in DOCUMENT_CODES
    assert caught.value.fix


@pytest.mark.real_data
def test_every_line_of_the_manifest_is_satisfied(real_data: Path) -> None:
    folder = real_data / "office_docs"
    refused = {
        "simple.doc": "unsupported",
        "password.pdf": "encrypted",
        "empty.txt": "empty",
        "empty.pdf": "empty",
    }
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == 29
    for row in rows:
        path = folder / "files" / row["file"]
        if path.name in refused:
            assert refusal(path).code == refused[path.name]
            continue
        text = "".join(document.text for document in load_documents(path))
        # The lines come from another program: it keeps hyphens at line ends, writes no table
        # marks and puts other white space.
        assert squeeze(row["a_line_the_loader_should_find"]) in squeeze(text), path.name


def squeeze(text: str) -> str:
    return re.sub(r"[\s|#\\-]", "", text)


@pytest.mark.real_data
def test_web_manuals_load_with_titles_and_without_their_navigation(real_data: Path) -> None:
    for name, count in (("libreoffice_help_tr", 150), ("debian_faq", 33)):
        start = time.perf_counter()
        documents = load_documents(real_data / name / "docs")
        assert time.perf_counter() - start < 15
        assert len(documents) == count
        assert all(document.text.startswith("#") for document in documents)
        assert all(len(document.text) > 200 for document in documents if "index" not in document.id)
        text = "\n".join(document.text for document in documents)
        assert "Table of Contents" not in text
        assert "Bütün modüllerde ara" not in text
        assert "Ã" not in text
        assert "\ufffd" not in text


@pytest.mark.real_data
def test_a_manual_reads_the_same_from_its_pages_and_from_its_pdf(real_data: Path) -> None:
    folder = real_data / "debian_faq"
    pages = load_documents(folder / "debian-faq.en.pdf")
    paper = plain(" ".join(page.text for page in pages))
    web = load_documents(folder / "docs" / "choosing.en.html")[0].text
    sentences = [part for part in re.split(r"(?<=[.?!])\s+", web) if 60 < len(part) < 200]
    assert len(sentences) > 100
    # What differs is printed otherwise: links with their address, sentences across two pages.
    assert sum(plain(sentence) in paper for sentence in sentences) > 0.9 * len(sentences)


def plain(text: str) -> str:
    return " ".join(re.sub("[\"'’‘“”]", "'", text).split())


@pytest.mark.real_data
def test_no_letter_of_a_page_is_lost_or_made_up(real_data: Path) -> None:
    for path in sorted((real_data / "office_docs/files").glob("*.pdf")):
        if path.name in ("password.pdf", "empty.pdf") or "transcript" in path.name:
            continue
        pages = {document.page: document.text for document in load_documents(path)}
        with pypdfium2.PdfDocument(path) as document:
            for number in range(min(len(document), 3)):
                raw = document[number].get_textpage().get_text_range()
                letters = sorted(filter(str.isalpha, raw))
                assert sorted(filter(str.isalpha, pages[number + 1])) == letters, path.name
