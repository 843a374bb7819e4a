import json
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.disk import decode, read_lines, write_json, write_lines
from harness.errors import UserError
from harness.types import Query


def test_a_file_is_replaced_whole_and_nothing_is_left_beside_it(tmp_path):
    file = tmp_path / "new" / "a.json"
    write_json(file, {"n": 1})
    before = file.stat().st_ino
    write_json(file, {"n": 2, "text": "ç"})
    assert json.loads(file.read_text(encoding="utf-8")) == {"n": 2, "text": "ç"}
    assert file.stat().st_ino != before, "a new file took the old one's place"
    assert [path.name for path in file.parent.iterdir()] == ["a.json"]


def test_a_value_that_is_no_json_leaves_the_old_file(tmp_path):
    write_json(tmp_path / "a.json", {"n": 1})
    with pytest.raises(TypeError):
        write_json(tmp_path / "a.json", {"n": object()})
    assert json.loads((tmp_path / "a.json").read_bytes()) == {"n": 1}


def test_many_writers_of_one_file_leave_one_of_their_values(tmp_path):
    file = tmp_path / "a.json"
    values = ["x" * 10_000 * n for n in range(20)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda value: write_json(file, value), values * 5))
    assert json.loads(file.read_bytes()) in values
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_a_file_has_the_rights_that_a_new_file_has(tmp_path):
    (tmp_path / "usual").write_text("", encoding="utf-8")
    write_json(tmp_path / "a.json", 1)
    rights = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("usual", "a.json")]
    assert rights[0] == rights[1]


def test_values_are_read_strictly(tmp_path):
    assert decode(b'{"id":"q","text":"t"}', Query, tmp_path) == Query("q", "t")
    (tmp_path / "a.jsonl").write_bytes(b'{"id":"q","text":"t"}\n{"id":5,"text":"t"}\n')
    lines = read_lines(tmp_path / "a.jsonl", Query)
    assert next(lines) == Query("q", "t")
    with pytest.raises(UserError) as raised:
        next(lines)
    assert "Expected `str`, got `int`" in str(raised.value)


def test_lines_are_written_one_a_value_whatever_is_in_them(tmp_path):
    values = [Query("a", "one\ntwo"), Query("b", "three \u2028 four")]
    write_lines(tmp_path / "new" / "a.jsonl", values)
    assert list(read_lines(tmp_path / "new" / "a.jsonl", Query)) == values
    assert (tmp_path / "new" / "a.jsonl").read_bytes().count(b"\n") == 2
