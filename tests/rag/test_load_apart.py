"""Files that would take all memory or time inside native parsers: stopped; the next are read."""

import contextlib
import importlib
import os
import random
import struct
import subprocess
import sys
import threading
import time
import tracemalloc
import zipfile
from pathlib import Path

import psutil
import pytest

from rag.errors import DocumentError
from rag.load import load_documents, load_folder
from rag.reading.apart import Apart
from rag.reading.file import Extract, File, Loader
from rag.types import Limits
from tests.command import importable
from tests.rag.test_load_hostile import MAIN
from tests.rag.test_load_pdf import pdf, put

SMALL = Limits(max_memory_bytes=256 * 2**20)
HURRIED = Limits(max_seconds=2)
needs_limit = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux holds a process's memory"
)


def forms_in_forms(levels: int, times: int) -> bytes:
    """A page of one word, drawn `times` to the power of `levels` times by forms that draw forms."""
    first = 7  # objects before: four, the page and its content
    forms = []
    for level in range(levels):
        inner = "/X Do " * times if level + 1 < levels else put(72, 700, "word")
        uses = f"/Font 3 0 R /XObject << /X {first + level + 1} 0 R >>"
        forms.append(f"<< /Type /XObject /Subtype /Form /BBox [0 0 612 792] /Resources << {uses} >>"
                     f" /Length {len(inner)} >>\nstream\n{inner}\nendstream")  # fmt: skip
    page = f"/Resources << /XObject << /X {first} 0 R >> >>"
    return pdf("/X Do", objects=tuple(forms)).replace(b"/Resources << /Font 3 0 R >> /Contents",
        f"{page} /Contents".encode(), 1)  # fmt: skip


def nodes_without_text(path: Path) -> Path:
    """A Word document of 100 KB that becomes 600 MB of XML nodes."""
    chance = random.Random(0)
    noise = (b"<b/>" * 1000 + b"<!--%x-->" % chance.getrandbits(72) for _ in range(5000))
    head, end = b'<w:document xmlns:w="w"><w:body>', b"</w:body></w:document>"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("_rels/.rels", MAIN.format("word/document.xml"))
        archive.writestr("word/document.xml", head + b"".join(noise) + end)
    return path


def children() -> list[psutil.Process]:
    """Processes that read files; a browser of other tests may stand beside them."""
    found = []
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if "rag.reading.reader_process" in child.cmdline():
                found.append(child)
    return found


@needs_limit
def test_what_the_program_itself_holds_does_not_count_as_memory_of_reading(tmp_path: Path) -> None:
    held = bytearray(b"x") * (300 * 2**20)
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.4\n" + b"garbage " * 50)
    (problem,) = load_folder(tmp_path, limits=SMALL).problems
    assert len(held) > SMALL.max_memory_bytes and problem.code == "malformed"


@needs_limit
def test_a_pdf_whose_forms_multiply_is_stopped_and_the_others_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(pdf(put(72, 700, "before")))
    (tmp_path / "b.pdf").write_bytes(forms_in_forms(12, 10))
    (tmp_path / "c.pdf").write_bytes(forms_in_forms(2, 2))  # a logo on a letterhead
    (tmp_path / "d.pdf").write_bytes(pdf(put(72, 700, "after")))
    loaded = load_folder(tmp_path, limits=SMALL)
    assert [document.text for document in loaded.documents] == ["before", "word", "after"]
    (problem,) = loaded.problems
    assert (problem.source, problem.code) == ("b.pdf", "too_large")
    assert problem.reason == "reading it takes more than 256 MB of memory"
    assert not children()


@needs_limit
def test_a_small_document_of_endless_nodes_is_stopped(tmp_path: Path) -> None:
    path = nodes_without_text(tmp_path / "a.docx")
    assert path.stat().st_size < 200_000
    with pytest.raises(DocumentError, match="more than 256 MB of memory") as caught:
        load_documents(path, limits=SMALL)
    assert caught.value.code == "too_large"


