"""How long passages are: chosen once a run, kept by every cell that reads."""

import dataclasses
import json

import numpy as np
import pytest

from harness import passage_size
from harness.effort import CHUNK_WORDS, EFFORTS
from harness.gold import gold_of
from harness.passage_size import DEPTH, Looked, look, settle_passage_size, settled, sizes_tried
from harness.records import PassageSize
from harness.retrieval import open_index, passages_of
from harness.store import PASSAGE_SIZE, Run
from harness.types import Example, TrainView
from rag.chunk import count_words
from rag.types import Document
from tests.harness.rung_bench import EFFORT, SPEC, VIEW, bench

SHORTER = dataclasses.replace(EFFORT, passages=(1,), passage_words=(80, 40))


def filler(i: int, n: int) -> str:
    return " ".join(f"word{i}x{k}" for k in range(n))


def facts() -> tuple[Document, ...]:
    """Pages on which a paragraph that only repeats the question is found before the answer."""
    pages = []
    for i in range(30):
        decoy = f"Fee{i} of room{i}, room{i} fee{i}: read on."
        answer = f"Fee{i}: room{i} is {i}00 coins."
        parts = [decoy, filler(i, 1), answer, filler(900 + i, 1)]
        text = "\n\n".join(f"{part} {filler(10 * i + k, 38 - len(part.split()))}."
                           for k, part in enumerate(parts))  # fmt: skip
        pages.append(Document(f"p{i}", text, f"p{i}.md", None, f"p{i}"))
    return tuple(pages)


def asked(i: int) -> Example:
    fact = f"room{i} is {i}00 coins"
    return Example(f"q{i}", f"Fee{i} of room{i}?", (fact,), (f"p{i}.md",))


def view(documents, n=30) -> TrainView:
    rows = tuple(asked(i) for i in range(n))
    return TrainView(SPEC, rows[:-4], rows[-4:], documents)


def tools(folder, effort=SHORTER):
    made = bench(folder, folder, "rag-s1")
    made.effort = effort
    return made


def test_the_usual_length_is_every_efforts_first_and_the_least_effort_compares_none():
    assert all(effort.passage_words[0] == CHUNK_WORDS for effort in EFFORTS.values())
    assert EFFORTS["quick"].passage_words == (CHUNK_WORDS,)
    assert (
        EFFORTS["normal"].passage_words == EFFORTS["thorough"].passage_words == (80, 40, 120, 160)
    )


def test_a_length_that_shows_more_answers_in_the_same_words_is_taken_by_all_cells(tmp_path):
    first = tools(tmp_path)
    assert first.passage_words == CHUNK_WORDS
    settle_passage_size(first, view(facts()))
    found = Run(tmp_path).passage_size()
    shares = {one["words"]: one["found"] for one in found.tried}
    assert found.questions == 30 and shares[40] > shares[80] + 0.2 and found.words == 40
    assert first.passage_words == tools(tmp_path).passage_words == 40
    index = open_index(tools(tmp_path), facts())
    assert max(count_words(chunk.text) for chunk in index.chunks) <= 40
    (gold,) = gold_of([asked(3)], facts(), SPEC, 40)
    assert set(gold.passages) <= {chunk.id for chunk in index.chunks}
    assert sizes_tried(first)["passage_size_questions"] == 30


def sections() -> tuple[Document, ...]:
    """Sections of some 110 words that begin with what is asked and end with the answer."""
    pages = []
    for i in range(30):
        asks, says = f"Fee{i} of room{i}.", f"So room{i} is {i}00 coins."
        text = f"## Part\n\n{asks} {filler(i, 60)}.\n\n{filler(500 + i, 40)}. {says}"
        pages.append(Document(f"p{i}", text, f"p{i}.md", None, f"p{i}"))
    return tuple(pages)


def test_a_longer_length_wins_where_it_keeps_question_and_answer_together(tmp_path):
    longer = dataclasses.replace(SHORTER, passages=(1, 2), passage_words=(80, 40, 120, 160))
    settle_passage_size(tools(tmp_path, longer), view(sections()))
    found = Run(tmp_path).passage_size()
    shares = {one["words"]: one["found"] for one in found.tried}
    assert found.words == 120 and shares[120] == 1.0 > shares[80]
    assert found.counts((1, 2, 3)) == (1, 2)


def looked(way: str, words_each: float, right_from: list[int]) -> Looked:
    """Passages of one length; the answer of each question is in the passage of that number."""
    shown = np.arange(DEPTH + 1) * words_each
    right = np.array([[float(k >= at) for k in range(DEPTH + 1)] for at in right_from])
    return Looked(way, shown, right)


