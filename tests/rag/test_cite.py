import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.cite import cite

WARRANTY = "[Warranty]\nEvery machine has a warranty of 24 months from delivery."
RETURNS = "[Returns]\nUnopened goods can be returned within 14 days."
OPENING = "[Opening hours]\nThe shop opens at nine."


def test_the_passage_that_holds_the_answer_is_cited():
    passages = [OPENING, RETURNS, WARRANTY]
    assert cite("The warranty lasts 24 months from delivery.", passages) == (2,)


def test_an_answer_that_no_passage_supports_cites_nothing():
    assert cite("Penguins live in Antarctica.", [WARRANTY, RETURNS]) == ()


def test_a_wrong_figure_alone_is_not_support():
    assert cite("36", [WARRANTY, RETURNS]) == ()
    assert cite("24", [WARRANTY, RETURNS]) == (0,)


def test_passages_of_equal_support_are_all_cited_in_their_order():
    assert cite("within 14 days", [RETURNS, WARRANTY, RETURNS]) == (0, 2)


def test_the_strongest_comes_first_and_a_much_weaker_one_is_left_out():
    words = [f"word{i}" for i in range(10)]
    passages = [" ".join(words[:6]), " ".join(words[:9]), " ".join(words)]
    assert cite(" ".join(words), passages) == (2, 1)


def test_letter_case_and_marks_do_not_matter():
    assert cite("WARRANTY: 24 MONTHS!", [WARRANTY]) == (0,)


@pytest.mark.parametrize(("answer", "passage"), [
    ("iade", "İade süresi 14 gündür."),
    ("ışık açık", "IŞIK AÇIK KALMALI"),
    ("सामान वापस करने", "सामान वापस करने की अवधि 14 दिन है"),
    ("退货期限是十四天", "退货的期限是十四天。"),
    ("คืนสินค้าได้", "ลูกค้าคืนสินค้าได้ภายใน 14 วัน"),
    ("iPhone 保修", "购买iPhone时有保修服务"),
    ("14,50", "It costs 14.50."),
])  # fmt: skip
def test_words_are_compared_as_search_compares_them_in_any_language(answer, passage):
    assert cite(answer, ["Nothing of it. 其他内容在这里。", passage]) == (1,)


def test_short_words_are_no_support():
    assert cite("the of at a to", [OPENING]) == ()


@pytest.mark.parametrize("answer", ["", " ", "?!", "a b c"])
def test_an_answer_without_telling_words_cites_nothing(answer):
    assert cite(answer, [WARRANTY]) == ()


def test_without_passages_there_is_nothing_to_cite():
    assert cite("The warranty lasts 24 months.", []) == ()


def test_how_much_support_is_enough_can_be_set():
    answer = "warranty months penguins antarctica"
    assert cite(answer, [WARRANTY], least=0.6) == ()
    assert cite(answer, [WARRANTY], least=0.5) == (0,)


@settings(deadline=None)
@given(st.text(max_size=60), st.lists(st.text(max_size=60), max_size=6))
def test_citations_are_distinct_indices_of_passages(answer, passages):
    found = cite(answer, passages)
    assert len(set(found)) == len(found)
    assert all(0 <= index < len(passages) for index in found)


@settings(deadline=None)
@given(st.lists(st.sampled_from(["warranty", "months", "2024", "returns"]), min_size=1))
def test_an_answer_copied_from_a_passage_cites_it(words):
    assert 1 in cite(" ".join(words), ["nothing of it", f"{' '.join(words)} and more", "other"])
