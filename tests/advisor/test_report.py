"""What a report holds, from which files, for whom; and the contract over all formats."""

import dataclasses
import json
import shutil
import subprocess
import sys
from html import unescape

import pytest

from advisor.choice import choose
from advisor.cli import main
from advisor.measured import best_scored
from advisor.numbers import interval, percent, points, points_range
from advisor.report import AUDIENCES, build, formats, report_format
from advisor.report.document import Bullets, Figure, Items, Paragraph, Table
from advisor.report.words import UPKEEP
from advisor.workflow import experiment_of, prior_of, write_report
from harness.errors import UserError
from harness.fairness import MACHINE_WAS_QUIET
from harness.given import Given, RetrievalSettings
from harness.store import Run
from harness.types import Preferences
from tests.advisor.report_runs import NAME, NOTE, fullest, smallest, start
from tests.command import here


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    return fullest(tmp_path_factory.mktemp("full"))


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return smallest(tmp_path_factory.mktemp("small"))


def report_of(run, audience="technical"):
    return build(run, experiment_of(run), prior_of(run), audience)


def section(report, key):
    return next(part for part in report.sections if part.key == key)


def texts(part) -> str:
    """All sentences of a section's lists."""
    return "\n".join(line for b in part.blocks if isinstance(b, Bullets) for line in b.lines)


# formats


@pytest.mark.parametrize("name", list(formats()))
@pytest.mark.parametrize("which", ["full", "small"])
def test_every_format_says_every_headline_number_and_says_it_the_same_twice(name, which, request):
    run = request.getfixturevalue(which)
    chosen, experiment = report_format(name), experiment_of(run)
    first = chosen.render(report_of(run))
    assert first == chosen.render(report_of(run))
    said = unescape(first.decode()).replace("\u00a0", " ")
    flat = said.replace("<span>", "").replace("</span>", "")
    for arm in (*experiment.rungs.values(), *experiment.floors.values()):
        scored = arm.scores[experiment.task.metric]
        assert f"{percent(scored.mean)} ({interval(scored.low, scored.high)})" in flat
    for c in (*experiment.comparisons, *experiment.floor_contrasts):
        assert points(c.difference) in flat
        assert points_range(c.low, c.high) in flat
    assert f"{experiment.task.n_heldout} held-out questions" in flat
    assert experiment.verdict["sentence"] in flat


def test_every_format_has_a_name_a_suffix_and_a_kind_of_its_own():
    assert {"html", "json"} <= set(formats())
    for one in formats().values():
        assert one.suffix.startswith(".")
        assert "/" in one.mime
    assert len({one.suffix for one in formats().values()}) == len(formats())


def test_an_unknown_format_is_an_error_that_lists_the_known_ones(full):
    with pytest.raises(UserError) as caught:
        write_report(full, ("html", "papyrus"))
    (problem,) = caught.value.problems
    assert "'papyrus'" in problem.message
    assert problem.fix == f"choose from {', '.join(formats())}"
    assert not (full.folder / "report").exists()


def test_json_is_the_experiment_with_the_report_beside_it(full):
    read = json.loads(report_format("json").render(report_of(full)))
    stored = json.loads((full.folder / "experiment.json").read_bytes())
    told = read.pop("report")
    assert read == stored
    assert {"schema", "task", "environment", "rungs", "floors", "ceilings", "comparisons",
            "verdict", "diagnostics", "fairness"} <= set(read)  # fmt: skip
    assert told["audience"] == "technical"
    assert len(told["items"]) == 10
    assert told["prior"]["aim"] == "rag"
    assert told["note"] == NOTE
    assert [part["key"] for part in told["sections"]][:4] == ["question", "why", "voice", "sure"]


# content


def test_first_screen_is_one_sentence_three_facts_and_what_limits_it(full):
    report = report_of(full)
    assert report.title == f"{NAME}: Use retrieval. Do not fine-tune yet."
    assert [fact.title for fact in report.facts] == [
        "What it costs", "What was expected", "What would change this"
    ]  # fmt: skip
    assert report.facts[0].text.startswith(
        "1.7 s a question on this machine, median of 39 answers; 0.5 s more than prompt. "
    )
    assert report.facts[1].text == (
        "Your answers pointed to retrieval; the measurement does not contradict that, but is too "
        "close to confirm it."
    )
    # a failure is said first
    assert report.mind[0].startswith("1 of 40 answers")


@pytest.mark.parametrize("holds", [False, None, True])
def test_times_of_a_busy_machine_are_not_held_against_one_another(full, holds):
    known = experiment_of(full)
    line = next(one for one in known.fairness if one.check == MACHINE_WAS_QUIET)
    others = [one for one in known.fairness if one is not line]
    checked = dataclasses.replace(known, fairness=(*others, dataclasses.replace(line, holds=holds)))
    said = build(full, checked, None).facts[0].text
    busy = "median of 39 answers timed on a busy machine." in said
    assert busy == (holds is False) and ("more than prompt" in said) == (not busy)