def test_the_words_compared_are_those_the_reader_sees_with_titles(tmp_path):
    found = settled(
        {80: [looked("hybrid", 90, [2] * 20)], 40: [looked("hybrid", 60, [3] * 20)]}, (2,)
    )
    assert {one["words"]: one["found"] for one in found.tried} == {80: 1.0, 40: 1.0}
    assert found.words == 80 and {one["shown"] for one in found.tried} == {60.0, 90.0}
    taken = dataclasses.replace(found, words=40)
    assert taken.counts((2, 4)) == (3, 6), "not 4 and 8: each brings its title"
    document = Document("a", "Some words here.", "a.md", None, "A long title of seven words here")
    index = open_index(tools(tmp_path), (document,))
    assert look(index, [asked(0)], SPEC).shown[1] == 3 + 7


def test_between_two_numbers_of_passages_a_length_is_credited_in_proportion():
    long = looked("hybrid", 150, [1] * 10 + [2] * 10)
    assert long.found([150, 225]) == [1.0] * 10 + [0.25] * 10
    assert long.found([75]) == [0.5] * 10 + [0.0] * 10


def test_no_length_is_compared_by_fewer_words_than_one_of_its_passages():
    """A passage of 160 words never fits 80, though dev may well show one."""
    found = settled(
        {80: [looked("hybrid", 80, [2] * 20)], 160: [looked("hybrid", 160, [1] * 20)]}, (1, 2)
    )
    assert {one["words"]: one["found"] for one in found.tried} == {80: 1.0, 160: 1.0}
    assert found.words == 80, "of equals the usual one"


def test_each_length_is_compared_with_the_retriever_that_finds_most_of_it():
    poor, good = looked("hybrid", 80, [9] * 30), looked("bm25", 80, [1] * 20 + [9] * 10)
    better = looked("bm25", 40, [2] * 30)
    found = settled({80: [poor, good], 40: [looked("hybrid", 40, [9] * 30), better]}, (1,))
    assert found.words == 40 and {one["retriever"] for one in found.tried} == {"bm25"}


def test_where_all_lengths_find_the_same_the_usual_one_stays(tmp_path):
    short = tuple(
        Document(f"p{i}", f"Fee{i} of room{i} is {i}00 coins.", f"p{i}.md", None, "")
        for i in range(30)
    )
    settle_passage_size(tools(tmp_path), view(short))
    found = Run(tmp_path).passage_size()
    assert found.words == CHUNK_WORDS and {one["found"] for one in found.tried} == {1.0}


def test_what_was_settled_is_not_settled_again(tmp_path):
    (tmp_path / PASSAGE_SIZE).write_text('{"words": 160}', encoding="utf-8")
    settle_passage_size(tools(tmp_path), view(facts()))
    assert Run(tmp_path).passage_size() == PassageSize(160)


def test_numbers_of_passages_follow_so_that_readers_see_as_many_words(tmp_path):
    effort = dataclasses.replace(SHORTER, passages=(1, 2, 3, 5))
    for words, counts in ((80, (1, 2, 3, 5)), (40, (2, 4, 6, 10)), (160, (1, 2))):
        (tmp_path / PASSAGE_SIZE).write_text(json.dumps({"words": words}), encoding="utf-8")
        assert tools(tmp_path, effort).passage_counts == counts


@pytest.mark.parametrize(
    ("n", "most", "why"), [(12, 5_000, "too few questions"), (30, 10, "more than 10 passages")]
)
def test_where_lengths_cannot_be_compared_it_says_why(tmp_path, monkeypatch, n, most, why):
    monkeypatch.setattr(passage_size, "MOST_PASSAGES", most)
    settle_passage_size(tools(tmp_path), view(facts(), n))
    found = Run(tmp_path).passage_size()
    assert found.words == CHUNK_WORDS and why in found.why and not found.tried
    assert why in sizes_tried(tools(tmp_path))["passage_size_why"]


def test_with_one_length_or_no_documents_nothing_is_compared(tmp_path):
    settle_passage_size(tools(tmp_path), dataclasses.replace(VIEW, documents=()))
    assert not (tmp_path / PASSAGE_SIZE).exists()
    settle_passage_size(tools(tmp_path, EFFORT), VIEW)
    assert Run(tmp_path).passage_size() == PassageSize()
    assert sizes_tried(tools(tmp_path)) == {}
    assert passages_of(VIEW.documents) == open_index(tools(tmp_path), VIEW.documents).chunks
