"""What comes back from the process that reads files apart is trusted no more than the files."""

import importlib
import signal
import sys
from pathlib import Path

import pytest

from rag.errors import DocumentError
from rag.load import load_folder
from rag.reading.apart import Apart
from rag.reading.file import File
from rag.reading.reader_process import extract
from rag.types import Limits
from tests.rag.test_load_apart import SMALL, children, needs_limit


@needs_limit
@pytest.mark.parametrize(
    ("name", "text"), [("a.csv", "ab," * 2**22), ("a.json", f"[{'[],' * 2**22}[]]")]
)
def test_a_large_table_of_short_cells_is_held_to_the_memory_as_well(tmp_path, name, text) -> None:
    """Cells and lists become objects before any of their letters could be counted."""
    (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "b.txt").write_text("read", encoding="utf-8")
    loaded = load_folder(tmp_path, limits=SMALL)
    assert [one.text for one in loaded.documents] == ["read"]
    (problem,) = loaded.problems
    assert problem.source == name and problem.code == "too_large"


@pytest.mark.parametrize(
    "answer",
    [
        b"\xff", b"[1]", b"{}", b'{"pages": [[1, 2, 3]], "title": ""}', b'{"pages": 3}',
        b'{"pages": [["a", 1, ""]], "title": null}', b'{"error": ["nonsense", "a", "b", []]}',
        b'{"error": ["empty", "a", "b", [Infinity]]}',
        b'{"pages": [["a", 1, "", 4]], "title": ""}', b'{"pages": [], "title": "", "gaps": [1]}',
    ],
)  # fmt: skip
def test_an_answer_of_another_shape_costs_its_file_only(answer: bytes) -> None:
    with pytest.raises(DocumentError, match="its parser broke down") as caught:
        extract(answer, File("a.pdf", b"%PDF-", Limits()))
    assert caught.value.source == "a.pdf"


SLOW = """
import os, time
from rag.reading.file import Extract, Loader, Page
def read(file):
    if file.data == b"slow":
        time.sleep(1)
    said = [name for name in os.environ if name.startswith("RUNGWISE_")]
    return Extract((Page(f"{file.data.decode()} {said}"),))
LOADER = Loader("tests", (), lambda file: True, read, apart=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a signal interrupts")
def test_an_interrupted_reading_is_not_taken_for_the_next_file_and_keys_stay_here(
    tmp_path: Path, monkeypatch
) -> None:
    (tmp_path / "slow_one.py").write_text(SLOW, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("RUNGWISE_API_KEY", "secret")
    monkeypatch.setenv("RUNGWISE_CACHE", "kept")
    monkeypatch.syspath_prepend(tmp_path)
    loader = importlib.import_module("slow_one").LOADER

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        with Apart() as apart:
            assert apart.read(loader, File("a", b"fine", Limits()))
            signal.setitimer(signal.ITIMER_REAL, 0.2)
            with pytest.raises(KeyboardInterrupt):
                apart.read(loader, File("a", b"slow", Limits()))
            said = apart.read(loader, File("a", b"next", Limits())).pages[0].text
    finally:
        signal.signal(signal.SIGALRM, before)
    assert said == "next ['RUNGWISE_CACHE']"
    assert not children()
