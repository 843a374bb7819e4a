import pytest

from advisor.project import CONFIG
from advisor.settings_file import change
from harness.errors import RungwiseError

TEXT = """# the desk's settings
[project]
name = "Desk"   # as on the door

[data]
examples = "data/examples.jsonl"
heldout  = 30   # rows

[task]
kind = "label"

[check]
# cheap ones first
rungs = ["prompt"]
"""


@pytest.fixture
def root(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "examples.jsonl").write_text('{"text": "a", "label": "b"}\n', "utf-8")
    (tmp_path / CONFIG).write_text(TEXT, encoding="utf-8")
    return tmp_path


def text(root) -> str:
    return (root / CONFIG).read_text(encoding="utf-8")


def test_a_changed_value_keeps_its_remark_and_everything_else_its_place(root):
    project = change(root, {("data", "heldout"): 40, ("check", "rungs"): ["prompt", "rag"]})
    assert project.data.heldout == 40 and project.check.rungs == ("prompt", "rag")
    expected = TEXT.replace("30   # rows", "40 # rows").replace('["prompt"]', '["prompt", "rag"]')
    assert text(root).replace("   #", " #") == expected.replace("   #", " #")


def test_a_value_that_is_there_already_changes_nothing(root):
    change(root, {("data", "heldout"): 30, ("project", "name"): "Desk"})
    assert text(root) == TEXT


def test_a_new_section_is_made_where_it_is_needed(root):
    project = change(root, {("data", "columns", "question"): "text", ("task", "metric"): None})
    assert project.data.columns == {"question": "text"}
    assert "[data.columns]" in text(root)


def test_none_takes_a_setting_out_and_makes_no_section(root):
    change(root, {("data", "heldout"): None, ("model", "revision"): None})
    assert "heldout" not in text(root) and "[model]" not in text(root)


@pytest.mark.parametrize(
    "values",
    [
        {("check", "rungs"): "prompt"},
        {("check", "colour"): "red"},
        {("task", "kind"): "poem"},
        {("project", "name"): "New", ("data", "examples"): "../outside.jsonl"},
    ],
)
def test_settings_that_cannot_be_opened_leave_the_file_as_it_was(root, values):
    with pytest.raises(RungwiseError):
        change(root, values)
    assert text(root) == TEXT
    assert sorted(path.name for path in root.iterdir()) == ["data", CONFIG]


def test_a_value_that_looks_like_toml_is_only_a_value(root):
    name = 'x"\n[check]\nrungs = ["rag"] # '
    assert change(root, {("project", "name"): name}).name == name
    assert change(root, {("project", "name"): "Çağrı 漢"}).name == "Çağrı 漢"