def test_a_page_of_a_million_nested_tags_is_stopped_in_time(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("<!doctype html>" + "<div>" * 10**6, encoding="utf-8")
    (tmp_path / "b.html").write_text("<!doctype html><p>after", encoding="utf-8")
    start = time.perf_counter()
    loaded = load_folder(tmp_path, limits=HURRIED)
    assert time.perf_counter() - start < 20
    (problem,) = loaded.problems
    assert (problem.source, problem.code) == ("a.html", "too_large")
    assert problem.reason == "reading it takes longer than 2 seconds"
    assert [document.text for document in loaded.documents] == ["after"]


def test_one_process_reads_a_folder_and_none_is_started_for_texts(tmp_path: Path) -> None:
    seen: set[int] = set()

    def note(number: int, count: int) -> None:
        seen.update(child.pid for child in children())

    for name in ("a.txt", "b.md", "c.csv"):
        (tmp_path / name).write_text("a,b\nc,d", encoding="utf-8")
    load_folder(tmp_path, on_file=note)
    assert not seen
    for name in "defg":
        (tmp_path / f"{name}.pdf").write_bytes(pdf(put(72, 700, name)))
    load_folder(tmp_path, on_file=note)
    assert len(seen) == 1
    assert not children()


def test_threads_read_beside_each_other(tmp_path: Path) -> None:
    found: dict[str, list[str]] = {}

    def read(name: str) -> None:
        documents = load_documents(tmp_path / f"{name}.pdf")
        found[name] = [document.text for document in documents]

    names = ["one", "two", "three"]
    for name in names:
        (tmp_path / f"{name}.pdf").write_bytes(pdf(*(put(72, 700, name) for _ in range(20))))
    threads = [threading.Thread(target=read, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {name: [name] * 20 for name in names}


def test_modules_in_the_folder_of_the_user_are_not_run(tmp_path: Path) -> None:
    for name in ("json", "pypdfium2", "rag"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit(9)", encoding="utf-8")
    (tmp_path / "a.pdf").write_bytes(pdf(put(72, 700, "text")))
    code = "from rag.load import load_documents; print(load_documents('a.pdf')[0].text)"
    done = subprocess.run([sys.executable, "-P", "-c", code], cwd=tmp_path, env=importable(),
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "text", "")


def test_the_process_ends_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(pdf(put(72, 700, "text")))
    code = (
        "import sys; from pathlib import Path; from rag.load import load_folder\n"
        "def wait(number, count):\n"
        "    if number == 2: print('read', flush=True); sys.stdin.read()\n"
        f"load_folder(Path({str(tmp_path)!r}), on_file=wait)"
    )
    (tmp_path / "b.pdf").write_bytes(pdf(put(72, 700, "text")))
    parent = subprocess.Popen([sys.executable, "-c", code], env=importable(),
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # fmt: skip
    with parent:
        assert parent.stdout.readline() == b"read\n"
        (reader,) = psutil.Process(parent.pid).children()
        parent.kill()
    psutil.wait_procs([reader], timeout=30)
    assert not reader.is_running()


def test_what_a_loader_raises_by_mistake_is_not_blamed_on_the_file() -> None:
    file = File("a.pdf", b"%PDF-", Limits())
    with Apart() as apart, pytest.raises(RuntimeError, match="ModuleNotFoundError"):
        apart.read(Loader("none", (), lambda file: True, _of_no_module, apart=True), file)


def _of_no_module(file: File) -> Extract:
    raise AssertionError("only its module's name is used")


_of_no_module.__module__ = "rag.loaders.none"


BREAKS = """
import os, signal
from rag.reading.file import Extract, Loader, Page
def read(file):
    if file.data == b"breaks":
        os.kill(os.getpid(), signal.SIGSEGV)
    return Extract((Page(str(os.getpid())),))
LOADER = Loader("tests", (), lambda file: True, read, apart=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a signal breaks the parser down")
def test_a_parser_that_breaks_down_costs_its_file_only(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "breaking.py").write_text(BREAKS, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.syspath_prepend(tmp_path)
    loader = importlib.import_module("breaking").LOADER

    def read(data: bytes) -> str:
        return apart.read(loader, File("a", data, Limits())).pages[0].text

    with Apart() as apart:
        first = read(b"fine")
        assert read(b"fine") == first != str(os.getpid())
        with pytest.raises(DocumentError, match="its parser broke down") as caught:
            read(b"breaks")
        assert caught.value.code == "malformed"
        after = read(b"fine")
        assert after != first
        psutil.Process(int(after)).kill()
        assert read(b"fine") not in (first, after)  # no fault of the file's: asked once more
    assert not children()


def entries(count: int) -> bytes:
    """A container with a directory of empty entries, of which its end says that there are none."""
    entry = struct.pack("<4s6H3L5H2L", b"PK\x01\x02", *(0,) * 9, 1, *(0,) * 6) + b"a"
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0, 0, len(entry) * count, 4, 0)
    return b"PK\x03\x04" + entry * count + end


@pytest.mark.parametrize("name", ["a.docx", "a.xlsx", "a.pptx", "a.odt", "a.epub", "a.zip"])
def test_a_directory_of_a_million_entries_is_not_read(tmp_path: Path, name: str) -> None:
    few = File(name, entries(5), Limits())
    assert len(few.open_zip().infolist()) == 5
    data = entries(10**6)
    (tmp_path / name).write_bytes(data)
    tracemalloc.start()
    with pytest.raises(DocumentError, match="it holds 1,000,000 parts") as caught:
        load_documents(tmp_path / name)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert caught.value.code == "too_large"
    assert peak < 2 * len(data)
