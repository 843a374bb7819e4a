"""The audit as a whole: what goes in through the real import comes out as findings."""

import csv
import dataclasses
import json
from email.message import EmailMessage

import msgspec
import pytest

from advisor.audit import AuditReport, audit
from advisor.audit.finders import finders
from advisor.audit.finders.import_problems import code_of
from advisor.audit.finding import SEVERITIES, Finding, Material, Mend, finding, listed, out_of
from harness.errors import Problem
from harness.task import Loaded, Sources, load_task
from harness.types import Example, TaskSpec
from tests.rag.test_load_pdf import PARAGRAPH, PICTURE, pdf

LABELS = TaskSpec("Desk", "label", "Which queue?")
ANSWERS = TaskSpec("Desk", "answer", "Answer from the documents.")
FILL_IN = (
    'fill it in, or leave such rows out: incomplete = "leave_out" under [data] in rungwise.toml'
)
CODES = {
    "empty", "malformed", "encoding", "duplicate", "near_duplicate", "leak", "contradiction",
    "imbalance", "ordered", "label_noise", "too_few", "truncated", "language", "shift",
    "answer_not_in_documents", "no_text_layer", "unsupported", "pii", "few_answers",
    "cut_answers",
}  # fmt: skip

TOPICS = {
    "billing": ["invoice", "payment", "refund", "charge", "receipt"],
    "delivery": ["parcel", "courier", "address", "tracking", "box"],
}


def write_table(path, rows):
    with path.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows([("text", "label"), *rows])
    return path


def plain_rows(n):
    """Questions that differ by their subject, two labels in turn."""
    rows = []
    for at in range(n):
        label, words = list(TOPICS.items())[at % 2]
        rows.append((f"Where is the {words[at % 5]} for order {at * 37}?", label))
    return rows


def codes(report):
    return [found.code for found in report.findings]


def test_a_clean_file_yields_nothing_but_remarks_on_its_size(tmp_path):
    train = write_table(tmp_path / "rows.csv", plain_rows(120))
    report = audit(load_task(LABELS, Sources(tmp_path, train)), LABELS)
    assert report.examples == 120
    assert report.documents == 0
    assert set(codes(report)) == {"too_few"}
    held_out, learning = (found.message for found in report.findings)
    assert held_out.startswith("With 30 held-out questions a difference of about 34 points")
    assert learning.startswith("90 rows to learn from")


def test_findings_come_worst_first_and_are_plain_data(tmp_path):
    rows = [*plain_rows(40), ("", "billing"), ("Mail me at ada@example.com please", "billing")]
    loaded = load_task(LABELS, Sources(tmp_path, write_table(tmp_path / "rows.csv", rows)))
    report = audit(loaded, LABELS)
    severities = [found.severity for found in report.findings]
    assert severities[0] == "error"
    assert severities == sorted(severities, key=SEVERITIES.index)
    again = msgspec.json.decode(msgspec.json.encode(report), type=AuditReport)
    assert again == report
    assert json.loads(msgspec.json.encode(report)).keys() == {
        "examples", "documents", "findings", "preferences"
    }  # fmt: skip


def test_the_rest_is_audited_where_a_broken_row_stands_against_a_task(tmp_path):
    rows = [*plain_rows(20), ("Mail me at ada@example.com", "billing"), ("No label here", "")]
    loaded = load_task(LABELS, Sources(tmp_path, write_table(tmp_path / "rows.csv", rows)))
    assert loaded.task is None
    report = audit(loaded, LABELS)
    worst, *others = report.findings
    mend = Mend("Leave incomplete rows out", (("data", "incomplete", "leave_out"),))
    assert worst == Finding("empty", "error", 1, ("rows.csv, row 23",), "no label", FILL_IN, mend)
    assert [(found.code, found.rows) for found in others if found.code == "pii"] == [
        ("pii", ("rows-22",))
    ]


def test_problems_with_the_same_cure_are_one_finding_that_names_every_place(tmp_path):
    rows = [*plain_rows(20), ("What now?", ""), ("And then?", "")]
    loaded = load_task(LABELS, Sources(tmp_path, write_table(tmp_path / "rows.csv", rows)))
    first = audit(loaded, LABELS).findings[0]
    assert (first.code, first.count, first.rows) == (
        "empty",
        2,
        ("rows.csv, row 22", "rows.csv, row 23"),
    )
    assert first.message == "no label – and 1 more like it"


def test_files_that_cannot_be_read_are_errors_with_their_own_codes(tmp_path):
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "empty.txt").write_bytes(b"")
    (folder / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(20))
    (folder / "lost.txt").write_text("Opening hours: 9 to 5. " * 3 + "\ufffd" * 9, encoding="utf-8")
    (folder / "good.txt").write_text("The shop opens at nine.", encoding="utf-8")
    path = tmp_path / "qa.jsonl"
    path.write_text('{"question": "When?", "answer": "nine"}\n{"question"\n', encoding="utf-8")
    report = audit(load_task(ANSWERS, Sources(tmp_path, path, documents=folder)), ANSWERS)
    errors = {found.code: found.rows for found in report.findings if found.severity == "error"}
    assert errors == {
        "malformed": ("qa.jsonl, row 2",),
        "empty": ("documents/empty.txt",),
        "encoding": ("documents/lost.txt",),
        "unsupported": ("documents/picture.png",),
    }
    assert (report.examples, report.documents) == (1, 1)


