"""The Markdown report: tables that parse, and untrusted text that is only text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from advisor.report import report_format
from advisor.report.cutting import cut
from advisor.report.formats.md import plain
from tests.advisor.report_runs import fullest
from tests.advisor.test_report import report_of

READER = MarkdownIt("commonmark").enable("table")
ALIVE = {"link_open", "image", "html_inline", "html_block", "code_inline", "em_open", "strong_open"}


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    run = fullest(tmp_path_factory.mktemp("full"))
    return report_format("md").render(report_of(run)).decode()


def kinds(tokens):
    return {one.type for token in tokens for one in (token, *(token.children or ()))}


def test_nothing_untrusted_is_a_link_a_picture_or_html(text):
    found = kinds(READER.parse(text))
    assert {"table_open", "heading_open", "bullet_list_open"} <= found
    assert not found & {"link_open", "image", "html_inline", "html_block"}
    assert "://" not in text.replace("://\u2060", "")


def test_every_row_of_a_table_has_as_many_cells_as_its_head(text):
    tables, begun = [], False
    for line in text.splitlines():
        row = line.startswith("|")
        if row and not begun:
            tables.append([])
        if row:
            tables[-1].append(line.replace("\\\\", "").replace("\\|", "").count("|"))
        begun = row
    assert len(tables) > 5 and all(len(set(bars)) == 1 for bars in tables)
    heads = sum(token.type == "table_open" for token in READER.parse(text))
    assert heads == len(tables), "each is one to a reader of Markdown, too"


@pytest.mark.parametrize("begin", ["-", "+", "=", ">", "1.", "12)", "#"])
def test_what_begins_like_a_list_a_heading_or_a_quotation_is_a_line_of_text(begin):
    found = READER.parse(plain(f"{begin} one"))
    assert [token.type for token in found] == ["paragraph_open", "inline", "paragraph_close"]
    assert "".join(child.content for child in found[1].children) == f"{begin} one"


@given(st.text(max_size=200))
def test_any_text_shows_letter_by_letter(written):
    inline = [t for t in READER.parse(f"x{plain(written)}") if t.type == "inline"]
    shown = "".join(child.content for token in inline for child in token.children)
    assert not kinds(READER.parse(f"x{plain(written)}")) & ALIVE
    assert shown.replace("\u2060", "") == f"x{' '.join(cut(written).split())}".replace("\u2060", "")
