"""Memory that runs out while a file is read apart is the file's size, never a defect of ours."""

import json
import sys
from types import SimpleNamespace

import pytest

from rag.reading import reader_process
from rag.types import Limits


def test_one_large_piece_that_is_refused_is_no_defect_however_little_was_held(monkeypatch):
    def read(file) -> None:
        raise MemoryError

    monkeypatch.setattr(reader_process, "_hold", lambda memory, seconds: None)
    monkeypatch.setitem(sys.modules, "greedy", SimpleNamespace(LOADER=SimpleNamespace(read=read)))
    limits = {name: getattr(Limits(), name) for name in Limits.__slots__}
    head = json.dumps({"loader": "greedy", "source": "a.html", "limits": limits, "seconds": 60})
    with pytest.raises(MemoryError):
        reader_process._answer(head.encode(), b"")
