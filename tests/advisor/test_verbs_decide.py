"""rungwise weigh, decide and runs, as the command prints them."""

import json
import shutil

import pytest

from advisor.cli import main
from harness.disk import write_json


def test_weigh_prints_the_order_what_flips_it_and_where_points_come_from(run, capsys):
    assert main(["weigh", str(run.folder)]) == 0
    out = capsys.readouterr().out
    assert "With these weights retrieval comes first:" in out
    assert "What would change the first place:" in out and "Only if " in out
    assert "Of 10,000 weightings drawn at random" in out
    assert "judgements from how a rung works, not measurements" in out
    assert "Nobody has set weights yet" in out and "under [weights] in rungwise.toml" in out


def test_weigh_prints_json_with_the_same_sentences(run, capsys):
    assert main(["weigh", str(run.folder), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["run"] == "first"
    assert found["weighing"]["utilities"][0]["rung"] == "rag"
    assert sum(found["weighing"]["shares"].values()) == pytest.approx(1)
    assert found["sentences"][0].startswith("With these weights retrieval comes first")


def test_weigh_says_what_is_wrong_with_the_weights(root, run, capsys):
    with (root / "rungwise.toml").open("a", encoding="utf-8") as file:
        file.write("[weights]\nquality = 99\nspeed = 1\n")
    assert main(["weigh", str(run.folder)]) == 2
    said = capsys.readouterr().err
    assert "error: rungwise.toml, [weights]: the weight of quality cannot be 99" in said
    assert "there is no criterion 'speed'" in said and "Traceback" not in said


@pytest.mark.parametrize("verb", ["weigh", "decide"])
def test_a_run_that_is_not_finished_says_how_to_go_on(verb, run, capsys):
    (run.folder / "experiment.json").unlink()
    assert main([verb, str(run.folder)]) == 2
    said = capsys.readouterr().err
    assert "the run is not finished" in said and "--run first" in said


def test_decide_without_options_proposes_then_prints_what_is_recorded(run, capsys):
    assert main(["decide", str(run.folder)]) == 0
    out = capsys.readouterr().out
    assert "Nothing has been decided yet." in out and "--rung rag --by" in out
    assert main(["decide", str(run.folder), "--rung", "rag", "--by", "Ada", "--why", "It reads.",
                 "--review", "2099-05-01", "--volume-above", "10000"]) == 0  # fmt: skip
    recorded = capsys.readouterr().out
    assert "Decided by: Ada" in recorded and "More than 10,000 answers" in recorded
    assert main(["decide", str(run.folder)]) == 0
    assert capsys.readouterr().out == recorded


def test_decide_proposes_what_is_advised_until_somebody_writes_weights(root, run, capsys):
    assert main(["decide", str(run.folder)]) == 0
    assert "With weights that nobody has set yet" in capsys.readouterr().out
    with (root / "rungwise.toml").open("a", encoding="utf-8") as file:
        file.write("[weights]\nquality = 0\ncost = 5\n")
    assert main(["decide", str(run.folder)]) == 0
    out = capsys.readouterr().out
    assert (
        "The check advises: Use retrieval." in out
        and "With your weights: Use a prompt with worked examples." in out
    )
    assert "--rung few_shot --by" in out


def test_decide_prints_json_before_and_after_and_keeps_earlier_versions(run, capsys):
    assert main(["decide", str(run.folder), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found == {"run": "first", "decision": None, "earlier": [], "reopened_by": [],
                     "not_seen": [], "advised": "rag", "weighed_first": "rag"}  # fmt: skip
    for why in ("one", "two"):
        assert main(["decide", str(run.folder), "--rung", "none", "--by", "A", "--why", why,
                     "--json"]) == 0  # fmt: skip
        found = json.loads(capsys.readouterr().out)
    assert found["decision"]["why"] == "two" and [o["why"] for o in found["earlier"]] == ["one"]


def test_decide_names_all_options_that_are_missing_or_wrong(run, capsys):
    assert main(["decide", str(run.folder), "--rung", "rag"]) == 2
    said = capsys.readouterr().err
    assert "--by is missing" in said and "--why is missing" in said
    assert main(["decide", str(run.folder), "--rung", "nope", "--by", "A", "--why", " "]) == 2
    said = capsys.readouterr().err
    assert "'nope' was not part of this check" in said and "no reason is given" in said
    assert not (run.folder / "decision.json").exists()


def test_it_can_be_decided_where_nothing_can_be_weighed(run, capsys):
    (run.folder / "scores.json").unlink()
    assert main(["decide", str(run.folder), "--rung", "rag", "--by", "A", "--why", "So."]) == 0
    assert "Weights" not in capsys.readouterr().out


def test_runs_shows_the_decision_what_reopens_it_and_how_often_answers_were_right(
    root, run, capsys
):
    assert main(["decide", str(run.folder), "--rung", "rag", "--by", "A", "--why", "So."]) == 0
    experiment = json.loads((run.folder / "experiment.json").read_bytes())
    experiment["verdict"]["agreement"] = "confirmed"
    write_json(run.folder / "experiment.json", experiment)
    capsys.readouterr()
    assert main(["runs", str(root)]) == 0
    out = capsys.readouterr().out
    assert "Use retrieval." in out and "Look at it again" not in out
    assert "finished check" not in out, "one says nothing"
    text = (root / "rungwise.toml").read_text(encoding="utf-8")
    (root / "rungwise.toml").write_text(text + '[model]\ngenerator = "other"\n', encoding="utf-8")
    assert main(["runs", str(root)]) == 0
    assert "first: Look at it again: The base model is other now" in capsys.readouterr().out
    assert main(["runs", str(root), "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["decision"] == "Use retrieval." and "other" in row["reopened_by"]
    for number in range(4):
        shutil.copytree(run.folder, run.folder.with_name(f"again{number}"))
    assert main(["runs", str(root)]) == 0
    told = "Of 5 finished checks the measurement pointed where the answers had pointed in 5."
    assert told in capsys.readouterr().out
