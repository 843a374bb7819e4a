"""What stands around a passage: of its section, each text once, offsets as in the document."""

import pytest

from rag.chunk import chunk_documents, count_words
from rag.index import Index
from rag.retrievers import RETRIEVERS
from rag.types import Document
from rag.widen import CONTEXTS, SECTION_WORDS, rows_around, widened
from tests.rag.fake_embedder import HashEmbedder


def sentence(part, at, mark):
    return (
        f"Sentence{at} of part{part} tells of thing{part}x{at}x{mark} and of nothing else at all."
    )


def document(name, parts=3, sentences=12, page=None):
    text = "# Guide\n\n" + "\n\n".join(
        f"## Part {part}\n\n"
        + " ".join(sentence(part, at, f"{name}{page}") for at in range(sentences))
        for part in range(parts)
    )
    return Document(f"{name}#{page}", text, name, page, "Guide")


DOCUMENTS = [document("a.pdf", page=1), document("a.pdf", page=2), document("b.md")]
TEXTS = {one.id: one.text for one in DOCUMENTS}
CHUNKS = chunk_documents(DOCUMENTS, count_words, 30)


@pytest.mark.parametrize("context", CONTEXTS)
def test_what_is_shown_stands_so_in_the_document_and_in_one_section(context):
    for row, chunk in enumerate(CHUNKS):
        rows = rows_around(CHUNKS, row, context)
        shown = widened(CHUNKS, row, rows)
        raw = TEXTS[chunk.id.rpartition(":")[0]][shown.start : shown.end]
        assert shown.text.split() == raw.split() and chunk.text in shown.text
        assert {CHUNKS[one].heading for one in rows} == {chunk.heading}
        assert (shown.id, shown.page) == (chunk.id, chunk.page)
        assert len(rows) <= {"passage": 1, "window": 3}.get(context, 99)


def test_a_window_has_a_neighbour_on_each_side_but_at_the_ends_of_a_section():
    sizes = [len(rows_around(CHUNKS, row, "window")) for row in range(len(CHUNKS))]
    assert set(sizes) == {2, 3} and sizes[0] == sizes[-1] == 2


def test_a_section_is_shown_whole_up_to_so_many_words_and_then_the_nearest_of_it():
    whole = rows_around(CHUNKS, 1, "section")
    heading = CHUNKS[1].heading
    assert [CHUNKS[at].heading for at in whole] == [heading] * len(whole)
    assert whole.stop == len(CHUNKS) or CHUNKS[whole.stop].heading != heading
    long = chunk_documents([document("c.md", 1, 200)], count_words, 30)
    rows = rows_around(long, 40, "section")
    words = count_words(widened(long, 40, rows).text)
    assert SECTION_WORDS - 30 < words <= SECTION_WORDS + 5
    assert abs((40 - rows.start) - (rows.stop - 1 - 40)) <= 1


def test_the_header_of_a_table_that_was_cut_is_not_shown_again():
    rows = "\n".join(f"| item{i} | price{i} euros for one piece of it |" for i in range(30))
    table = Document("t.md", f"# T\n\n| Name | Price |\n{rows}", "t.md", None, "T")
    chunks = chunk_documents([table], count_words, 40)
    assert len(chunks) > 3 and chunks[2].text.startswith("| Name")
    shown = widened(chunks, 2, rows_around(chunks, 2, "window"))
    assert shown.text.count("| Name | Price |") == 1
    assert shown.text.split("\n", 1)[1].split() == table.text[shown.start : shown.end].split()


@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize("name", RETRIEVERS)
def test_nothing_is_shown_twice_and_what_was_found_first_stays_first(name, context):
    index = Index.build(CHUNKS, HashEmbedder()).using(name)
    question = "tells of thing1x3xb.mdNone and sentence4 of part1"
    (plain,) = index.search([question], 4)
    (shown,) = index.showing(context).search([question], 4)
    assert shown[0].chunk.id == plain[0].chunk.id and plain[0].chunk.text in shown[0].chunk.text
    said = [(hit.chunk.id.rpartition(":")[0], hit.chunk.start, hit.chunk.end) for hit in shown]
    for one, (document_id, start, end) in enumerate(said):
        for other, begins, ends in said[one + 1 :]:
            assert other != document_id or ends <= start or begins >= end
    (few,) = index.showing(context).search([question], 2)
    assert few == shown[:2], "however many are asked for"


def test_an_unknown_context_is_refused_and_another_way_shows_passages_alone():
    index = Index.build(CHUNKS, HashEmbedder())
    with pytest.raises(ValueError, match="one of passage, window, section"):
        index.showing("page")
    assert index.showing("window").using("bm25").context == "passage"
