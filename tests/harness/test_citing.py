"""What answers rest on, counted by hand on small sets."""

import dataclasses

import pytest

from harness.diagnosis.citing import sources_named
from harness.types import Answer, Context
from tests.harness.test_diagnosis import ASK, RIGHT, SORRY, WRONG, cell, item, look, open_item

FEES = Context("fees.md", "It takes 5 days and costs nothing.", 0.7, "Fees & terms")
OTHER = Context("page", "Unlike it.", 0.6, "Other")
ITEMS = [*(item(i, page="fees.md") for i in range(6)), open_item(6)]


def answer(i: int, text: str, contexts=(FEES, OTHER), citations=(0,)) -> Answer:
    return Answer(f"h{i}", text, contexts, citations)


@pytest.fixture(scope="module")
def found():
    answers = [
        answer(0, f"{RIGHT} [Fees & Terms]"),
        answer(1, f"{RIGHT} [fees.md]", citations=(0, 1)),
        answer(2, f"{WRONG} [Prices]", citations=(1,)),
        answer(3, f"{WRONG} [1]", citations=()),
        answer(4, SORRY, citations=()),
        answer(5, RIGHT, contexts=(OTHER,), citations=()),
        answer(6, "It is Ada. [Other]", citations=(1,)),
    ]
    return look(ASK, ITEMS, [cell("rag", answers)]).rungs["rag"].citations


def test_an_answer_that_rests_on_no_passage_is_counted_unless_it_abstains(found):
    assert (found.unsupported.mean, found.unsupported.n) == (pytest.approx(2 / 6), 6)


def test_precision_is_of_cited_passages_and_recall_of_right_ones_that_were_there(found):
    assert (found.right.mean, found.right.n) == (pytest.approx((1 + 0.5 + 0) / 3), 3)
    assert (found.cited.mean, found.cited.n) == (pytest.approx(2 / 5), 5)


def test_a_source_that_is_named_is_stray_where_it_was_not_before_the_model(found):
    assert (found.named.mean, found.named.n) == (pytest.approx(4 / 6), 6)
    assert (found.stray.mean, found.stray.n) == (pytest.approx(1 / 4), 4)


def test_a_rung_without_passages_cites_nothing(found):
    silent = [dataclasses.replace(answer(i, RIGHT), contexts=(), citations=()) for i in range(7)]
    assert look(ASK, ITEMS, [cell("prompt", silent)]).rungs["prompt"].citations is None


def test_a_list_in_a_json_answer_names_no_source():
    spec = dataclasses.replace(ASK, kind="json", schema="{}", metric="json_exact_score")
    answers = [answer(i, '{"colours": ["red", "blue"]}') for i in range(3)]
    items = [dataclasses.replace(e, references=('{"colours":["red"]}',)) for e in ITEMS[:3]]
    assert look(spec, items, [cell("rag", answers)]).rungs["rag"].citations is None


def test_where_no_right_passage_can_be_told_only_support_is_counted():
    free = [dataclasses.replace(e, context_ids=(), key_facts=(), references=("a " * 9,))
            for e in ITEMS[:3]]  # fmt: skip
    cited = look(ASK, free, [cell("rag", [answer(i, RIGHT) for i in range(3)])])
    one = cited.rungs["rag"].citations
    assert one.right.n == one.cited.n == 0 and one.right.mean is None


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Yes. [Fees] and [ Terms ]", ("Fees", "Terms")),
        ("See [1], [] and [\n]", ()),
        ("[[Fees]]", ("Fees",)),
        ("[" * 500, ()),
        ("no brackets", ()),
    ],
)
def test_what_stands_in_square_brackets_is_a_source_and_a_number_is_none(text, names):
    assert sources_named(text) == names


def test_scores_of_questions_with_an_answer_stand_apart_from_those_without():
    answers = [answer(i, RIGHT if i < 3 else WRONG) for i in range(6)] + [answer(6, SORRY)]
    told = look(ASK, ITEMS, [cell("rag", answers)]).rungs["rag"].abstention
    assert (told.answerable.mean, told.answerable.n) == (0.5, 6)
    assert (told.answered_anyway.mean, told.answered_anyway.n) == (0.0, 1)
