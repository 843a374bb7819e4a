"""Rows to examples: every bad row is named with file, row and a way out, all of them at once."""

import json

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.data import canonical_json, fingerprint, import_examples, unique_ids
from harness.data_columns import Columns
from harness.types import Example, TaskSpec

ANSWER = TaskSpec("desk", "answer", "Answer.", abstention="I do not know.")
PLAIN = TaskSpec("desk", "answer", "Answer.")
TEXT = TaskSpec("desk", "text", "Write.")
LABEL = TaskSpec("desk", "label", "Sort.", labels=("billing", "login"))
SCHEMA = {
    "type": "object",
    "properties": {"qty": {"type": "integer", "minimum": 1}},
    "required": ["qty"],
}
JSON = TaskSpec("desk", "json", "Extract.", schema=json.dumps(SCHEMA))


NOT_MAPPED = Columns()


def imported(folder, content, spec, columns=NOT_MAPPED, name="rows.jsonl"):
    path = folder / name
    if not isinstance(content, str):
        content = "\n".join(json.dumps(record) for record in content)
    path.write_text(content, encoding="utf-8")
    return import_examples(path, columns, spec, f"data/{name}")


def said(found):
    return [str(problem) for problem in found.problems]


# Bad rows


def test_every_bad_row_of_a_table_is_named_at_once_and_the_good_ones_are_kept(tmp_path):
    content = "text,label\nfine,billing\n,login\nno label,\nunknown,shipping\n,\na,b,c\nok,login\n"
    found = imported(tmp_path, content, LABEL, name="rows.csv")
    assert [example.question for example in found.examples] == ["fine", "ok"]
    assert sorted(said(found)) == [
        "data/rows.csv, row 3: no text",
        "data/rows.csv, row 4: no label",
        "data/rows.csv, row 5: label 'shipping' is not in the list",
        "data/rows.csv, row 7: 3 fields, the header has 2",
    ]
    assert all(problem.fix and problem.where for problem in found.problems)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("rows.csv", 'text,json\ngood,"{""qty"": 1}"\nempty,\nspaces,"  "\n'),
        ("rows.jsonl", [{"text": "good", "json": {"qty": 1}}, {"text": "empty", "json": ""},
                        {"text": "spaces", "json": "  "}]),
    ],
)  # fmt: skip
def test_a_blank_answer_of_a_json_task_is_a_gap_and_not_wrong_json(tmp_path, name, content):
    columns = Columns(question="text", answer="json")
    found = imported(tmp_path, content, JSON, columns, name)
    first = 3 if name.endswith("csv") else 2
    assert said(found) == [f"data/{name}, row {first + at}: no json" for at in range(2)]
    kept = import_examples(tmp_path / name, columns, JSON, leave_out=True)
    assert [one.question for one in kept.examples] == ["good"]
    assert kept.problems == () and len(kept.left_out) == 2


def test_a_row_without_question_and_answer_has_both_problems(tmp_path):
    found = imported(tmp_path, [{"question": " ", "answer": ""}], TEXT)
    assert said(found) == [
        "data/rows.jsonl, row 1: no question",
        "data/rows.jsonl, row 1: no answer",
    ]


def test_a_missing_column_is_one_problem_that_lists_the_columns(tmp_path):
    found = imported(tmp_path, "frage,label\na,billing\n", LABEL, Columns("text"), "rows.csv")
    assert found.examples == ()
    (problem,) = found.problems
    assert str(problem) == "data/rows.csv: there is no column 'text' (columns: frage, label)"
    assert problem.fix == "set question under [data.columns] in rungwise.toml"


def test_a_column_that_only_some_rows_have_counts_as_there(tmp_path):
    found = imported(tmp_path, [{"question": "a", "answer": "b"}, {"question": "c"}], TEXT)
    assert len(found.examples) == 1
    assert said(found) == ["data/rows.jsonl, row 2: no answer"]


def test_half_a_letter_is_refused_because_no_file_can_hold_it(tmp_path):
    rows = '{"question": "a \\ud83d", "answer": "b"}\n{"question": "\\ud83d\\ude00", "answer": "c"}'
    found = imported(tmp_path, rows, TEXT)
    assert said(found) == ["data/rows.jsonl, row 1: half a letter (a lone surrogate) in the text"]
    assert [example.question for example in found.examples] == ["\U0001f600"]
    msgspec.json.encode(found.examples)


