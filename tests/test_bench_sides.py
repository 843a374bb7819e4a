"""Ours and stock parts in turn: processes, lines, the table in the README, what slipped."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench import check, table
from bench.lines import Measured, apart, line, same
from bench.rows import label_prompts, labelled, passage_prompts
from bench.sides import Done, Side, Turn, in_turn

ROOT = Path(__file__).parents[1]


def counting(name):
    """A side that says who it is, in which process, and how often it was asked."""
    asked = []

    def work(job):
        asked.append(job)
        held = bytearray(60_000_000) if job == "large" else b""
        time.sleep(0.01)
        return Done([name, job, len(asked), os.getpid(), len(held)])

    return work


def timing_itself():
    """A side that says itself how long it took."""
    return lambda job: Done([job], 2.5)


def failing():
    """A side that cannot be loaded."""
    raise RuntimeError("there is no such library")


def test_sides_work_in_turn_each_in_its_own_process():
    sides = [Side("a", counting, ("a",)), Side("b", counting, ("b",)), Side("c", timing_itself)]
    found = in_turn(sides, {"small": ["a", "b"], "large": ["a", "c"]}, repeats=3)
    said = {side: [turn.outputs for turn in turns] for side, turns in found["small"].items()}
    assert [one[:3] for one in said["a"]] == [["a", "small", n] for n in (1, 2, 3)]
    pids = {one[3] for turns in said.values() for one in turns}
    assert len(pids) == 2 and os.getpid() not in pids
    assert all(turn.seconds >= 0.01 for turns in found["small"].values() for turn in turns)
    assert [turn.seconds for turn in found["large"]["c"]] == [2.5] * 3
    if sys.platform == "linux":  # elsewhere a peak is that of the whole process
        peaks = [found[job]["a"][0].peak_bytes for job in ("small", "large")]
        assert 40e6 < peaks[1] - peaks[0] < 120e6


def test_a_side_that_fails_ends_the_measurement_with_an_error_and_a_fix(capfd):
    with pytest.raises(SystemExit, match=r"error: broken ended\nfix: see its own words"):
        in_turn([Side("broken", failing)], {"any": ["broken"]})
    assert "there is no such library" in capfd.readouterr().err


def turns(*seconds, outputs=(), others=0.5):
    return [Turn(one, list(outputs), 2_000_000_000, others) for one in seconds]


def made(ours=(1.0, 2.0, 1.0), stock=(10.0, 10.0, 12.0), must=4.0):
    """A line as a part gives it."""
    return line(
        "LoRA", "tokens", Measured("engine", 100, turns(*ours)),
        Measured("stock", 50, turns(*stock)), agree="losses within 0.001", must=must,
    )  # fmt: skip


def test_a_line_holds_both_rates_and_the_ratio_of_each_round():
    found = made()
    assert found["ours"]["per_s"] == [100.0, 50.0, 100.0]
    assert found["stock"]["per_s"] == [5.0, 5.0, 4.17]
    assert found["ratio"] == {"median": 20.0, "least": 10.0, "most": 24.0}
    assert found["unit"] == "tokens/s" and found["ours"]["peak_gb"] == 2.0
    assert found["others_busy_cores"] == 0.5


def test_agreement_says_what_both_sides_gave_and_not_what_only_one_did():
    assert same(["a", "b", "c"], ["a", "x"], "answers") == "1 of 2 answers the same"
    assert apart([1.0, 2.0], [1.0004, 2.0], "losses") == "losses within 0.0004"


def record(found, at="2026-01-01", part="training", device="CPU, 2 cores"):
    return {
        "part": part, "at": at, "device": device, "precision": "float32",
        "figures": {"lines": found},
    }  # fmt: skip


def test_a_ratio_that_fell_by_more_than_noise_has_slipped_and_a_lost_line_is_named():
    before = record([made()])
    assert check.slips(before, record([made(ours=(1.1, 2.2, 1.1))])) == []
    (slip,) = check.slips(before, record([made(ours=(2.0, 2.0, 2.0))]))
    assert str(slip) == "slipped: training: LoRA, beside stock: 20x to 10x (50% less)"
    assert check.gone(before, record([])) == ["not measured: training: LoRA, beside stock"]
    assert check.gone(before, before) == []


@pytest.fixture
def checkout(tmp_path):
    """A repository whose last commit holds one result."""
    folder = tmp_path / "results"
    folder.mkdir()
    (folder / "training.cpu.json").write_text(json.dumps(record([made()])), encoding="utf-8")
    who = ["-c", "user.name=a", "-c", "user.email=a@b"]
    for command in (["init", "-q"], ["add", "."], [*who, "commit", "-qm", "accepted"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    return folder


def test_the_check_compares_with_the_last_commit(checkout, capsys):
    assert check.main(checkout) == 0
    assert "Nothing was measured" in capsys.readouterr().out
    worse = record([made(ours=(2.0, 2.0, 2.0))], at="2026-01-02")
    (checkout / "training.cpu.json").write_text(json.dumps(worse), encoding="utf-8")
    assert check.main(checkout) == 1
    assert capsys.readouterr().out.startswith("slipped: training: LoRA")
    as_good = record([made()], at="2026-01-02")
    (checkout / "training.cpu.json").write_text(json.dumps(as_good), encoding="utf-8")
    assert check.main(checkout) == 0
    assert "no ratio fell by more than 15%" in capsys.readouterr().out


def test_without_a_commit_there_is_an_error_and_a_fix(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    (tmp_path / "training.cpu.json").write_text(json.dumps(record([made()])), encoding="utf-8")
    assert check.main(tmp_path) == 2
    said = capsys.readouterr().out.splitlines()
    assert [one.split(":")[0] for one in said] == ["error", "fix"]


def test_the_table_holds_every_line_once_under_its_machine():
    found = [record([made(), made(must=None)]), record([made()], device="Other")]
    text = table.markdown(found)
    assert text.count("| LoRA |") == 3 and text.count(table.HEAD) == 2
    assert "## CPU, 2 cores, float32: 2 lines\n" in text and "## Other, float32: 1 line\n" in text
    assert text.startswith("2 of 2 lines that have a target reach it")
    first = next(one for one in text.splitlines() if one.startswith("| LoRA |"))
    assert first == (
        "| LoRA | 100 tokens/s | stock: 5 | 20× (10–24) | 4×, reached | losses within 0.001 "
        "| 2 / 2 GB |"
    )
    assert "others kept 0.5 of its cores busy" in text


def test_the_short_table_holds_the_lines_with_a_target_of_the_machine_measured_last():
    older = record([made()], at="2026-01-01", device="Old")
    newer = record([made(ours=(6.0, 6.0, 6.0)), made(must=None)], at="2026-01-02")
    also = record([made()], at="2025-01-01", part="search")  # of the same machine
    text = table.short([older, newer, also])
    assert text.startswith("CPU, 2 cores, float32. 1 of 2 reach their target. Meanwhile others")
    rows = [one for one in text.splitlines() if one.startswith("| LoRA")]
    assert rows == [
        "| LoRA | 16.7 tokens/s | stock: 5 | 3.33× (3.33–4) | 4×, missed |",
        "| LoRA | 100 tokens/s | stock: 5 | 20× (10–24) | 4×, reached |",
    ]


def test_both_tables_are_written_and_nothing_beside_the_markers_changes(tmp_path, capsys):
    text = f"# Title\n{table.BEGIN}\nold\n{table.END}\nend\n"
    assert table.written(text, "new") == f"# Title\n{table.BEGIN}\nnew\n{table.END}\nend\n"
    results = tmp_path / "bench" / "results"
    results.mkdir(parents=True)
    (results / "training.cpu.json").write_text(json.dumps(record([made()])), encoding="utf-8")
    file = tmp_path / "README.md"
    file.write_text(text, encoding="utf-8")
    assert table.main(["--write"], tmp_path) == 0
    now = file.read_text(encoding="utf-8")
    assert "old" not in now and now.startswith("# Title\n") and now.endswith("\nend\n")
    assert table.SHORT_HEAD in now and table.HEAD not in now
    assert table.HEAD in (results / "README.md").read_text(encoding="utf-8")
    file.write_text("no markers", encoding="utf-8")
    assert table.main(["--write"], tmp_path) == 2
    assert file.read_text(encoding="utf-8") == "no markers"
    said = capsys.readouterr().out.splitlines()
    assert [one.split(":")[0] for one in said] == ["error", "fix"]


def test_the_tables_that_stand_here_are_those_of_the_results():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert table.BEGIN in text
    assert table.written(text, table.short(table.records())) == text, (
        "python -m bench.table --write"
    )
    whole = (table.RESULTS / "README.md").read_text(encoding="utf-8")
    assert whole == f"{table.TITLE}\n\n{table.markdown(table.records())}\n"


def test_every_result_that_is_kept_can_be_read():
    for one in table.records():
        assert {"part", "at", "device", "precision", "environment"} <= set(one)
        for found in one["figures"]["lines"]:
            least, most = found["ratio"]["least"], found["ratio"]["most"]
            assert least <= found["ratio"]["median"] <= most


def test_without_the_real_data_the_samples_are_measured(monkeypatch):
    monkeypatch.setenv("RUNGWISE_REAL_DATA", "/nowhere")
    given = labelled()
    assert given.name == "ticket-routing sample" and len(given.train) > 100
    assert len(label_prompts(5)) == 5
    prompts = passage_prompts(3)
    assert len(prompts) == 3 and all("\n\nQuestion: " in one.user for one in prompts)


def test_with_the_real_data_banking77_has_ten_labels_in_both_parts(tmp_path, monkeypatch):
    folder = tmp_path / "banking77"
    folder.mkdir()
    for name in ("train.csv", "test.csv"):
        rows = [f'"{name[:2]} message {i}",label{i % 14}' for i in range(56)]
        (folder / name).write_text("text,label\n" + "\n".join(rows), encoding="utf-8")
    monkeypatch.setenv("RUNGWISE_REAL_DATA", str(tmp_path))
    given = labelled()
    assert given.name == "banking77, 10 labels" and len(given.spec.labels) == 10
    assert len(given.train) == len(given.test) == 40
    assert {e.references[0] for e in given.test} == set(given.spec.labels)
    assert labelled().train == given.train, "the same rows in the same order each time"