def test_under_a_verdict_of_none_it_is_said_whose_cost_it_is(full):
    """Of the rung with the highest score, which need not be where the climb ended."""
    known = experiment_of(full)
    none = dataclasses.replace(known, verdict={**known.verdict, "recommended": "none"})
    assert choose(none).rung == "rag" and best_scored(none) == "rag_finetune"
    report = build(full, none, None)
    assert report.facts[0].text.startswith(
        "Of retrieval with fine-tuning, which came nearest: 1.1 s a question on this machine"
    )
    assert report.facts[0].text.endswith(UPKEEP["rag_finetune"])
    assert "Retrieval with fine-tuning does better than " in str(section(report, "items").blocks[0])
    pictures = [block for block in section(report, "why").blocks if isinstance(block, Figure)]
    assert pictures[0].caption.startswith("Differences from retrieval on"), "as its axis says"


def test_executive_leaves_out_what_only_an_engineer_needs(full):
    technical, executive = (report_of(full, audience) for audience in AUDIENCES)
    assert [part.key for part in executive.sections] == [
        "question", "why", "cost", "sure", "limits", "change", "decision"
    ]  # fmt: skip
    assert {"items", "data", "rungs", "training", "fair", "reproduce", "words"} <= {
        part.key for part in technical.sections
    }
    assert executive.sentence == technical.sentence
    shown = [block for part in executive.sections for block in part.blocks]
    assert not any("p" in block.head for block in shown if isinstance(block, Table))


def test_the_command_to_do_it_again_names_every_rung_that_was_asked_for(full, tmp_path):
    shutil.copytree(full.folder.parents[1], tmp_path / "copy")
    run = Run(tmp_path / "copy" / "runs" / full.name)
    ladder = [f"{rung}-s0" for rung in ("prompt", "few_shot", "rag", "finetune", "rag_finetune")]
    plan = dataclasses.replace(run.plan(), climb=True, cells=(*ladder, "constrained-s0"))
    run.change_plan(plan)
    told = str(section(report_of(run), "reproduce").blocks)
    named = "prompt,few_shot,rag,finetune,rag_finetune,constrained,preference"
    assert f"rungwise check . --rungs {named} --seeds" in told and "--climb" in told


def test_the_report_says_which_weights_ran_and_what_they_come_from(full):
    told = str(section(report_of(full), "reproduce").blocks)
    assert "smollm2-135m-instruct; 135M parameters, English, Apache-2.0; dequantised from" in told


def test_the_report_says_which_weights_a_reranker_had(full, tmp_path):
    shutil.copytree(full.folder.parents[1], tmp_path / "copy")
    run = Run(tmp_path / "copy" / "runs" / full.name)
    named = Given(RetrievalSettings(reranker="ours/cross", reranker_revision="r1"))
    run.change_plan(dataclasses.replace(run.plan(), given=named, reranker_weights="cafe01"))
    terms = section(report_of(run), "reproduce").blocks[-1].pairs
    assert ("Reranker", "ours/cross r1; weights cafe01") in terms
    assert "Reranker" not in dict(section(report_of(full), "reproduce").blocks[-1].pairs)


def test_where_reports_are_is_also_said_as_json(full, tmp_path):
    asked = ("report", full.folder, "--format", "html,json", "--out", tmp_path, "--json")
    assert json.loads(here(*asked).stdout) == {
        "reports": [str(tmp_path / f"report-technical.{ending}") for ending in ("html", "json")]
    }


def test_items_show_gains_then_losses_then_failures(full):
    report = report_of(full)
    whys = [item.why for item in report.items]
    assert whys[:5] == ["Retrieval right, prompt wrong"] * 5
    assert whys[5:7] == ["Retrieval wrong, prompt right"] * 2
    assert whys[7] == "Retrieval failed: prompt too long, prompt right"
    assert whys[8:] == ["Retrieval and prompt both wrong"] * 2
    assert [item.number for item in report.items[:5]] == [2, 3, 4, 7, 8]
    (block,) = [b for b in section(report, "items").blocks if isinstance(b, Items)]
    assert block.items == report.items


def test_an_item_holds_every_rungs_answer_its_mark_and_the_passage(full):
    item = report_of(full).items[0]
    assert item.references == ("1 gün.",)
    assert [given.mark for given in item.given] == [
        "wrong",
        "right",
        "right",
        "50 % right",
        "wrong",
    ]
    rag = item.given[2]
    assert rag.passage is not None
    assert (rag.passage.source, rag.passage.cited, rag.passage.is_gold) == ("page1.md", True, True)
    assert item.given[0].passage is None
    unanswerable = next(item for item in report_of(full).items if item.number == 8)
    assert unanswerable.references == ()
    assert unanswerable.abstention == "That is not in our pages."


