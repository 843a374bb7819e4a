"""Scripts that put no spaces between words, and the punctuation of all scripts."""

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.literal import facts_of
from harness.metrics import metrics
from harness.retrieval import evidence, holds_answer
from harness.text import holds, normalise, tokens, words_in
from harness.types import Answer, Context, Example, TaskSpec
from tests.harness.test_diagnosis import cell, look

CHINESE = TaskSpec("台", "answer", "回答。", language="zh", abstention="不知道。")
SENTENCE = "退货须在三十天内办理。"


def value(name, said, *references, facts=()):
    example = Example("e", "问", references, key_facts=facts)
    return metrics()[name].item(example, Answer("e", said), CHINESE).value


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("首都是北京。", "首 都 是 北 京"),
        ("用Python 3.5编程，30天。", "用 python 3.5 编 程 30 天"),
        ("「東京タワー」は高い！", "東 京 タ ワ ー は 高 い"),
        ("佐々木さん", "佐 々 木 さ ん"),
        # vowel and tone signs stay with their letter, a figure in Thai digits stays whole
        ("๓.๕ กม. ที่นี่", "๓.๕ ก ม ที่ นี่"),
        # scripts with spaces keep their words and lose their own marks
        ("क्या यह सही है।", "क्या यह सही है"),
        ("كم تبعد؟ ٣٫٥ كم، تقريبا", "كم تبعد ٣.٥ كم تقريبا"),
        ("¿Cuándo llega?", "cuándo llega"),
        ("서울은 수도이다.", "서울은 수도이다"),
        # nothing but marks stays, or it would equal an empty text
        ("。", "。"),
    ],
)
def test_letters_stand_alone_where_a_script_has_no_spaces_and_every_script_has_marks(text, words):
    assert normalise(text, "zh") == words
    assert tokens(text, "zh") == words.split()


@settings(deadline=None)
@given(st.text("北京はアー々ที่ม๓ab3 .。、?¿।؟「」", max_size=30))
def test_normalising_any_script_twice_changes_nothing_and_every_text_holds_itself(text):
    assert normalise(normalise(text)) == normalise(text)
    assert holds(text, text)


@pytest.mark.parametrize(
    ("text", "part", "held"),
    [
        ("首都是北京。", "北京", True),
        ("首都是北京。", "北京！", True),
        ("首都是北京。", "京北", False),
        ("请用iPhone付款", "iphone", True),
        ("请用iPhone付款", "phone", False),
        ("退货期为130天", "30天", False),
        ("退货期为 30 天", "30天", True),
        ("ราคา 100 บาทต่อคืน", "100บาท", True),
        ("はい、東京です。", "東京", True),
    ],
)
def test_letters_in_their_order_are_held_and_foreign_words_and_figures_only_whole(text, part, held):
    assert holds(text, part, "zh") is held


def test_scores_of_answers_without_spaces_are_between_nothing_and_all():
    half = "退货须在七天内办理。"
    assert value("exact_match_score", "北京。", "北京") == 1
    assert value("contains_score", "首都是北京。", "北京") == 1
    # 10 letters and 9, of which 8 in the same order
    assert value("token_f1_score", half, SENTENCE) == pytest.approx(2 * 8 / 19)
    assert value("rouge_l_score", half, SENTENCE) == pytest.approx(2 * 8 / 19)
    assert value("fact_score", SENTENCE, "x", facts=("三十天", "免费")) == 0.5
    assert value("fact_score", "对不起，不知道") == 1


def test_what_a_passage_must_hold_is_found_inside_its_clauses():
    short, sentence = (Example("e", "问", (text,)) for text in ("三十天内", SENTENCE * 2))
    passage = Context("a.md", f"条款：{SENTENCE}", 0.5)
    assert evidence(short, CHINESE) == [[" 三 十 天 内 "]]
    assert holds_answer(short, [passage], CHINESE) is True
    # a clause of many letters is a sentence, not a short answer
    assert evidence(sentence, CHINESE) == []


def test_copies_of_passages_are_told_from_short_quotations():
    passage = Context("a.md", "退货须在三十天内办理，邮费由买家承担，特殊商品除外。", 0.5)
    heldout = [Example(f"h{at}", "问", ("不可以退货。",)) for at in range(2)]
    texts = ("三十天内办理", "退货须在三十天内办理，邮费由买家承担")
    answers = [
        Answer(e.id, text, contexts=(passage,)) for e, text in zip(heldout, texts, strict=True)
    ]
    spec = dataclasses.replace(CHINESE, metric="exact_match_score")
    found = look(spec, heldout, [cell("rag", answers)]).rungs["rag"]
    assert found.form.copied.mean == 0.5


def test_short_answers_are_looked_for_in_documents_as_retrieval_looks_for_them():
    texts = ("七个工作日之内", "退货须在三十天内办理，邮费由买家承担")
    assert facts_of(Example("e", "问", texts)) == texts[:1]


def test_two_letters_of_such_a_script_count_as_a_word():
    assert [words_in(normalise(text)) for text in ("", "北京", "北京市", "用Python编程")] == [
        0, 1, 2, 3,
    ]  # fmt: skip
    assert words_in(normalise("within 4.5 days")) == 3