def test_text_about_half_letters_is_fine(tmp_path):
    found = imported(tmp_path, [{"question": "What is \\ud83d?", "answer": "Half."}], TEXT)
    assert found.problems == ()


def test_a_problem_without_a_given_name_names_the_path(tmp_path):
    (problem,) = import_examples(tmp_path / "none.csv", Columns(), TEXT).problems
    assert problem.where == str(tmp_path / "none.csv")


# Answers of every shape


@pytest.mark.parametrize(
    ("answer", "references"),
    [
        ("So.", ("So.",)),
        ("  So.\n", ("So.",)),
        (["So.", " Thus. ", "So.", "", None], ("So.", "Thus.")),
        (7, ("7",)),
        (True, ("True",)),
        ({"a": "ç"}, ('{"a": "ç"}',)),
        ([["x"]], ('["x"]',)),
    ],
)
def test_answers_may_be_text_numbers_objects_or_lists_of_accepted_ones(
    tmp_path, answer, references
):
    (example,) = imported(tmp_path, [{"question": "q", "answer": answer}], TEXT).examples
    assert example.references == references


@pytest.mark.parametrize("answer", [None, []])
def test_null_and_an_empty_list_mean_that_nothing_answers_the_question(tmp_path, answer):
    row = [{"question": "q", "answer": answer}]
    (example,) = imported(tmp_path, row, ANSWER).examples
    assert not example.answerable
    found = imported(tmp_path, row, PLAIN)
    assert found.examples == ()
    assert "no abstention sentence" in found.problems[0].message
    assert "abstention" in found.problems[0].fix
    assert said(imported(tmp_path, row, TEXT)) == ["data/rows.jsonl, row 1: no answer"]


@pytest.mark.parametrize("answer", ['""', '"  "', "[null]", '[""]', "NaN"])
def test_an_empty_cell_is_a_forgotten_answer_and_never_an_unanswerable_question(tmp_path, answer):
    found = imported(tmp_path, f'{{"question": "q", "answer": {answer}}}', ANSWER)
    assert said(found) == ["data/rows.jsonl, row 1: no answer"]
    assert "abstention sentence" in found.problems[0].fix


@pytest.mark.parametrize(
    "answer", ["I do not know.", "i do not know", "Sorry: I do not know. Ask the team."]
)
def test_the_abstention_sentence_as_an_answer_marks_an_unanswerable_question(tmp_path, answer):
    (example,) = imported(tmp_path, [{"question": "q", "answer": answer}], ANSWER).examples
    assert not example.answerable


@pytest.mark.parametrize(
    ("abstention", "answer"),
    [("No", "Now"), ("Unknown", "unknowns"), ("-", "So."), ("?", "Why?"), ("n/a", "Anna")],
)
def test_an_abstention_counts_as_whole_words_only(tmp_path, abstention, answer):
    spec = TaskSpec("desk", "answer", "Answer.", abstention=abstention)
    rows = [{"question": "q", "answer": answer}, {"question": "r", "answer": abstention}]
    first, second = imported(tmp_path, rows, spec).examples
    assert first.references == (answer,)
    assert second.references == ()


# JSON answers


def test_json_answers_may_be_objects_or_text_and_become_one_compact_form(tmp_path):
    rows = [
        {"text": "a", "json": {"qty": 1}},
        {"text": "b", "json": '{ "qty":\n 2 }'},
    ]
    found = imported(tmp_path, rows, JSON)
    assert [example.references for example in found.examples] == [('{"qty":1}',), ('{"qty":2}',)]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ("{qty: 1}", "the answer is not JSON"),
        ("null", "the answer is not JSON"),
        ('{"qty": NaN}', "the answer is not JSON"),
        ("[" * 5000, "the answer is not JSON"),
        ("1" * 5000, "the answer is not JSON"),
        ("[1]", "the whole object breaks the schema: [1] is not of type 'object'"),
        ('{"qty": "one"}', "qty breaks the schema: 'one' is not of type 'integer'"),
        ('{"qty": 0}', "qty breaks the schema: 0 is less than the minimum of 1"),
        ("{}", "the whole object breaks the schema: 'qty' is a required property"),
    ],
)
def test_an_answer_that_breaks_the_schema_is_named_with_the_place(tmp_path, answer, message):
    found = imported(tmp_path, [{"text": "a", "json": answer}], JSON)
    assert said(found) == [f"data/rows.jsonl, row 1: {message}"]


