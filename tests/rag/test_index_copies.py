"""The same passage in several documents takes one place among those that are found."""

import pytest

from rag.chunk import Chunk
from rag.index import Index
from rag.retrievers import RETRIEVERS
from tests.rag.fake_embedder import HashEmbedder


def chunk(source, text, heading="", title=""):
    return Chunk(f"{source}#0", source, None, title, heading, text, 0, len(text))


RETURNS = "You may return a lamp within thirty days."
CHUNKS = [
    chunk("a.md", RETURNS, title="Guide"),
    chunk("b.md", "YOU may return a lamp, within thirty days!", title="Copy of guide"),
    chunk("c.md", "A lamp is sent within two days.", title="Delivery"),
    chunk("d.md", RETURNS, heading="Spare parts"),
    chunk("e.md", "Nothing is written here of it.", title="Other"),
]


@pytest.mark.parametrize("name", RETRIEVERS)
def test_a_copy_leaves_its_place_to_another_passage_and_is_named(name):
    (hits,) = Index.build(CHUNKS, HashEmbedder()).using(name).search(["return a lamp days"], 3)
    texts = [(hit.chunk.heading, hit.chunk.text.casefold().strip("!")) for hit in hits]
    assert len(set(texts)) == 3
    shared = next(hit for hit in hits if hit.chunk.source in ("a.md", "b.md"))
    assert {hit.chunk.source for hit in hits} >= {"c.md", "d.md"}
    assert {shared.chunk.source, *(one.source for one in shared.also)} == {"a.md", "b.md"}


@pytest.mark.parametrize("name", RETRIEVERS)
def test_many_copies_do_not_crowd_out_what_else_there_is(name):
    copies = [chunk(f"copy{i}.md", RETURNS) for i in range(40)]
    index = Index.build([*copies, *CHUNKS[2:]], HashEmbedder()).using(name)
    (hits,) = index.search(["return a lamp within thirty days"], 3)
    assert [len(hit.also) for hit in hits].count(39) == 1
    assert {hit.chunk.source for hit in hits if not hit.also} == {"c.md", "d.md"}


def test_without_copies_search_is_as_it_was():
    index = Index.build(CHUNKS[2:], HashEmbedder())
    for name, retriever in RETRIEVERS.items():
        (hits,) = index.using(name).search(["a lamp"], 2)
        (plain,) = retriever.rank(index._dense, index._lexical, ["a lamp"], 2)
        assert [(hit.chunk, hit.score, hit.also) for hit in hits] == [
            (index.chunks[row], score, ()) for row, score in plain
        ]


@pytest.mark.parametrize("name", RETRIEVERS)
def test_what_a_question_finds_does_not_depend_on_what_is_asked_with_it(name):
    copies = [chunk(f"copy{i}.md", RETURNS) for i in range(150)]
    others = [
        chunk(f"other{i}.md", f"A lamp of kind{i} weighs {i * 7 % 60} grams.") for i in range(150)
    ]
    index = Index.build([*copies, *others], HashEmbedder()).using(name)
    asked = ["may you return a lamp within thirty days", "how many grams does kind7 weigh"]
    together = index.search(asked, 3)
    assert len(together[0][0].also) == 149, "or nothing was looked for more deeply"
    assert together == [index.search([question], 3)[0] for question in asked]
