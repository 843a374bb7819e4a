import itertools
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.chunk import Chunk, chunk_documents, count_words
from rag.types import Document

GUIDE = """# Coffee guide

Welcome to the guide.

## Opened goods

Opened pods can be sent back within 14 days of delivery, at our cost.

### Machines

Machines that were used are taken back only with a fault.

## Prices

| article | price |
|---|---|
| pods | 4.50 |
| filter | 2.10 |
"""


def words(text: str) -> int:
    return len(text.split())


def document(text: str, title: str = "Coffee guide", page: int | None = None) -> Document:
    name = "guide.md" if page is None else f"guide.pdf#p{page}"
    return Document(name, text, name.split("#")[0], page, title)


def chunks_of(text: str, most: int = 160, **more) -> list[Chunk]:
    return chunk_documents([document(text, **more)], words, most)


# What stays together


def test_a_document_that_fits_is_one_passage_and_keeps_its_text():
    (chunk,) = chunks_of("One sentence. And another one.")
    assert chunk.text == "One sentence. And another one."
    assert (chunk.id, chunk.heading, chunk.title) == ("guide.md:0", "", "Coffee guide")


def test_every_section_starts_a_passage_that_begins_with_its_heading():
    chunks = chunks_of(GUIDE, 20)
    assert [c.text.split("\n")[0] for c in chunks] == [
        "# Coffee guide",
        "## Opened goods",
        "### Machines",
        "## Prices",
    ]


def test_headings_name_their_path_without_the_title():
    headings = [chunk.heading for chunk in chunks_of(GUIDE, 20)]
    assert headings == ["", "Opened goods", "Opened goods > Machines", "Prices"]


def test_a_part_cut_off_from_its_heading_still_knows_it():
    sentences = " ".join(f"Sentence number {i} is here." for i in range(12))
    chunks = chunks_of(f"## Terms\n\n{sentences}", 20)
    assert len(chunks) > 2
    assert {chunk.heading for chunk in chunks} == {"Terms"}
    assert all("Terms" in chunk.with_headings for chunk in chunks)


def test_a_tiny_section_is_not_left_alone():
    (chunk,) = chunks_of("## One\n\nYes.\n\n## Two\n\nNo, never.", 80)
    assert "Yes." in chunk.text and "No, never." in chunk.text


def test_a_text_too_long_is_cut_between_sentences():
    text = " ".join(f"This is sentence {i} of them." for i in range(20))
    chunks = chunks_of(text, 25)
    assert all(chunk.text.startswith("This") and chunk.text.endswith("them.") for chunk in chunks)


def test_a_list_is_cut_between_items_and_an_item_keeps_its_second_line():
    items = [f"- item {i} begins here\n  and goes on here" for i in range(8)]
    chunks = chunks_of("\n".join(items), 20)
    assert len(chunks) > 2
    assert "\n".join(chunk.text for chunk in chunks) == "\n".join(items)
    assert all(chunk.text.startswith("- item") for chunk in chunks)


def test_an_item_too_long_for_a_passage_is_cut_between_its_sentences():
    long = " ".join(f"Reason {i} counts too." for i in range(6))
    chunks = chunks_of(f"- short\n- {long}\n- last", 12)
    assert all(re.search(r"(^- short|too\.|last)$", chunk.text) for chunk in chunks)


def test_a_table_is_cut_between_rows_and_every_part_shows_the_header():
    rows = [f"| part {i} | {i}.50 |" for i in range(20)]
    table = "\n".join(["| article | price |", *rows])
    chunks = chunks_of(table, 40)
    assert len(chunks) > 2
    assert all(chunk.text.startswith("| article | price |\n") for chunk in chunks)
    assert [line for c in chunks for line in c.text.split("\n") if "part" in line] == rows
    assert max(words(chunk.text) for chunk in chunks) <= 40, "the header counts too"


def test_a_table_that_fits_is_whole():
    (prices,) = [chunk for chunk in chunks_of(GUIDE, 25) if "| pods |" in chunk.text]
    assert prices.text.endswith(
        "| article | price |\n|---|---|\n| pods | 4.50 |\n| filter | 2.10 |"
    )