def test_a_failed_answer_is_neither_right_nor_wrong(full):
    failed = next(item for item in report_of(full).items if item.number == 11).given[2]
    assert (failed.mark, failed.tone, failed.text) == ("failed: prompt too long", "none", "")


def test_what_could_not_run_is_said_to_be_untested(full):
    said = texts(section(report_of(full), "limits"))
    assert "Preference alignment could not run: there are no preferences." in said
    assert "Retrieval with fine-tuning, seed 1, ended in an error: out of memory." in said
    assert "Any model but smollm2-135m-instruct" in said


def test_prior_is_told_with_the_answers_that_made_it(full, small):
    tables = [b for b in section(report_of(full), "expected").blocks if isinstance(b, Table)]
    reasons = tables[1].rows
    assert any("The facts: wrong, missing or out of date" in row[0] for row in reasons)
    assert all(row[3] for row in reasons)
    assert "expected" not in [part.key for part in report_of(small).sections]


def test_trained_rungs_warn_of_what_is_in_their_weights(full, small):
    assert "Fine-tuning put the training examples" in texts(section(report_of(full), "protection"))
    assert "weights" not in texts(section(report_of(small), "protection"))


# files


def test_note_is_read_beside_the_run_and_missing_apart_from_a_project(full, small, tmp_path):
    assert report_of(full).note == NOTE
    assert report_of(small).note == ""
    moved = tmp_path / "runs" / "moved"
    shutil.copytree(small.folder, moved)
    (tmp_path / "rungwise.toml").write_text("[project\n", encoding="utf-8")
    with pytest.raises(UserError, match="not TOML"):
        report_of(type(small)(moved))


def test_a_run_that_lost_its_scores_says_how_to_get_them_back(small, tmp_path):
    moved = tmp_path / "runs" / "moved"
    shutil.copytree(small.folder, moved)
    (moved / "scores.json").unlink()
    with pytest.raises(UserError) as caught:
        report_of(type(small)(moved))
    assert "--run moved" in caught.value.problems[0].fix


def test_an_unfinished_run_has_no_report(full, tmp_path):
    view = full.view()
    task = type("Data", (), {"spec": view.spec, "train": (), "dev": (), "documents": (),
                             "heldout": full.heldout(), "fingerprint": "f",
                             "preferences": Preferences()})  # fmt: skip
    run = start(tmp_path / "runs" / "open", task, ["prompt-s0"])
    with pytest.raises(UserError, match="not finished"):
        write_report(run)


def test_an_unknown_audience_is_an_error_that_lists_the_known_ones(small):
    with pytest.raises(UserError) as caught:
        report_of(small, "children")
    assert caught.value.problems[0].fix == "choose one of technical, executive"


def test_verb_writes_the_files_and_prints_where_they_are(small, tmp_path, capsys):
    status = main(["report", str(small.folder), "--format", "html,json", "--audience", "executive",
                   "--out", str(tmp_path / "new" / "folder")])  # fmt: skip
    printed = capsys.readouterr().out.splitlines()
    assert status == 0
    assert printed == [
        str(tmp_path / "new" / "folder" / f"report-executive{suffix}")
        for suffix in (".html", ".json")
    ]
    assert (tmp_path / "new" / "folder" / "report-executive.html").stat().st_size > 5000


def test_verb_refuses_an_unknown_format_with_a_fix(small, capsys):
    assert main(["report", str(small.folder), "--format", "papyrus"]) == 2
    said = capsys.readouterr().err
    assert "error: --format: there is no report format 'papyrus'" in said
    assert "fix: choose from html, json" in said


def test_a_report_is_made_without_a_machine_learning_library(small):
    code = (
        "import sys; from advisor.cli import main; "
        f"main(['report', {str(small.folder)!r}, '--format', 'html,json']); "
        "heavy = {'torch', 'transformers', 'peft', 'faiss', 'sklearn', 'sentence_transformers'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert (small.folder / "report" / "report-technical.html").is_file()


def test_how_pairs_are_judged_is_told_with_what_counts_as_one_question(full):
    found = experiment_of(full)

    def counted(units):
        return dataclasses.replace(
            found,
            task=dataclasses.replace(found.task, detectable=0.214, groups=units),
            comparisons=tuple(dataclasses.replace(c, units=units) for c in found.comparisons),
            floor_contrasts=(),
        )

    told = [
        build(full, counted(units), prior_of(full), "technical")
        for units in (found.comparisons[0].n, 8)
    ]
    alone, together = (
        " ".join(b.text for b in section(report, "why").blocks if isinstance(b, Paragraph))
        for report in told
    )
    margin = "the 90 % interval lies within 3 points to either side"
    assert margin in alone and margin in together
    n = found.comparisons[0].n
    assert f"The {n} questions belong to 8 documents or groups, which count as one" in together
    assert "documents or groups" not in alone
    (asked,) = section(told[1], "question").blocks
    assert "show a difference of about 21 points between two of them" in asked.text
