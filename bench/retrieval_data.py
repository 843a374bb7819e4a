"""Corpora with questions and the passages that answer them, for ``bench/retrieval.py``.

The sample that ships is always there; the others are real data sets, which are no part of the
project. Their folder is named by ``RUNGWISE_REAL_DATA``, or is ``../shared/data``.
"""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from harness.retrieval import holds_answer
from harness.text import tokens
from harness.types import Context, Example, TaskSpec
from rag.chunk import Chunk
from rag.load import load_documents
from rag.loaders.plain_text import headings_marked
from rag.types import Document

Row = dict[str, Any]
Right = Callable[[Row, Chunk, Context], bool]
"""Whether a passage answers a question."""

LEAST_OVERLAP = 0.5
"""Share of the shorter text's runs of three words that stand in the other one."""


@dataclass(frozen=True)
class Corpus:
    """Documents, questions about them, and who is right."""

    name: str
    language: str
    documents: Sequence[Document]
    rows: Sequence[Row]
    right: Right


def data_folder() -> Path | None:
    """The real data sets; None where they are not on this machine."""
    beside = Path(__file__).parents[2] / "shared" / "data"
    folder = Path(os.environ.get("RUNGWISE_REAL_DATA", beside))
    return folder if folder.is_dir() else None


def corpora() -> Iterator[Corpus]:
    """All that can be read here, one after the other."""
    with as_file(files("advisor") / "samples" / "support-desk" / "data") as folder:
        documents = load_documents(folder / "documents")
        rows = [row for part in ("train", "heldout") for row in _rows(folder / f"{part}.jsonl")]
    yield Corpus("support-desk", "en", documents, [r for r in rows if r.get("doc")], _facts)
    data = data_folder()
    if data is None:
        return
    for language in ("en", "tr"):
        folder = data / "xquad_en_tr"
        documents = load_documents(folder / f"docs_{language}")
        rows = _rows(folder / f"qa_{language}.jsonl")
        yield Corpus(
            f"xquad {language}", language, documents, rows, partial(_literal, language=language)
        )
    folder = data / "dbank_faq_tr"
    documents = load_documents(folder / "docs")
    yield Corpus("dbank", "tr", documents, _rows(folder / "faq.jsonl"), _overlap)
    rows = _rows(folder / "qa_paraphrased.jsonl")
    yield Corpus("dbank reworded", "tr", documents, rows, _overlap)
    documents = load_documents(data / "debian_faq" / "docs")
    # the folder holds every page twice
    documents = [document for document in documents if document.source.endswith(".en.html")]
    rows = [row for row in _rows(data / "debian_faq" / "faq.jsonl") if len(_runs(_said(row))) > 8]
    yield Corpus("debian", "en", documents, rows, _overlap)


def spans(marked: Callable[[str], str] = headings_marked) -> Corpus | None:
    """The chunking evaluation: questions with the exact places of what answers them.

    Args:
        marked: brings headings into Markdown's form as the loader does, and nothing else, for the
            questions name places in the text.
    """
    data = data_folder()
    if data is None:
        return None
    folder = data / "chunking_eval"
    texts = {file.name: file.read_text(encoding="utf-8") for file in folder.glob("docs/*.md")}
    documents = [
        Document(name, marked(text), name, None, "") for name, text in sorted(texts.items())
    ]
    return Corpus("chunking_eval", "en", documents, _rows(folder / "questions.jsonl"), _covers)


def _rows(file: Path) -> list[Row]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def _facts(row: Row, chunk: Chunk, context: Context, language: str = "en") -> bool:
    """All key facts of the sample's answer in one passage of its page."""
    if chunk.source != row["doc"]:
        return False
    facts, page = tuple(row["key_facts"]), (row["doc"],)
    example = Example("", row["question"], (row["answer"],), page, key_facts=facts)
    spec = TaskSpec("", "answer", "", language)
    return bool(holds_answer(example, [context], spec))


def _literal(row: Row, chunk: Chunk, context: Context, language: str) -> bool:
    """The answer, word for word, in a passage of its article."""
    return _facts({**row, "key_facts": [row["answer"]]}, chunk, context, language)


def _overlap(row: Row, chunk: Chunk, context: Context) -> bool:
    """Most of the answering paragraph, or a passage that is most of it; copies count too."""
    wanted, found = _runs(_said(row)), _runs(context.text)
    return len(wanted & found) >= LEAST_OVERLAP * max(1, min(len(wanted), len(found)))


def _covers(row: Row, chunk: Chunk, context: Context) -> bool:
    return chunk.source == row["doc"] and any(
        chunk.start < one["end_index"] and one["start_index"] < chunk.end
        for one in row["references"]
    )


def _said(row: Row) -> str:
    return str(row.get("passage") or row["answer"])


def _runs(text: str) -> set[tuple[str, ...]]:
    said = tokens(text, "")
    return set(zip(said, said[1:], said[2:], strict=False)) or {tuple(said)}