def test_a_single_word_longer_than_the_limit_stands_alone():
    chunks = chunk_documents([document("ab " + "x" * 50 + " cd")], len, 10)
    assert [chunk.text for chunk in chunks] == ["ab", "x" * 50, "cd"]


def test_what_has_no_spaces_is_cut_as_well():
    chinese = "这是一个没有空格的句子。" * 60
    chunks = chunk_documents([document(chinese)], count_words, 20)
    assert max(len(chunk.text) for chunk in chunks) <= 20 * 2 + 1, "a token or two a letter"
    assert "".join(chunk.text for chunk in chunks) == chinese
    assert all(chunk.text.endswith("。") for chunk in chunks), "between sentences where it can be"
    quoted = "他说：「可以退货。」然后走了！？" * 40
    passages = chunk_documents([document(quoted)], count_words, 20)
    assert not any(chunk.text.startswith(("」", "？", "！")) for chunk in passages)
    line = "x" * 100_000
    cut = chunk_documents([document(f"before {line} behind")], count_words, 80)
    assert max(len(chunk.text) for chunk in cut) <= 80 * 12
    together = "".join(chunk.text for chunk in cut).replace(" ", "")
    assert together == f"before{line}behind"


@given(st.lists(st.text("abcdefghij", min_size=1, max_size=11), max_size=30))
def test_words_of_a_language_with_spaces_count_as_words(some):
    assert count_words(" ".join(some)) == len(some)


def test_headings_and_the_text_below_them_fit_together():
    text = "# A heading of six words here\n\n" + " ".join(f"w{i}" for i in range(30))
    assert max(words(chunk.text) for chunk in chunks_of(text, 16)) <= 16


def test_a_heading_with_nothing_below_it_is_kept():
    assert chunks_of("Some text.\n\n## Left over", 160)[-1].text.endswith("## Left over")


FAQ = """Can I send pods back?

Yes, within 14 days.

Who pays for that?

We do, if the parcel was opened by you and by nobody else.

What about machines?

They are taken back with a fault only, and we look at the fault first.
"""


@pytest.mark.parametrize("bullet", ["", "- ", "1. "])
@pytest.mark.parametrize("most", [16, 25, 40])
def test_a_question_is_never_cut_off_from_what_answers_it(most, bullet):
    text = re.sub(r"(?m)^(?=.*[?]$)", bullet, FAQ)
    chunks = chunks_of(text, most)
    assert len(chunks) > 1
    for asked, answered in [("Can I", "Yes,"), ("Who pays", "We do,"), ("What about", "They are")]:
        (holding,) = [chunk.text for chunk in chunks if asked in chunk.text]
        assert answered in holding.split(asked)[1]


def test_a_question_in_a_list_takes_the_items_below_it_along():
    text = "- How do I pay?\n1. by card\n2. by invoice\n- Where do I pay?\n1. at the desk only"
    assert [chunk.text for chunk in chunks_of(text, 14)] == [
        "- How do I pay?\n1. by card\n2. by invoice",
        "- Where do I pay?\n1. at the desk only",
    ]


def test_a_line_that_ends_in_a_question_mark_inside_a_paragraph_cuts_nothing():
    wrapped = "Some people wonder whether\nall of this is needed at all?\nIt is, for these reasons."
    assert [chunk.text for chunk in chunks_of(f"{wrapped}\n\nMore.", 160)] == [
        f"{wrapped}\n\nMore."
    ]
    item = "- people wonder whether\n  this is needed?\n- it is"
    assert [chunk.text for chunk in chunks_of(item, 160)] == [item]


def test_a_page_of_nothing_but_questions_keeps_all_of_them():
    text = "\n\n".join(f"What is part {i} of this?" for i in range(40))
    chunks = chunks_of(text, 20)
    assert max(words(chunk.text) for chunk in chunks) <= 20
    assert re.sub(r"\s+", " ", " ".join(chunk.text for chunk in chunks)) == text.replace(
        "\n\n", " "
    )


# Where it comes from


