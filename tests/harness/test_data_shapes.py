"""Each layout of the field's tools, as its own documentation spells it, comes out as question and
answer."""

import json

import pytest

from harness.data import import_examples
from harness.data_columns import Columns
from harness.data_shapes import ALONE, BEFORE, unpack_records
from harness.types import TaskSpec

SPEC = TaskSpec("desk", "answer", "Answer.", abstention="I do not know.")


def imported(tmp_path, records, ending=".jsonl"):
    path = tmp_path / f"rows{ending}"
    lines = "\n".join(json.dumps(record) for record in records)
    path.write_text(lines if ending == ".jsonl" else json.dumps(records), encoding="utf-8")
    return import_examples(path, Columns(), SPEC, path.name)


def pair(tmp_path, record):
    found = imported(tmp_path, [record])
    assert found.problems == ()
    (example,) = found.examples
    return example.question, example.references


def user(text):
    return {"role": "user", "content": text}


def assistant(text):
    return {"role": "assistant", "content": text}


SHAPES = {
    "question and answer": {"question": "Why?", "answer": "So."},
    "alpaca": {"instruction": "Why?", "input": "", "output": "So."},
    "alpaca without input": {"instruction": "Why?", "output": "So."},
    "gpteacher": {"instruction": "Why?", "input": "", "response": "So."},
    "oasst": {"INSTRUCTION": "Why?", "RESPONSE": "So."},
    "openorca": {"system_prompt": "Be kind.", "question": "Why?", "response": "So."},
    "chat": {"messages": [user("Why?"), assistant("So.")]},
    "chat in a text column": {"text": [user("Why?"), assistant("So.")]},
    "sharegpt": {
        "conversations": [{"from": "human", "value": "Why?"}, {"from": "gpt", "value": "So."}],
        "system": "",
        "tools": "",
    },
    "prompt and completion": {"prompt": "Why?", "completion": "So."},
    "prompt and completion as messages": {
        "prompt": [user("Why?")],
        "completion": [assistant("So.")],
    },
    "kiln": {"input": "Why?", "output": "So.", "reasoning": "", "tags": "a,b"},
    "article and summary": {"article": "Why?", "summary": "So."},
    "context qa": {"article": "Long ago.", "question": "Why?", "answer": "So."},
    "message pair": {"message_1": "Why?", "message_2": "So."},
    "ragas": {"user_input": "Why?", "reference": "So.", "retrieved_contexts": ["x"]},
    "ragas 0.1": {"question": "Why?", "ground_truth": "So.", "contexts": ["x"]},
    "deepeval": {"input": "Why?", "expected_output": "So."},
    "inspect": {"input": "Why?", "target": "So."},
    "autorag": {"query": "Why?", "generation_gt": ["So."], "retrieval_gt": [["d1"]]},
    "squad, flat": {
        "title": "T",
        "context": "So it is.",
        "question": "Why?",
        "answers": {"text": ["So.", "So."], "answer_start": [0, 0]},
    },
}


@pytest.mark.parametrize("record", SHAPES.values(), ids=SHAPES.keys())
def test_a_known_layout_gives_the_question_and_the_answer(tmp_path, record):
    assert pair(tmp_path, record) == ("Why?", ("So.",))


INSTRUCTED = {
    "alpaca": {"instruction": "Be kind.", "input": "Why?", "output": "So."},
    "alpaca with a system text": {"instruction": "Why?", "output": "So.", "system": "Be kind."},
    "chat": {
        "messages": [{"role": "system", "content": "Be kind."}, user("Why?"), assistant("So.")]
    },
    "chat with a developer's message": {
        "messages": [{"role": "developer", "content": "Be kind."}, user("Why?"), assistant("So.")]
    },
    "sharegpt": {
        "conversations": [{"from": "human", "value": "Why?"}, {"from": "gpt", "value": "So."}],
        "system": "Be kind.",
    },
}


