import json

import pytest

from harness.data_columns import ALIASES, Columns, PairColumns, check, complete, detect
from harness.task import Sources, load_task
from harness.types import TaskSpec


def test_the_most_telling_name_wins_and_letter_case_and_spaces_do_not_count():
    found = detect(["ID", " Question ", "text", "Answer", "label"])
    assert (found.id, found.question, found.answer) == ("ID", " Question ", "Answer")


def test_a_column_has_one_role_only():
    assert detect(["doc_id"]).document == "doc_id"
    assert detect(["doc_id"]).id == ""
    roles = [name for name in ("question", "answer") if getattr(detect(["text"]), name)]
    assert roles == ["question"]


@pytest.mark.parametrize("role", ALIASES)
def test_every_alias_is_recognised_alone(role):
    for alias in ALIASES[role]:
        assert getattr(detect([alias, "zzz"]), role) == alias


def test_no_alias_stands_for_two_roles():
    names = [alias for aliases in ALIASES.values() for alias in aliases]
    assert sorted(names) == sorted(set(names))
    assert all(name == name.lower().strip() for name in names)


def test_what_the_user_wrote_stays():
    columns = complete(Columns(question="frage"), ["frage", "question", "answer", "id", "group"])
    assert columns == Columns(question="frage", answer="answer")


def test_without_a_mapping_everything_that_is_recognised_is_used():
    columns = complete(Columns(), ["question", "answer", "id", "group", "key_facts", "doc", "x"])
    assert columns == Columns("question", "answer", "id", "group", "doc", "key_facts")


def test_leaving_out_an_optional_column_is_respected_once_anything_is_mapped():
    columns = complete(Columns(question="question", answer="answer"), ["question", "answer", "id"])
    assert columns.id == ""


def test_each_named_column_that_is_missing_is_a_problem_that_lists_those_there():
    columns = Columns(question="frage", answer="answer", tags=("channel", "shop"))
    found = check(columns, ["question", "answer", "shop"], "data/a.csv")
    assert [str(problem) for problem in found] == [
        "data/a.csv: there is no column 'frage' (columns: question, answer, shop)",
        "data/a.csv: there is no column 'channel' (columns: question, answer, shop)",
    ]
    assert found[0].fix == "set question under [data.columns] in rungwise.toml"
    assert found[1].fix == "set tags under [data.columns] in rungwise.toml"


def test_columns_that_say_nothing_are_one_problem_a_role():
    found = check(Columns(), ["a", "b"], "a.csv")
    assert [problem.message for problem in found] == [
        "no column looks like the question (columns: a, b)",
        "no column looks like the answer (columns: a, b)",
    ]
    assert found[0].fix == 'write question = "…" under [data.columns] in rungwise.toml'


def test_naming_the_groups_alone_leaves_the_rest_to_be_recognised():
    columns = complete(Columns(group="customer"), ["question", "answer", "customer", "id", "doc"])
    assert columns == Columns("question", "answer", "id", "customer", "doc")
    pairs = complete(PairColumns(group="of"), ["prompt", "chosen", "rejected", "of", "id"])
    assert pairs == PairColumns("prompt", "chosen", "rejected", "id", "of")


def test_a_held_out_file_may_lack_a_column_that_was_recognised_though_groups_are_named(tmp_path):
    rows = [
        {"question": f"Q {i}", "answer": f"A {i}", "customer": f"c{i}", "doc": "a.md"}
        for i in range(60)
    ]
    for name, part in (("train", rows[:40]), ("test", rows[40:])):
        kept = [{k: v for k, v in row.items() if name == "train" or k != "doc"} for row in part]
        text = "\n".join(json.dumps(row) for row in kept)
        (tmp_path / f"{name}.jsonl").write_text(text, encoding="utf-8")
    sources = Sources(
        tmp_path,
        tmp_path / "train.jsonl",
        tmp_path / "test.jsonl",
        columns=Columns(group="customer"),
    )
    loaded = load_task(TaskSpec("desk", "answer", "Answer."), sources)
    assert loaded.problems == ()
    assert loaded.task.train[0].context_ids == ("a.md",) and loaded.task.heldout[0].group == "c40"
