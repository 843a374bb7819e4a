"""The labels that a task offers come from its settings or from what is learned from."""

import csv
from dataclasses import replace

import pytest

from advisor.audit import audit
from harness.task import Sources, load_task
from harness.types import TaskSpec

SPEC = TaskSpec("Desk", "label", "Sort.")
RARE = tuple(f"rare{at}" for at in range(8))


def table(path, labels):
    rows = [(f"Where is the parcel of order {at * 37}?", label) for at, label in enumerate(labels)]
    with path.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows([("text", "label"), *rows])
    return path


@pytest.fixture
def sources(tmp_path):
    """Rows of which eight have a label of their own."""
    return Sources(tmp_path, table(tmp_path / "rows.csv", [*["a", "b"] * 30, *RARE]))


def of(rows):
    return {label for row in rows for label in row.references}


def test_labels_that_stand_in_held_out_rows_alone_are_not_offered_and_are_told(sources):
    loaded = load_task(SPEC, sources)
    task = loaded.task
    lost = of(task.heldout) - {"a", "b"}
    assert lost and of(task.dev) - of(task.train)
    assert task.spec.labels == tuple(sorted({"a", "b", *RARE} - lost))
    rows = tuple(row.id for row in task.heldout if lost & set(row.references))
    (told,) = [one for one in audit(loaded, SPEC).findings if one.rows == rows]
    assert (told.code, told.severity, told.count) == ("too_few", "warning", len(lost))
    assert "The model is not offered them" in told.message


def test_labels_that_the_settings_list_or_describe_are_offered_wherever_they_stand(sources):
    described = replace(SPEC, descriptions=tuple((label, "seldom so") for label in RARE))
    assert load_task(described, sources).task.spec.labels == ("a", "b", *RARE)
    listed = replace(SPEC, labels=(*RARE, "b", "a"))
    assert load_task(listed, sources).task.spec.labels == (*RARE, "b", "a")


def test_a_description_of_a_label_that_no_row_has_is_refused(sources):
    loaded = load_task(replace(SPEC, descriptions=(("rar0", "seldom so"),)), sources)
    assert [problem.message for problem in loaded.problems] == ["there is no label 'rar0'"]
    assert loaded.problems[0].fix.startswith("did you mean rare0? write one of: a, b, rare0")


def test_a_label_of_the_held_out_file_that_the_other_file_has_not_is_refused(tmp_path):
    train = table(tmp_path / "train.csv", ["a", "b"] * 30)
    heldout = table(tmp_path / "held.csv", [*["a", "b"] * 10, "A"])
    loaded = load_task(SPEC, Sources(tmp_path, train, heldout_file=heldout))
    assert [str(problem) for problem in loaded.problems] == [
        "held.csv, row 22: label 'A' is not in the list"
    ]