@pytest.mark.parametrize("record", INSTRUCTED.values(), ids=INSTRUCTED.keys())
def test_an_instruction_stands_before_its_question_and_both_can_be_had_alone(tmp_path, record):
    assert pair(tmp_path, record) == ("Be kind.\nWhy?", ("So.",))
    (row,) = unpack_records(record)
    assert (row[BEFORE], row[ALONE]) == ("Be kind.", "Why?")


def test_alpaca_joins_instruction_and_input_as_its_own_prompt_does(tmp_path):
    record = {"instruction": "Translate.", "input": "hello", "output": "hallo"}
    assert pair(tmp_path, record) == ("Translate.\nhello", ("hallo",))


@pytest.mark.parametrize("history", [[["Hi", "Hello"]], ["Hi", "Hello"]])
def test_alpaca_puts_earlier_turns_before_the_instruction_with_who_spoke(tmp_path, history):
    record = {"instruction": "And now?", "input": "Here.", "output": "Later.", "history": history}
    asked = "User: Hi\nAssistant: Hello\nUser: And now?\nHere."
    assert pair(tmp_path, record) == (asked, ("Later.",))


def test_alpaca_in_a_table_is_read_as_alpaca_too(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("instruction,input,output\nTranslate.,hello,hallo\n", encoding="utf-8")
    (example,) = import_examples(path, Columns(), SPEC).examples
    assert (example.question, example.references) == ("Translate.\nhello", ("hallo",))


def test_an_alpaca_output_that_is_an_object_is_kept_as_json(tmp_path):
    question, references = pair(tmp_path, {"instruction": "Who?", "output": {"name": "Ada"}})
    assert (question, references) == ("Who?", ('{"name": "Ada"}',))


def test_the_last_turn_is_the_answer_and_the_earlier_ones_are_the_question_with_who_spoke(tmp_path):
    turns = [user("Hi"), assistant("Hello"), user("Where is it?"), assistant("Here.")]
    asked = "User: Hi\nAssistant: Hello\nUser: Where is it?"
    assert pair(tmp_path, {"messages": turns}) == (asked, ("Here.",))
    told = [{"role": "system", "content": "Be kind."}, *turns]
    assert pair(tmp_path, {"messages": told}) == (f"Be kind.\n{asked}", ("Here.",))
    (row,) = unpack_records({"messages": told})
    assert (row[BEFORE], row[ALONE]) == ("Be kind.", asked)


def test_a_pair_of_answers_has_the_same_question_as_a_chat(tmp_path):
    turns = [user("Hi"), assistant("Hello"), user("Where is it?")]
    (row,) = unpack_records(
        {"chosen": [*turns, assistant("Here.")], "rejected": [*turns, assistant("There.")]}
    )
    assert row["question"] == "User: Hi\nAssistant: Hello\nUser: Where is it?"


@pytest.mark.parametrize(
    "turns",
    [
        [
            user("Weather?"),
            {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]},
            {"role": "tool", "content": "sunny"},
            assistant("It is sunny."),
        ],
        [
            {"from": "human", "value": "Weather?"},
            {"from": "function_call", "value": '{"name": "weather"}'},
            {"from": "observation", "value": "sunny"},
            {"from": "gpt", "value": "It is sunny."},
        ],
    ],
)
def test_calls_of_tools_are_passed_over_and_what_came_of_them_is_shown(tmp_path, turns):
    asked = "User: Weather?\nTool: sunny"
    assert pair(tmp_path, {"messages": turns}) == (asked, ("It is sunny.",))


def test_parts_of_a_text_are_joined(tmp_path):
    parts = [{"type": "text", "text": "Why?"}, {"type": "input_text", "text": "Tell me."}]
    turns = [user(parts), assistant([{"type": "text", "text": "So."}])]
    assert pair(tmp_path, {"messages": turns}) == ("Why?\nTell me.", ("So.",))