def test_parts_of_documents_that_could_not_be_read_are_warned_of_by_file_and_stop_nothing(tmp_path):
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "scan.pdf").write_bytes(pdf(PARAGRAPH, PICTURE, PARAGRAPH))
    mail = EmailMessage()
    mail.set_content("The prices are in the table.")
    for name in ("prices.xlsx", "x" * 200):
        mail.add_attachment(b"x", maintype="application", subtype="pdf", filename=name)
    for at in range(4):
        (folder / f"{at}.eml").write_bytes(bytes(mail))
    path = tmp_path / "qa.jsonl"
    rows = [{"question": f"What of case {at}?", "answer": f"{at} days"} for at in range(60)]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    loaded = load_task(ANSWERS, Sources(tmp_path, path, documents=folder))
    assert loaded.task is not None and len(loaded.gaps) == 5
    told = {found.code: found for found in audit(loaded, ANSWERS).findings if found.rows}
    pages, attached = told["no_text_layer"], told["unsupported"]
    assert (pages.severity, attached.severity) == ("warning", "warning")
    assert pages.rows == ("documents/scan.pdf",) and attached.count == 4
    assert "1 of 5 documents" in pages.message and "OCR" in pages.fix
    assert "documents/scan.pdf: there are only pictures on page 2" in pages.message
    assert "documents/0.eml: its attachments were not read: prices.xlsx, xxx" in attached.message
    assert "; and 1 more)" in attached.message and len(attached.message) < 700
    assert attached.fix == "Save them beside it."


@pytest.mark.parametrize(
    ("message", "fix", "code"),
    [
        ("the held-out set has 4 rows; below 10 nothing", "add examples", "too_few"),
        ("5 rows are left to learn from; at least 8", "add examples", "too_few"),
        ("there are only pictures on pages 1–3", "run text recognition", "no_text_layer"),
        ("its attachments were not read: a.pdf", "save them beside it", "unsupported"),
        ("it holds pictures and no text", "run text recognition (OCR) on it", "no_text_layer"),
        ("no known encoding turns its bytes into words", "export it", "encoding"),
        ("no column looks like the answer (columns: a)", "write answer", "malformed"),
        ("there is no column 'x' (columns: a)", "set question", "malformed"),
        ("label 'x' is not in the list", "add it under [task] labels", "malformed"),
        ("the file holds no rows", "add examples, one a row", "empty"),
        ("no question", "fill it in", "empty"),
        ("it is protected by a password", "save a copy without the password", "unsupported"),
        ("it is an old Word document", "open it and save it as .docx, or as PDF", "unsupported"),
        ("it is damaged or cut off", "open it in the program that made it", "malformed"),
    ],
)
def test_the_import_s_words_lead_to_the_code(message, fix, code):
    assert code_of(Problem(message, fix, "a file")) == code


def test_nothing_at_all_is_audited_without_a_fall(tmp_path):
    loaded = load_task(LABELS, Sources(tmp_path, tmp_path / "absent.csv"))
    report = audit(loaded, LABELS)
    assert codes(report) == ["malformed"]
    assert report.findings[0].message == "there is no such file"


@pytest.mark.parametrize("kind", ["label", "json", "answer", "text"])
def test_rows_without_a_word_or_an_answer_break_no_finder(kind):
    spec = TaskSpec("Odd", kind, "", abstention="I do not know.")
    rows = tuple(Example(f"r{at}", "?!" if at % 2 else "🙂", ()) for at in range(200))
    loaded = Loaded(None, (), (), rows, (), None)
    assert set(codes(audit(loaded, spec))) <= {"duplicate", "contradiction", "too_few"}


def test_every_finder_reports_only_its_own_codes_and_together_they_cover_the_contract():
    assert {code for finder in finders() for code in finder.codes} == CODES


def test_a_finding_counts_all_rows_and_lists_fifty():
    found = finding("pii", "info", [f"r{at}" for at in range(80)], "m", "f")
    assert (found.count, len(found.rows), found.rows[-1]) == (80, 50, "r49")


def test_counts_read_as_sentences():
    assert out_of(12, 1300) == "12 of 1,300 rows (under 1 %)"
    assert out_of(0, 7) == "0 of 7 rows (0 %)"
    assert out_of(2, 3, "documents") == "2 of 3 documents (67 %)"
    assert listed(["a", "b", "c", "d", "e"]) == "a, b, c and 2 more"
    assert listed(["a", "b"]) == "a, b"


def test_values_cannot_be_changed():
    found = Finding("pii", "info", 1, ("a",), "m", "f")
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.count = 2
    with pytest.raises(dataclasses.FrozenInstanceError):
        AuditReport(0, 0, ()).examples = 1
    assert Material.__slots__


def test_the_finders_can_be_imported_by_their_full_name():
    import advisor.audit.finders.leak as module

    assert module.FINDER in finders()


def test_whoever_wants_to_know_is_told_before_each_finder(tmp_path):
    train = write_table(tmp_path / "rows.csv", plain_rows(60))
    loaded = load_task(LABELS, Sources(tmp_path, train))
    told = []
    audit(loaded, LABELS, on_finder=lambda number, total: told.append((number, total)))
    assert told == [(number, len(finders())) for number in range(1, len(finders()) + 1)]
