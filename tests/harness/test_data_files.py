"""Rows out of files: every encoding and table quirk that users bring."""

import csv
import io
import json
import zipfile

import numpy
import openpyxl
import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.data_files import READERS, read_rows


def write(folder, name, content):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def fields(folder, name, content):
    read = read_rows(write(folder, name, content), name)
    assert read.problems == ()
    return [row.fields for row in read.rows]


def problems(folder, name, content):
    return [str(problem) for problem in read_rows(write(folder, name, content), name).problems]


# Encodings and line ends

TURKISH = (
    "soru;cevap\nİade süresi kaç gün?;On dört gün\nKargo ücreti ne kadar?;Ücretsiz, şimdilik\n"
)
READ_AS = [
    {"soru": "İade süresi kaç gün?", "cevap": "On dört gün"},
    {"soru": "Kargo ücreti ne kadar?", "cevap": "Ücretsiz, şimdilik"},
]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1254"]
)
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_a_turkish_table_reads_the_same_in_every_encoding_and_with_every_line_end(
    tmp_path, encoding, ends
):
    content = TURKISH.replace("\n", ends).encode(encoding)
    assert fields(tmp_path, "a.csv", content) == READ_AS


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1254"])
def test_json_lines_read_the_same_in_every_encoding(tmp_path, encoding):
    text = "\r\n".join(json.dumps(row, ensure_ascii=False) for row in READ_AS)
    assert fields(tmp_path, "a.jsonl", text.encode(encoding)) == READ_AS


def test_a_line_separator_inside_a_json_text_does_not_cut_the_line(tmp_path):
    rows = [{"question": f"one{mark}two", "answer": "x"} for mark in "\u2028\u2029\x85\x0b\x0c\x1c"]
    text = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows[:3])
    assert fields(tmp_path, "a.jsonl", text) == rows[:3]
    text = "\n".join(json.dumps(row) for row in rows)
    assert fields(tmp_path, "b.jsonl", text) == rows


def test_bytes_that_are_no_text_are_one_problem_that_names_the_file(tmp_path):
    (problem,) = read_rows(write(tmp_path, "a.csv", bytes(range(256)) * 4), "a.csv").problems
    assert problem.where == "a.csv"
    assert problem.fix


# Tables


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_separator_is_found_in_the_header(tmp_path, separator):
    text = f"question{separator}answer\nwhy{separator}because\n"
    assert fields(tmp_path, "a.csv", text) == [{"question": "why", "answer": "because"}]


def test_a_tab_separated_file_may_have_commas_in_its_header(tmp_path):
    rows = fields(tmp_path, "a.tsv", "question, in full\tanswer\nwhy\tbecause\n")
    assert rows == [{"question, in full": "why", "answer": "because"}]


def test_spaces_around_header_names_do_not_count(tmp_path):
    assert fields(tmp_path, "a.csv", " text , label\nhi,a\n") == [{"text": "hi", "label": "a"}]
    assert fields(tmp_path, "a.jsonl", '{" text ": "hi"}') == [{"text": "hi"}]


def test_quoted_text_keeps_its_newlines_separators_and_quotation_marks(tmp_path):
    content = 'text,label\n"first\nsecond, ""third""",a\nplain,b\n'
    read = read_rows(write(tmp_path, "a.csv", content))
    assert [row.fields["text"] for row in read.rows] == ['first\nsecond, "third"', "plain"]


def test_a_row_is_numbered_by_its_first_line_as_an_editor_shows_it(tmp_path):
    content = 'text,label\n\n"one\ntwo",a\nplain,b\n'
    read = read_rows(write(tmp_path, "a.csv", content))
    assert [(row.number, row.fields["label"]) for row in read.rows] == [(3, "a"), (5, "b")]


def test_a_short_row_is_filled_up_and_a_long_one_is_a_problem_with_its_number(tmp_path):
    read = read_rows(write(tmp_path, "a.csv", "text,label\nshort\nno,quotes,here\nok,b\n"), "a.csv")
    assert [row.fields for row in read.rows] == [
        {"text": "short", "label": ""},
        {"text": "ok", "label": "b"},
    ]
    (problem,) = read.problems
    assert str(problem) == "a.csv, row 3: 3 fields, the header has 2"
    assert "quotes" in problem.fix


