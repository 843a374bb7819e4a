"""Preference pairs from files: every form of the field, every fault with its row, no leaks."""

import json

import pytest

from harness.data_columns import PairColumns, looks_like_pairs
from harness.preferences import blind, cut_pairs, import_preferences, why_not
from harness.task import Sources, load_task
from harness.types import Example, Preference, Preferences, TaskSpec

SPEC = TaskSpec("desk", "answer", "Answer.")
WANTED = ("Where is it?", "It is on its way.", "No idea.")


def user(text):
    return {"role": "user", "content": text}


def assistant(text):
    return {"role": "assistant", "content": text}


Q, C, R = WANTED
FORMS = {
    "flat": {"prompt": Q, "chosen": C, "rejected": R},
    "own names": {"Question": Q, "preferred": C, "dispreferred": R},
    "alpaca": {"instruction": "Where", "input": "is it?", "chosen": C, "rejected": R},
    "chat": {"prompt": [user(Q)], "chosen": [assistant(C)], "rejected": [assistant(R)]},
    "whole chats": {"chosen": [user(Q), assistant(C)], "rejected": [user(Q), assistant(R)]},
    "sharegpt": {
        "conversations": [{"from": "human", "value": Q}],
        "chosen": {"from": "gpt", "value": C},
        "rejected": {"from": "gpt", "value": R},
    },
    "text prompt and turns": {"prompt": Q, "chosen": [assistant(C)], "rejected": [assistant(R)]},
    "autotrain": {"prompt": Q, "text": C, "rejected_text": R},
}


def written(folder, rows, name="pairs.jsonl"):
    file = folder / name
    file.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return file


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_the_field_gives_the_same_pair(form, tmp_path):
    found = import_preferences(written(tmp_path, [FORMS[form]]), PairColumns(), "pairs.jsonl")
    assert found.problems == ()
    (pair,) = found.pairs
    question = " ".join(pair.question.split())
    assert (question, pair.chosen, pair.rejected) == WANTED
    assert pair.id == "pairs-1"


def test_a_table_of_pairs_is_read_as_well(tmp_path):
    (tmp_path / "p.csv").write_text(f"question;chosen;rejected\n{Q};{C};{R}\n", encoding="utf-8")
    (pair,) = import_preferences(tmp_path / "p.csv", PairColumns()).pairs
    assert (pair.question, pair.chosen, pair.rejected) == WANTED


def test_columns_that_the_user_names_are_taken(tmp_path):
    file = written(tmp_path, [{"ask": Q, "good": C, "bad": R, "thread": "t1"}])
    found = import_preferences(file, PairColumns("ask", "good", "bad", group="thread"))
    assert found.pairs[0].group == "t1" and found.problems == ()


def test_all_faults_are_said_at_once_each_with_its_row_and_a_fix(tmp_path):
    rows = [
        {"prompt": Q, "chosen": C, "rejected": R},
        {"prompt": Q, "chosen": C, "rejected": f" {C} "},
        {"prompt": Q, "chosen": "", "rejected": R},
        {"prompt": Q, "chosen": C, "rejected": "  "},
        {"prompt": "", "chosen": "", "rejected": None},
        {"prompt": Q, "chosen": "half \ud83d", "rejected": R},
    ]
    file = written(tmp_path, rows)
    with file.open("a", encoding="utf-8") as more:
        more.write("\nnot JSON\n")
    found = import_preferences(file, PairColumns(), "pairs.jsonl")
    said = [str(problem) for problem in found.problems]
    assert len(found.pairs) == 1 and all(problem.fix for problem in found.problems)
    assert said == [
        "pairs.jsonl, row 7: not JSON (Expecting value)",
        "pairs.jsonl, row 2: chosen and rejected are the same",
        "pairs.jsonl, row 3: no chosen",
        "pairs.jsonl, row 4: no rejected",
        "pairs.jsonl, row 5: no prompt",
        "pairs.jsonl, row 5: no chosen",
        "pairs.jsonl, row 5: no rejected",
        "pairs.jsonl, row 6: half a letter (a lone surrogate) in the text",
    ]


def test_columns_that_are_missing_are_named_with_the_section_to_write_them_in(tmp_path):
    file = written(tmp_path, [{"ask": Q, "good": C}])
    found = import_preferences(file, PairColumns("", "better", ""), "pairs.jsonl")
    said = {problem.message: problem.fix for problem in found.problems}
    assert set(said) == {
        "there is no column 'better' (columns: ask, good)",
        "no column looks like the question (columns: ask, good)",
        "no column looks like the rejected (columns: ask, good)",
    }
    assert all("[data.preference_columns]" in fix for fix in said.values())


