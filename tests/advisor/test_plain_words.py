"""Words for people: no marks that nothing renders where they stand, no false precision."""

import ast
from pathlib import Path

import pytest

from advisor.numbers import size
from advisor.questionnaire import CASES_PATH, QUESTIONNAIRE_PATH
from advisor.questionnaire_file import read_toml

ADVISOR = Path(__file__).parents[2] / "advisor"
OF_MARKDOWN = {"markdown.py", "model_card.py", "page_parts/text.py", "report/formats/md.py"}


def literals(file):
    """Every text of a module but its docstrings."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    remarks = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in remarks:
            yield node.value


def texts(value):
    """Every text of a TOML file."""
    if isinstance(value, dict | list):
        inner = value.values() if isinstance(value, dict) else value
        return [text for one in inner for text in texts(one)]
    return [value] if isinstance(value, str) else []


def test_no_backtick_is_printed_where_it_would_stand_as_it_is():
    files = [file for file in ADVISOR.rglob("*.py")
             if file.relative_to(ADVISOR).as_posix() not in OF_MARKDOWN]  # fmt: skip
    assert len(files) > 150
    said = {f"{file.name}: {text}" for file in files for text in literals(file) if "`" in text}
    said |= {
        text
        for path in (QUESTIONNAIRE_PATH, CASES_PATH)
        for text in texts(read_toml(path))
        if "`" in text
    }
    assert said == set()


@pytest.mark.parametrize(
    ("n_bytes", "words"),
    [
        (12, "12 B"), (9_440_000, "9.4 MB"), (99_900_000, "99.9 MB"), (99_960_000, "100 MB"),
        (877_700_000, "878 MB"), (1_200_000_000, "1.2 GB"), (139_000_000_000, "139 GB"),
    ],
)  # fmt: skip
def test_sizes_of_hundreds_have_no_decimals(n_bytes, words):
    assert size(n_bytes) == words