def test_separators_at_the_end_of_lines_are_no_columns(tmp_path):
    assert fields(tmp_path, "a.csv", "text,label,,\nhi,a,,\nho,b\n") == [
        {"text": "hi", "label": "a"},
        {"text": "ho", "label": "b"},
    ]


def test_a_column_that_is_there_twice_is_a_problem_and_not_the_loss_of_one(tmp_path):
    assert problems(tmp_path, "a.csv", "text,label,text\nq,a,other\n") == [
        "a.csv, row 1: there are two columns 'text'"
    ]


def test_a_quotation_mark_that_is_never_closed_does_not_swallow_the_rest(tmp_path):
    content = 'text,label\nfine,a\n"never closed,b\nmore,c\nlast,d\n'
    read = read_rows(write(tmp_path, "a.csv", content), "a.csv")
    assert [row.fields["label"] for row in read.rows] == ["a"]
    assert [problem.where for problem in read.problems] == ["a.csv, row 3"]
    assert "never closed" in read.problems[0].message


def test_a_quotation_mark_inside_plain_text_is_only_a_mark(tmp_path):
    assert fields(tmp_path, "a.csv", 'text,label\n5" pipe,a\nnext,b\n') == [
        {"text": '5" pipe', "label": "a"},
        {"text": "next", "label": "b"},
    ]


def test_a_field_of_50_000_characters_is_read_whole(tmp_path):
    long = "lorem " * 8334
    assert fields(tmp_path, "a.csv", f"text,label\n{long},a\n")[0]["text"] == long
    assert fields(tmp_path, "a.jsonl", json.dumps({"text": long}))[0]["text"] == long


def test_a_field_beyond_a_million_characters_is_a_problem(tmp_path):
    assert problems(tmp_path, "a.csv", f"text,label\nok,a\n{'x' * 1_000_001},b\n") == [
        "a.csv, row 3: field larger than field limit (1000000)"
    ]


cells = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"], include_characters="\n"),
    min_size=1,
    max_size=20,
).map(lambda text: f"x{text}x")


@settings(deadline=None)
@given(st.lists(st.tuples(cells, cells), min_size=1, max_size=8), st.sampled_from(",;\t"))
def test_what_the_csv_module_writes_is_read_back(tmp_path_factory, rows, separator):
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=separator).writerows([("text", "label"), *rows])
    found = fields(tmp_path_factory.mktemp("csv"), "a.csv", text.getvalue())
    assert [(row["text"], row["label"]) for row in found] == rows


# Excel and Parquet


def excel(folder, rows):
    import openpyxl

    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(folder / "a.xlsx")
    return folder / "a.xlsx"


def test_the_first_sheet_of_a_workbook_is_read_with_its_row_numbers(tmp_path):
    path = excel(tmp_path, [["text", "label", "n"], [], ["why", "a", 7], ["who", None, 1.5]])
    assert [(row.number, row.fields) for row in read_rows(path).rows] == [
        (3, {"text": "why", "label": "a", "n": "7"}),
        (4, {"text": "who", "label": "", "n": "1.5"}),
    ]


def test_a_cell_beside_the_columns_of_a_workbook_is_a_problem_and_not_lost(tmp_path):
    path = excel(tmp_path, [["text", "label"], ["why", "a", "a remark"]])
    (problem,) = read_rows(path, "a.xlsx").problems
    assert str(problem) == "a.xlsx, row 2: 3 fields, the header has 2"


@pytest.mark.parametrize("damage", ["cut", "middle", "not a zip", "no sheet"])
def test_a_damaged_workbook_is_one_problem_that_names_it(tmp_path, damage):
    import zipfile

    raw = excel(tmp_path, [["text", "label"]] + [[f"row {i}", "a"] for i in range(50)]).read_bytes()
    if damage == "no sheet":
        with zipfile.ZipFile(tmp_path / "b.xlsx", "w") as out:
            out.writestr("[Content_Types].xml", "<nonsense")
            out.writestr("xl/workbook.xml", "<workbook")
        raw = (tmp_path / "b.xlsx").read_bytes()
    half = len(raw) // 2
    damaged = {
        "cut": raw[:half],
        "middle": raw[: half - 200] + b"\0" * 400 + raw[half + 200 :],
        "not a zip": b"hello",
        "no sheet": raw,
    }[damage]
    (problem,) = read_rows(write(tmp_path, "c.xlsx", damaged), "c.xlsx").problems
    assert problem.where == "c.xlsx"
    assert problem.message.startswith("not readable as Excel")