def test_a_schema_that_refers_to_what_it_does_not_have_is_named(tmp_path):
    for target in ("#/definitions/order", "http://127.0.0.1:9/order.json"):
        spec = TaskSpec("desk", "json", "Extract.", schema=json.dumps({"$ref": target}))
        found = imported(tmp_path, [{"text": "a", "json": "{}"}], spec)
        assert "the schema has no definition" in found.problems[0].message


@settings(deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=8,
    )
)
def test_canonical_json_keeps_the_value_and_is_stable(value):
    text = canonical_json(value if not isinstance(value, str) else json.dumps(value))
    assert json.loads(text) == value
    assert canonical_json(text) == text


# Fields of an example


def test_all_mapped_columns_reach_the_example(tmp_path):
    row = {
        "n": 5, "q": "Why?", "a": "So.", "thread": "t1", "page": ["a.md", "b.md"],
        "must": ["7 days", " 9 % "], "channel": "email", "shop": None,
    }  # fmt: skip
    columns = Columns("q", "a", "n", "thread", "page", "must", ("channel", "shop"))
    (example,) = imported(tmp_path, [row], ANSWER, columns).examples
    assert example == Example(
        id="5",
        question="Why?",
        references=("So.",),
        context_ids=("a.md", "b.md"),
        group="t1",
        key_facts=("7 days", "9 %"),
        tags=(("channel", "email"), ("shop", "")),
    )


def test_key_facts_in_a_table_cell_are_parted_by_bars(tmp_path):
    content = "question,answer,key_facts\nq,a,7 days | 9 %|\n"
    (example,) = imported(tmp_path, content, ANSWER, name="rows.csv").examples
    assert example.key_facts == ("7 days", "9 %")


def test_without_ids_rows_are_named_by_file_and_row(tmp_path):
    found = imported(tmp_path, "question,answer\nq,a\nr,b\n", TEXT, name="rows.csv")
    assert [example.id for example in found.examples] == ["rows-2", "rows-3"]


def test_rows_that_lack_their_id_are_named_by_file_and_row(tmp_path):
    rows = [{"id": i, "question": "q", "answer": "a"} for i in ("x", None, "")]
    found = imported(tmp_path, rows, TEXT)
    assert [example.id for example in found.examples] == ["x", "rows-2", "rows-3"]


def test_repeated_ids_get_a_number_that_no_other_row_has(tmp_path):
    rows = [{"id": i, "question": "q", "answer": "a"} for i in ("a", "a~1", "a", "a", "b")]
    found = imported(tmp_path, rows, TEXT)
    assert [example.id for example in found.examples] == ["a", "a~1", "a~2", "a~3", "b"]


@settings(deadline=None)
@given(st.lists(st.sampled_from(["a", "a~1", "a~2", "b"])), st.sets(st.sampled_from("ab")))
def test_ids_are_unique_afterwards_and_free_ones_are_kept(ids, taken):
    examples = [Example(name, str(place), ("x",)) for place, name in enumerate(ids)]
    found = unique_ids(examples, taken)
    names = [example.id for example in found]
    assert len({*names, *taken}) == len(names) + len(taken)
    assert [example.question for example in found] == [example.question for example in examples]
    assert set(ids) - taken <= set(names)


def test_ten_thousand_rows_of_one_id_are_numbered_at_once():
    found = unique_ids([Example("same", str(n), ("x",)) for n in range(10_000)])
    assert found[-1].id == "same~9999"


def test_equal_content_has_an_equal_fingerprint_and_any_change_another_one():
    example = Example("a", "q", ("x",))
    assert fingerprint(LABEL, (example,)) == fingerprint(LABEL, (Example("a", "q", ("x",)),))
    others = [Example("a", "q", ("y",)), Example("a", "q", ("x",), group="g")]
    assert len({fingerprint(LABEL, (e,)) for e in (example, *others)}) == 3
    assert fingerprint((example,), ()) != fingerprint((), (example,))
