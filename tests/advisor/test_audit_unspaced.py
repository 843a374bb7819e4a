"""Rows whose script puts no spaces between words."""

import pytest

from advisor.audit.answers import answered_alike
from advisor.audit.finders import answer_not_in_documents
from advisor.audit.finding import Material
from harness.types import Example, TaskSpec
from rag.types import Document

CHINESE = TaskSpec("台", "answer", "回答。", language="zh", abstention="不知道。")


def row(name, answer):
    return Example(name, f"{name}?", (answer,))


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("退货须在三十天内办理。", "退货须在三十天内办理", True),
        ("退货须在三十天内办理，运费由买家承担。", "退货须在三十天内办理，运费由买方承担", True),
        ("退货须在三十天内办理。", "换货须在七天内办理。", False),
        # the same letters in another order say something else
        ("甲方向乙方付款", "乙方向甲方付款", False),
    ],
)
def test_answers_are_alike_by_letters_in_their_order(one, other, alike):
    assert answered_alike(row("a", one), row("b", other), CHINESE) is alike


def test_a_short_answer_inside_a_clause_stands_in_its_document():
    page = Document("a.md", "退货须在三十天内办理。", "a.md", None, "")
    rows = (row("there", "三十天内"), row("nowhere", "七天"))
    material = Material(
        spec=CHINESE, problems=(), examples=rows, learning=rows, heldout=(), leaked=(),
        documents=(page,), context_tokens=2048,
    )  # fmt: skip
    (found,) = answer_not_in_documents.FINDER.find(material)
    assert found.rows == ("nowhere",)