def test_parquet_keeps_lists_and_empty_cells(tmp_path):
    import pyarrow
    import pyarrow.parquet

    table = pyarrow.table({"question": ["why", "who"], "answers": [["a", "b"], None]})
    pyarrow.parquet.write_table(table, tmp_path / "a.parquet")
    assert [row.fields for row in read_rows(tmp_path / "a.parquet").rows] == [
        {"question": "why", "answers": ["a", "b"]},
        {"question": "who", "answers": None},
    ]
    (problem,) = read_rows(write(tmp_path, "b.parquet", b"PAR1 no"), "b.parquet").problems
    assert problem.where == "b.parquet"


# JSON


@pytest.mark.parametrize("wrap", ["{}", '{{"version": "1", "data": {}}}', '{{"rows": {}}}'])
def test_a_json_list_is_read_alone_or_as_the_only_list_of_an_object(tmp_path, wrap):
    text = wrap.format('[{"text": "a"}, {"text": "b"}]')
    assert fields(tmp_path, "a.json", text) == [{"text": "a"}, {"text": "b"}]


@pytest.mark.parametrize("text", ["5", '"text"', '{"a": 1}', '{"a": [], "b": []}', "null"])
def test_json_that_holds_no_list_of_records_is_a_problem(tmp_path, text):
    assert problems(tmp_path, "a.json", text) == ["a.json: not a list of records"]


def test_json_that_is_broken_names_the_line(tmp_path):
    assert problems(tmp_path, "a.json", '[{"a": 1},\n{"a": }]') == [
        "a.json, line 2: not JSON (Expecting value)"
    ]


def test_every_line_that_is_not_a_record_is_named_and_the_others_are_read(tmp_path):
    lines = ['{"text": "a"}', "oops", "", "[1, 2]", '"text"', '{"text": "b"}', '{"text": ']
    read = read_rows(write(tmp_path, "a.jsonl", "\n".join(lines)), "a.jsonl")
    assert [row.fields["text"] for row in read.rows] == ["a", "b"]
    assert [str(problem) for problem in read.problems] == [
        "a.jsonl, row 2: not JSON (Expecting value)",
        "a.jsonl, row 4: a list, not an object",
        "a.jsonl, row 5: a str, not an object",
        "a.jsonl, row 7: not JSON (Expecting value)",
    ]
    assert all(problem.fix for problem in read.problems)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a": ' + "1" * 5000 + "}"])
@pytest.mark.parametrize("ending", [".json", ".jsonl"])
def test_json_beyond_all_measure_is_a_problem_and_not_a_crash(tmp_path, text, ending):
    (said,) = problems(tmp_path, f"a{ending}", text)
    assert "nested too deeply" in said or "a number is too long" in said


# Files


@pytest.mark.parametrize("ending", sorted(READERS))
def test_a_missing_file_is_a_problem_for_every_ending(tmp_path, ending):
    (problem,) = read_rows(tmp_path / f"a{ending}", f"data/a{ending}").problems
    assert str(problem) == f"data/a{ending}: there is no such file"
    assert "path" in problem.fix


@pytest.mark.parametrize("content", ["", "\n\n", "text,label\n"])
def test_a_table_without_rows_is_a_problem(tmp_path, content):
    assert problems(tmp_path, "a.csv", content) == ["a.csv: the file holds no rows"]


def test_an_unknown_ending_lists_the_known_ones(tmp_path):
    (problem,) = read_rows(write(tmp_path, "a.doc", "x"), "a.doc").problems
    assert problem.message == ".doc is not read"
    assert problem.fix == ", ".join(sorted(READERS))


