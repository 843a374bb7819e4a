"""The audit on data that nobody here wrote: what is known to be odd about it must be seen."""

import json
import time
from collections import Counter

import pytest

from advisor.audit import audit
from harness.data_columns import Columns
from harness.personal import find_personal
from harness.task import Sources, load_task
from harness.types import TaskSpec

pytestmark = pytest.mark.real_data

LABELS = TaskSpec("Real", "label", "Classify.")


def by_code(report):
    found = {}
    for finding in report.findings:
        found.setdefault(finding.code, []).append(finding)
    return found


def test_banking77_is_sorted_leaks_and_has_near_copies(real_data):
    folder = real_data / "banking77"
    files = Sources(
        folder, folder / "train.csv", folder / "test.csv", max_train=3000, max_heldout=600
    )
    loaded = load_task(LABELS, files)
    report = audit(loaded, LABELS)
    found = by_code(report)
    (ordered,) = found["ordered"]
    assert ordered.count == report.examples == 13_083
    same, near = found["leak"]
    assert same.count == len(loaded.leaked) > 0
    assert 10 < near.count < 60
    assert all(row.startswith("test-") for row in near.rows)
    (copies,) = found["near_duplicate"]
    assert 10 < copies.count < 40
    (doubts,) = found["label_noise"]
    assert doubts.count < 60
    assert not {"imbalance", "language", "pii", "shift", "encoding"} & set(found)


def test_three_thousand_rows_take_less_than_ten_seconds(real_data):
    folder = real_data / "snips_intent_json"
    files = Sources(
        folder, folder / "train.jsonl", folder / "test.jsonl", columns=Columns("text", "label")
    )
    loaded = load_task(LABELS, files)
    started = time.process_time()
    report = audit(loaded, LABELS)
    assert time.process_time() - started < 10
    assert report.examples == 3500
    assert by_code(report)["encoding"][0].count == 5  # NiÃ±os and the like


def test_sms_spam_repeats_itself_across_the_split_of_its_tutorials(real_data, tmp_path):
    header, *lines = (real_data / "sms_spam/all.csv").read_text(encoding="utf-8").splitlines(True)
    (tmp_path / "train.csv").write_text(header + "".join(lines[:4000]), encoding="utf-8")
    (tmp_path / "heldout.csv").write_text(header + "".join(lines[4000:]), encoding="utf-8")
    files = Sources(tmp_path, tmp_path / "train.csv", tmp_path / "heldout.csv")
    loaded = load_task(LABELS, files)
    found = by_code(audit(loaded, LABELS))
    same = found["leak"][0]
    heldout = {row.question.casefold() for row in loaded.task.heldout}
    assert sum(row.question.casefold() in heldout for row in loaded.leaked) > 100
    assert same.count == len(loaded.leaked)
    assert "87 % of the rows have the label ham" in found["imbalance"][0].message


def test_atis_has_joined_labels_and_labels_of_one_row(real_data):
    spec = TaskSpec("Atis", "label", "Which intent?", language="tr")
    folder = real_data / "atis_tr"
    files = Sources(folder, folder / "train.jsonl", columns=Columns("text", "label"))
    found = by_code(audit(load_task(spec, files), spec))
    joined = found["label_noise"][0]
    assert "airfare+flight" in joined.message or "aircraft+" in joined.message
    assert joined.count > 100
    assert any("fewer than 5 rows to learn from" in one.message for one in found["too_few"])
    assert found["imbalance"]
    assert "language" not in found


def test_several_right_outputs_for_one_input_are_no_contradiction(real_data):
    spec = TaskSpec("Restaurants", "text", "Write a sentence.")
    folder = real_data / "e2e_nlg"
    files = Sources(
        folder, folder / "train.jsonl", folder / "test.jsonl", columns=Columns("input", "output")
    )
    found = by_code(audit(load_task(spec, files), spec))
    assert "contradiction" not in found
    assert found["shift"][0].severity == "warning"  # the two files describe different restaurants


def test_answers_stand_in_the_documents_except_where_an_article_is_taken_away(real_data, tmp_path):
    spec = TaskSpec("XQuAD", "answer", "Answer.", language="tr")
    folder = real_data / "xquad_en_tr"
    (tmp_path / "docs").mkdir()
    for path in (folder / "docs_tr").iterdir():
        if path.name != "super_bowl_50.txt":
            (tmp_path / "docs" / path.name).write_bytes(path.read_bytes())
    columns = Columns("question", "answers", "id", group="doc")
    files = Sources(folder, folder / "qa_tr.jsonl", documents=tmp_path / "docs", columns=columns)
    loaded = load_task(spec, files)
    found = by_code(audit(loaded, spec))
    (missing,) = found["answer_not_in_documents"]
    article = {row.id: row.group for row in loaded.examples}
    listed = Counter(article[row] for row in missing.rows)
    assert listed["super_bowl_50.txt"] >= 8
    assert missing.count - listed["super_bowl_50.txt"] <= 5
    assert "language" not in found
    assert "shift" not in found  # whole articles are held out, which is no shift


KINDS = {
    "EMAIL": "email", "EMAIL_ADDRESS": "email", "PHONE": "phone", "PHONE_NUMBER": "phone",
    "IBAN": "iban", "IBAN_CODE": "iban", "CREDIT_CARD": "card", "IP_ADDRESS": "ip",
    "TR_TCKN": "tckn", "TR_VKN": "vkn", "TR_PLATE": "plate", "US_SSN": "ssn",
    "BIRTH_DATE": "birth_date", "DATE_TIME": "birth_date",
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "language"), [("pii_tr_synthetic", "tr"), ("pii_presidio_en", "en")]
)
def test_personal_data_is_found_exactly_and_nothing_else_is(real_data, name, language):
    lines = (real_data / name / "open.jsonl").read_text(encoding="utf-8").splitlines()
    right, wrong, missed = Counter(), Counter(), Counter()
    for line in lines:
        row = json.loads(line)
        wanted = {
            (s["start"], s["end"], KINDS[s["type"]]) for s in row["spans"] if s["type"] in KINDS
        }
        spans = {tuple(span) for span in find_personal(row["text"], language)}
        assert row["spans"] or not spans, "a row without personal data must stay quiet"
        right.update(kind for *_, kind in spans & wanted)
        wrong.update(kind for *_, kind in spans - wanted)
        missed.update(kind for *_, kind in wanted - spans)
    assert not wrong
    if language == "en":
        missed.pop("birth_date")  # most dates are no dates of birth
    for kind in missed:
        assert right[kind] / (right[kind] + missed[kind]) >= 0.95
    assert sum(right.values()) > 200
