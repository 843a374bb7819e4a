import pytest

from harness.edited import REWRITTEN, changed_facts
from harness.errors import UserError
from harness.probe import Ground
from harness.types import Example, TaskSpec
from rag.types import Document

SPEC = TaskSpec("desk", "answer", "Answer.", metric="fact_score")
TEXT = (
    "# Visits\n\nThe tour takes 45 minutes and is free.\n\n| Bus | every 20 minutes |\n\n"
    "We close at 6 pm."
)


def page(text: str, source: str = "a.md") -> Document:
    return Document(source, text, source, None, source)


def asks(key: str, *facts: str, doc: str = "a.md") -> Example:
    return Example(key, f"What of {key}?", (facts[0],), (doc,) if doc else (), key_facts=facts)


def compared(edited: str, *rows: Example, count: int = 9, before: str = TEXT):
    ground = Ground(SPEC, (page(before), page("Nothing.", "b.md")), rows)
    return changed_facts(ground, [page(edited), page("Nothing.", "b.md")], count)


@pytest.mark.parametrize(
    ("old", "new", "fact", "said"),
    [
        ("45 minutes", "an hour", "45 minutes", "an hour"),
        ("takes 45", "now takes 50", "45 minutes", "50 minutes"),
        ("every 20 minutes", "every 15 minutes", "20 minutes", "15 minutes"),
        ("6 pm", "half past seven", "6 pm", "half past seven"),
        ("free", "£3.50 a head", "free", "£3.50 a head"),
    ],
)
def test_what_stands_in_a_facts_place_is_the_new_fact(old, new, fact, said):
    found = compared(TEXT.replace(old, new), asks("q", fact))
    (one,) = found.planted
    assert (one.source, one.query_ids, one.old, one.new) == ("a.md", ("q",), fact, said)
    assert found.documents[0].text == TEXT.replace(old, new) and found.left_out == {}


def test_facts_that_stay_are_no_changes_and_lines_that_move_do_not_matter():
    lines = TEXT.replace("45 minutes", "50 minutes").split("\n\n")
    moved = "\n\n".join(["A new line.", *reversed(lines)])
    rows = [asks("tour", "45 minutes"), asks("bus", "20 minutes"), asks("close", "6 pm")]
    found = compared(moved, *rows)
    assert [(one.old, one.new) for one in found.planted] == [("45 minutes", "50 minutes")]


def test_a_line_that_was_there_before_is_not_the_edited_one():
    before = "Step 3 takes 3 days.\n\nStep 43 takes 43 days."
    edited = "Step 3 takes 3 days.\n\nStep 43 takes about two months."
    (one,) = compared(edited, asks("q", "43 days"), before=before).planted
    assert one.new == "about two months"


def test_questions_on_one_fact_share_it_and_no_more_than_asked_for_are_taken():
    edited = TEXT.replace("45", "50").replace("6 pm", "8 pm")
    rows = [asks("a", "45 minutes"), asks("b", "45 minutes"), asks("c", "6 pm")]
    assert [one.query_ids for one in compared(edited, *rows).planted] == [("a", "b"), ("c",)]
    assert len(compared(edited, *rows, count=1).planted) == 1


def test_a_passage_that_is_gone_is_counted_and_not_guessed_at():
    edited = TEXT.replace("The tour takes 45 minutes and is free.", "Ask at the desk.")
    found = compared(edited.replace("6 pm", "8 pm"), asks("a", "45 minutes"), asks("c", "6 pm"))
    assert [one.old for one in found.planted] == ["6 pm"] and found.left_out == {REWRITTEN: 1}


def test_a_question_is_left_out_once_and_only_where_none_of_its_facts_was_changed():
    edited = TEXT.replace("The tour takes 45 minutes and is free.", "Ask at the desk.")
    edited = edited.replace("6 pm", "8 pm")
    changed, gone = asks("a", "45 minutes", "6 pm"), asks("b", "45 minutes", "free")
    found = compared(edited, changed, gone)
    assert [one.query_ids for one in found.planted] == [("a",)]
    assert found.left_out == {REWRITTEN: 1}, "b, once"


def test_copies_without_a_change_and_other_files_are_refused_with_the_reason():
    with pytest.raises(UserError, match="no fact that a held-out question asks for has changed"):
        compared(TEXT, asks("a", "45 minutes"))
    ground = Ground(SPEC, (page(TEXT),), (asks("a", "45 minutes"),))
    with pytest.raises(UserError) as refused:
        changed_facts(ground, [page(TEXT, "other.md")], 9)
    assert "a.md" in refused.value.problems[0].fix