def test_a_parquet_text_that_many_rows_name_is_counted_as_often_as_it_is_read(
    tmp_path, monkeypatch
):
    import pyarrow
    import pyarrow.parquet

    table = pyarrow.table({"question": ["x" * 100_000] * 500})
    pyarrow.parquet.write_table(table, tmp_path / "a.parquet")
    assert (tmp_path / "a.parquet").stat().st_size < 50_000
    monkeypatch.setattr("harness.data_files.MAX_TABLE_BYTES", 10 * 2**20)
    (said,) = read_rows(tmp_path / "a.parquet", "a.parquet").problems
    assert "more than a gigabyte" in said.message and said.fix == "give a sample of it"
    monkeypatch.setattr("harness.data_files.MAX_TABLE_BYTES", 100 * 2**20)
    assert len(read_rows(tmp_path / "a.parquet").rows) == 500


def test_a_sheet_row_with_a_number_beyond_excel_is_refused_before_the_gap_is_filled(
    tmp_path, monkeypatch
):
    import zipfile

    import openpyxl

    book = openpyxl.Workbook()
    book.active.append(["question", "answer"])
    book.active.append(["why", "so"])
    book.save(tmp_path / "plain.xlsx")
    file = tmp_path / "a.xlsx"
    with zipfile.ZipFile(tmp_path / "plain.xlsx") as plain, zipfile.ZipFile(file, "w") as far:
        for name in plain.namelist():
            text = plain.read(name)
            if name.endswith("sheet1.xml"):
                text = text.replace(b'r="2"', b'r="500"').replace(b"A2", b"A500")
                text = text.replace(b"B2", b"B500")
            far.writestr(name, text)
    assert not read_rows(file, "a.xlsx").problems, "a gap as such is none"
    monkeypatch.setattr("harness.data_files.MAX_SHEET_ROWS", 400)
    (said,) = read_rows(file, "a.xlsx").problems
    assert "spread too far" in said.message


def test_short_rows_below_a_long_header_are_not_filled_without_end(tmp_path, monkeypatch):
    monkeypatch.setattr("harness.data_files.MAX_GAPS", 2**20)
    path = tmp_path / "a.csv"
    header = ",".join(f"c{i}" for i in range(3000))
    path.write_text(f"{header}\n" + "y\n" * 200_000, encoding="utf-8")
    found = read_rows(path)
    (problem,) = found.problems
    assert problem.message == "its rows are far shorter than its header"
    assert len(found.rows) == 2**20 // 2999


def test_a_workbook_packed_a_thousandfold_is_not_unpacked(tmp_path):
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/sharedStrings.xml", "<si/>" * 10_000_000)
    (problem,) = read_rows(path).problems
    assert "packed suspiciously well" in problem.message


def test_a_workbook_that_claims_more_cells_than_it_has_is_read(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["question", "answer"])
    book.active.append(["Why?", "So."])
    book.save(tmp_path / "plain.xlsx")
    with (zipfile.ZipFile(tmp_path / "plain.xlsx") as plain,
          zipfile.ZipFile(tmp_path / "a.xlsx", "w") as claiming):  # fmt: skip
        for name in plain.namelist():
            part = plain.read(name).replace(b'ref="A1:B2"', b'ref="A1:XFD1048576"')
            claiming.writestr(name, part)
        assert b"XFD1048576" in claiming.read("xl/worksheets/sheet1.xml")
    found = read_rows(tmp_path / "a.xlsx")
    assert found.problems == ()
    assert [row.fields for row in found.rows] == [{"question": "Why?", "answer": "So."}]


def test_a_parquet_file_that_repeats_one_value_without_end_is_not_unpacked(tmp_path):
    path = tmp_path / "a.parquet"
    once = pyarrow.array(["x"]).dictionary_encode().dictionary
    many = pyarrow.array(numpy.zeros(70_000_000, dtype=numpy.int8))
    column = pyarrow.DictionaryArray.from_arrays(many, once)
    pyarrow.parquet.write_table(pyarrow.table({"question": column}), path)
    assert path.stat().st_size < 2**20
    (problem,) = read_rows(path).problems
    assert problem.message == "it has 70,000,000 rows"
