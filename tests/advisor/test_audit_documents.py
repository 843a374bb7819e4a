"""Documents that repeat each other: found, and both named."""

import random

from advisor.audit.finders import document_copies
from advisor.audit.finding import Material
from harness.types import TaskSpec
from rag.load import load_documents
from rag.types import Document
from tests.conftest import ROOT

SPEC = TaskSpec("Desk", "answer", "Answer.")


def page(source, text, number=None):
    return Document(f"{source}#{number}", text, source, number, source)


def found(*documents):
    material = Material(
        spec=SPEC, problems=(), examples=(), learning=(), heldout=(), leaked=(),
        documents=tuple(documents), context_tokens=2048,
    )  # fmt: skip
    return list(document_copies.FINDER.find(material))


def text(seed, words=300):
    rng = random.Random(seed)
    return " ".join(f"word{rng.randrange(5000)}" for _ in range(words))


def test_a_copy_is_found_whatever_case_spaces_and_marks_and_both_files_are_named():
    same = text(1)
    (one,) = found(
        page("a.md", same), page("b.md", text(2)), page("c.md", f"**{same.upper()}.**\n")
    )
    assert (one.code, one.severity, one.count, one.rows) == ("duplicate", "warning", 1, ("c.md",))
    assert "1 of 3 documents (33 %)" in one.message and "c.md and a.md" in one.message
    assert "Keep one" in one.fix


def test_a_file_of_pages_is_compared_as_a_whole():
    first, second = text(1), text(2)
    book = (page("book.pdf", first, 1), page("book.pdf", second, 2))
    assert found(*book, page("front.md", first)) == []
    (one,) = found(*book, page("book.md", f"{first}\n{second}"))
    assert one.rows == ("book.md",)


def test_another_version_of_a_page_is_a_near_copy_and_not_a_copy():
    words = text(1).split()
    words[40], words[200] = "thirty", "forty"
    (one,) = found(page("old.md", text(1)), page("new.md", " ".join(words)), page("x.md", text(3)))
    assert (one.code, one.rows) == ("near_duplicate", ("new.md",))
    assert "new.md and old.md" in one.message and "older version" in one.fix


def test_pages_that_share_a_paragraph_or_are_written_in_one_form_are_no_copies():
    shared = text(9, 60)
    assert found(*(page(f"{i}.md", f"{text(i)} {shared}") for i in range(80))) == []
    short = [page(f"s{i}.md", f"The fee of plan {i} is {i} euros a month.") for i in range(80)]
    assert found(*short) == []


def test_empty_documents_are_no_copies_of_each_other():
    assert found(page("a.md", " "), page("b.md", "")) == []


def test_the_samples_hold_no_copies():
    folder = ROOT / "advisor" / "samples" / "support-desk" / "data" / "documents"
    assert found(*load_documents(folder)) == []
