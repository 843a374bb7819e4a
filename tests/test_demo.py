"""The demo through its real door: copied, killed twice, gone on with to its report."""

import json

import pytest

from harness.store import Run
from tests.command import killed_once, rungwise

# Three commands in a row, on a machine that may do other work besides.
pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def demo(tmp_path_factory, tiny_model):
    """The folder of a demo on the tiny model, and what its last command said."""
    root = tmp_path_factory.mktemp("demo") / "desk"
    asked = ("demo", "--sample", "ticket-routing", "--out", root)
    config, run = root / "rungwise.toml", Run(root / "runs" / "demo")
    killed_once(config.is_file, *asked)
    text = config.read_text(encoding="utf-8")
    text = text.replace('"smollm2-135m-instruct"', f'"{tiny_model.as_posix()}"')
    all_rungs = '["prompt", "few_shot", "searched_prompt", "constrained", "finetune"]'
    assert all_rungs in text
    config.write_text(text.replace(all_rungs, '["prompt", "few_shot"]'), encoding="utf-8")
    killed_once(lambda: run.finished("prompt-s0"), *asked)
    finished = run.cell_file("prompt-s0").stat().st_mtime_ns
    again = rungwise(*asked)
    done = rungwise(*asked, "--json")
    assert done.returncode == 0, done.stderr
    (root / "again.json").write_text(done.stdout, encoding="utf-8")
    assert again.returncode == 0, again.stderr
    assert run.cell_file("prompt-s0").stat().st_mtime_ns == finished, "it was not done again"
    return root, again


def test_a_demo_that_was_killed_goes_on_and_ends_with_the_reports(demo):
    root, again = demo
    told = again.stderr.splitlines()
    assert f"1/4 the sample project is in {root}" in told
    assert any(line.startswith("2/4 the answers point to: ") for line in told)
    assert any(line.startswith("3/4 data: ") and "findings" in line for line in told)
    assert "4/4 the check" in told
    reports = [line for line in again.stdout.splitlines() if line.startswith("report: ")]
    assert len(reports) == 2
    for line in reports:
        assert root.joinpath(line.removeprefix("report: ")).stat().st_size > 1000
    assert Run(root / "runs" / "demo").finished("few_shot-s0")


def test_the_result_of_the_demo_names_its_rungs_also_as_json(demo):
    root, again = demo
    assert "few_shot" in again.stdout and "prompt" in again.stdout
    found = json.loads((root / "again.json").read_text(encoding="utf-8"))
    assert list(found["experiment"]["rungs"]) == ["prompt", "few_shot"]
    last = [*(f"report: {path}" for path in found["reports"])]
    assert again.stdout.splitlines()[-3:-1] == last
    assert again.stdout.splitlines()[-1] == f"in the browser: rungwise app {root}"