def test_what_is_no_text_and_who_is_not_known_are_problems_all_at_once(tmp_path):
    picture = {"type": "image_url", "image_url": {"url": "https://far.example/a.png"}}
    sound = [{"type": "text", "text": "Hear:"}, {"type": "input_audio", "input_audio": {}}]
    rows = [
        SHAPES["chat"],
        {"messages": [user([picture]), {"role": "critic", "content": "No."}, assistant("So.")]},
        {"messages": [user(sound), assistant("So.")]},
        {"messages": [{"content": "Why?"}, user(7), assistant([None]), "So.", "And so."]},
    ]
    found = imported(tmp_path, rows)
    assert len(found.examples) == 1 and all(problem.fix for problem in found.problems)
    assert [str(problem) for problem in found.problems] == [
        "rows.jsonl, row 2: turn 1 has a part of type 'image_url' that is no text",
        "rows.jsonl, row 2: turn 2 has the unknown role 'critic'",
        "rows.jsonl, row 3: turn 1 has a part of type 'input_audio' that is no text",
        "rows.jsonl, row 4: turn 1 has no role",
        "rows.jsonl, row 4: turn 2 has a content that is no text",
        "rows.jsonl, row 4: turn 3 has a part that is no text",
        "rows.jsonl, row 4: turn 4 is no message",
    ]
    assert found.problems[1].fix == "name it one of user, assistant, system, tool"


@pytest.mark.parametrize(
    "turns",
    [
        [user("Why?")],
        [user("Why?"), {"role": "assistant", "content": None}],
        [user("Why?"), assistant("So."), user("Really?")],
    ],
)
def test_a_chat_without_a_last_answer_is_a_problem_and_never_unanswerable(tmp_path, turns):
    found = imported(tmp_path, [{"messages": turns}, SHAPES["chat"]])
    assert len(found.examples) == 1
    assert [str(problem) for problem in found.problems] == ["rows.jsonl, row 1: no answer"]


def test_other_columns_of_a_chat_row_stay(tmp_path):
    (row,) = unpack_records({**SHAPES["chat"], "id": "c1", "group": "g"})
    assert row == {"id": "c1", "group": "g", "question": "Why?", "answer": "So."}


SQUAD = {
    "version": "v2.0",
    "data": [
        {
            "title": "Bread",
            "paragraphs": [
                {
                    "context": "Bread is baked.",
                    "qas": [
                        {
                            "id": "q1",
                            "question": "What is baked?",
                            "answers": [
                                {"text": "Bread", "answer_start": 0},
                                {"text": "Bread", "answer_start": 0},
                                {"text": "bread loaves", "answer_start": 0},
                            ],
                        },
                        {
                            "id": "q2",
                            "question": "Who bakes?",
                            "is_impossible": True,
                            "answers": [],
                            "plausible_answers": [{"text": "Bread", "answer_start": 0}],
                        },
                    ],
                }
            ],
        }
    ],
}


def test_squad_gives_one_row_a_question_with_all_distinct_answers(tmp_path):
    found = imported(tmp_path, SQUAD, ".json")
    assert found.problems == ()
    first, second = found.examples
    assert (first.id, first.question, first.references) == (
        "q1",
        "What is baked?",
        ("Bread", "bread loaves"),
    )
    assert first.context_ids == ("Bread",)
    assert (second.id, second.references, second.answerable) == ("q2", (), False)


@pytest.mark.parametrize(
    "record",
    [
        {"paragraphs": [5]},
        {"paragraphs": [{"qas": [{"question": "q", "answers": "text"}]}]},
        {"question": "q", "answers": {"text": None}},
        {"instruction": "q", "history": 5, "output": "a"},
    ],
)
def test_a_broken_known_layout_is_a_problem_with_its_row(tmp_path, record):
    found = imported(tmp_path, [SHAPES["chat"], record])
    assert [problem.where for problem in found.problems] == ["rows.jsonl, row 2"]
    assert len(found.examples) == 1


def test_an_unknown_layout_is_left_as_it_is():
    record = {"a": 1, "b": [1, 2], "answers": ["x"], "text": "plain", "prompt": ["not a chat"]}
    assert list(unpack_records(record)) == [record]