def test_passages_never_cross_a_page_and_keep_its_number():
    pages = [document("First page.", page=1), document("Second page.", page=2)]
    chunks = chunk_documents(pages, words, 160)
    assert [(c.id, c.page, c.source, c.text) for c in chunks] == [
        ("guide.pdf#p1:0", 1, "guide.pdf", "First page."),
        ("guide.pdf#p2:0", 2, "guide.pdf", "Second page."),
    ]


def test_documents_without_text_give_no_passages():
    assert chunk_documents([document(""), document(" \n\n \t")], words, 10) == []
    assert chunk_documents([], words, 10) == []


@pytest.mark.parametrize("most", [0, -1])
def test_a_limit_below_one_is_refused(most):
    with pytest.raises(ValueError, match=f"max_tokens must be positive. Got {most}."):
        chunk_documents([document("a")], words, most)


# Properties

LINES = st.one_of(
    st.sampled_from([f"{'#' * level} {name}" for level in range(1, 5) for name in "ABC"]),
    st.builds(lambda n: f"- item{n} and more", st.integers(0, 99)),
    st.builds(lambda n: f"  under item{n}", st.integers(0, 99)),
    st.builds(lambda n, m: f"| cell{n} | cell{m} |", st.integers(0, 99), st.integers(0, 99)),
    st.builds(lambda n: f"Word{n} ends here. Then {n} more!", st.integers(0, 99)),
    st.text(alphabet="ab. \tçİ#|-1\u2028\x0c", max_size=20),
    st.just(""),
)
TEXTS = st.lists(LINES, max_size=25).map("\n".join)


@settings(max_examples=150, deadline=None)
@given(TEXTS, st.integers(1, 30))
def test_no_word_is_lost_and_none_changes_its_place(text, most):
    chunks = chunks_of(text, most)
    said = [word for chunk in chunks for word in text[chunk.start : chunk.end].split()]
    assert said == text.split()
    assert all(a.end <= b.start for a, b in itertools.pairwise(chunks))


@settings(max_examples=150, deadline=None)
@given(TEXTS, st.integers(1, 30))
def test_offsets_point_at_the_passage_in_the_document(text, most):
    for chunk in chunks_of(text, most):
        there = text[chunk.start : chunk.end]
        assert there and there == there.strip()
        assert chunk.text == there or re.fullmatch(r"\|.*\n", chunk.text.removesuffix(there)), (
            "only a table's header is put before it"
        )


@settings(max_examples=150, deadline=None)
@given(TEXTS, st.integers(1, 30))
def test_no_passage_is_longer_than_the_limit_but_a_single_word(text, most):
    for chunk in chunks_of(text, most):
        assert words(chunk.text) <= most


@settings(max_examples=100, deadline=None)
@given(TEXTS, st.integers(5, 60))
def test_counted_in_characters_only_what_cannot_be_cut_is_longer(text, most):
    for chunk in chunk_documents([document(text)], len, most):
        there = text[chunk.start : chunk.end]
        assert len(chunk.text) <= most or len(there.split()) == 1 or _heading_and_word(there)


def _heading_and_word(text: str) -> bool:
    """A heading with the one long word below it, which nothing can shorten."""
    below = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return len(" ".join(below).split()) <= 1


@settings(max_examples=50, deadline=None)
@given(TEXTS, st.integers(1, 30))
def test_ids_are_distinct_and_the_same_again(text, most):
    first, second = chunks_of(text, most), chunks_of(text, most)
    assert first == second
    assert [chunk.id for chunk in first] == [f"guide.md:{i}" for i in range(len(first))]


def test_a_heading_as_long_as_a_paragraph_does_not_stand_whole_above_every_passage():
    heading = "word " * 2000
    below = "\n\n".join(f"Paragraph {i} says one thing more. " * 8 for i in range(50))
    document = Document("a", f"# {heading}\n\n{below}", "a", None, "T")
    found = chunk_documents([document], count_words, 80)
    under = [one for one in found if "Paragraph" in one.text]
    assert len(under) == 50
    assert all(one.heading == "word " * 31 + "word …" for one in under)
    assert "".join(one.text for one in found).count("word") == 2000