def test_conversations_that_differ_before_their_last_turn_are_refused_with_their_row(tmp_path):
    other = [user("Who?"), assistant(R)]
    file = written(tmp_path, [{"chosen": [user(Q), assistant(C)], "rejected": other}])
    (problem,) = import_preferences(file, PairColumns(), "pairs.jsonl").problems
    assert "differ before their last turn" in problem.message and "row 1" in problem.where


def test_a_file_of_examples_is_no_file_of_pairs():
    assert looks_like_pairs(["prompt", "chosen", "rejected"])
    assert not looks_like_pairs(["prompt", "completion"])
    assert not looks_like_pairs(["chosen", "rejected"])


def pair(i, question="", group=""):
    return Preference(f"p{i}", question or f"Question {i}?", f"good {i}", f"bad {i}", group)


def test_pairs_whose_question_or_group_is_held_out_are_left_out_and_kept_for_the_record():
    heldout = [Example("h", "question  3?", ("x",)), Example("g", "Other", ("y",), group="g1")]
    pairs = [*(pair(i) for i in range(40)), pair(90, group="g1")]
    found = cut_pairs(pairs, [], heldout, 0)
    assert {one.id for one in found.leaked} == {"p3", "p90"}
    parts = found.parts
    used = [*parts.train, *parts.dev, *parts.heldout]
    assert len(used) == len({one.id for one in used}) == 39


def test_pairs_of_one_question_or_group_stay_together_and_the_split_is_the_same_each_time():
    pairs = [pair(i, f"Question {i // 4}?", f"g{i // 8}") for i in range(160)]
    parts = cut_pairs(pairs, [], [], 0).parts
    where = {}
    for name in ("train", "dev", "heldout"):
        for one in getattr(parts, name):
            assert where.setdefault(one.group, name) == name
    assert parts == cut_pairs(pairs, [], [], 0).parts
    assert len(parts.heldout) == 40 and 10 <= len(parts.dev) <= 24 and len(parts.train) >= 96


def test_what_is_measured_on_was_not_trained_on_as_examples_where_that_can_be():
    learned = [Example(f"e{i}", f"Question {i}?", ("a",)) for i in range(60)]
    parts = cut_pairs([pair(i) for i in range(100)], learned, [], 0).parts
    assert not {one.question for one in parts.heldout} & {one.question for one in learned}
    everything = [Example(f"e{i}", f"Question {i}?", ("a",)) for i in range(100)]
    assert len(cut_pairs([pair(i) for i in range(100)], everything, [], 0).parts.heldout) == 25


def test_too_few_pairs_say_how_many_there_are_and_how_many_are_needed():
    assert why_not(Preferences()) == "the project has no preference pairs"
    assert "5 preference pairs are left" in why_not(Preferences(tuple(map(pair, range(5)))))
    some = tuple(map(pair, range(20)))
    assert why_not(Preferences(some, some, some)) == ""


@pytest.mark.parametrize("groups", [1, 3, 6])
def test_pairs_of_so_few_questions_that_none_can_be_set_aside_are_refused_before_training(groups):
    pairs = [pair(i, f"Question {i % groups}?") for i in range(300)]
    assert "so few questions or groups" in why_not(cut_pairs(pairs, [], [], 0).parts)


def test_a_held_out_pair_does_not_show_which_answer_is_the_better_one():
    one, turned = Preference("a", "Q", "x", "y"), Preference("a", "Q", "y", "x")
    assert blind([one]) == blind([turned])


def test_a_task_holds_its_pairs_and_has_another_fingerprint_than_without(tmp_path):
    rows = [{"question": f"Question {i}?", "answer": f"{i}"} for i in range(60)]
    examples = written(tmp_path, rows, "examples.jsonl")
    pairs = [{"prompt": f"Question {i}?", "chosen": "a", "rejected": "b"} for i in range(30, 120)]
    file = written(tmp_path, pairs)
    alone = load_task(SPEC, Sources(tmp_path, examples))
    found = load_task(SPEC, Sources(tmp_path, examples, preferences=file))
    assert found.problems == () and len(found.pairs) == 90
    assert alone.task.preferences == Preferences()
    assert found.task.fingerprint != alone.task.fingerprint
    asked = {example.question for example in found.task.heldout}
    parts = found.task.preferences
    used = [*parts.train, *parts.dev, *parts.heldout]
    assert not asked & {one.question for one in used}
    assert len(used) + len(found.leaked_pairs) == 90 and found.leaked_pairs
    few = load_task(SPEC, Sources(tmp_path, examples, preferences=file, max_preferences=40))
    parts = few.task.preferences
    assert len(parts.train) + len(parts.dev) + len(parts.heldout) == 40
