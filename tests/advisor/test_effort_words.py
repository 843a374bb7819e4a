"""What was tried on dev: every trial with its score, the one taken, and what the user decided."""

import dataclasses

import pytest

from advisor.cli import main
from advisor.effort_words import NOTE, TITLE, chosen_on, efforts
from advisor.prompt_words import TITLE as PROMPT
from advisor.prompt_words import found_prompt, found_prompts
from advisor.report import build
from advisor.report.document import Bullets, Table, Terms
from advisor.report.formats.html import render
from advisor.report.protection_section import protection
from advisor.report.sources import read_sources
from advisor.searching import searching
from advisor.summary import effort_table
from advisor.workflow import experiment_of, prior_of
from harness.given import Given, PromptSettings
from tests.advisor.experiments import arm, experiment
from tests.advisor.report_runs import fullest

TRIED = {
    "tried": [
        {"passages": 3, "dev_score": 0.41},
        {"passages": 2, "dev_score": 0.44},
        {"worked_examples": 0, "dev_score": 0.44},
        {"worked_examples": 2, "dev_score": None},
    ],
    "dev_answers": 96,
    "decodings_tried": [
        {"decoding": "free", "dev_score": 0.44},
        {"decoding": "allowed answers only", "dev_score": 0.5},
    ],
    "examples_tried": [
        {"examples": "nearest", "dev_score": 0.3},
        {"examples": "the same for all", "draw": 0, "dev_score": 0.2},
        {"examples": "the same for all", "draw": 1, "dev_score": 0.4},
        {"examples": "none", "dev_score": 0.1},
    ],
    "abstaining_tried": [{"abstains_below": 0.21, "dev_score": 0.4}],
    "passages_tried": [{"passages": 2, "dev_recall": 0.875}],
    "retrievers_tried": [{"retriever": "bm25", "questions": 3, "recall": {"2": 0.5}}],
    "set_by_user": ["retriever"],
}
SETTINGS = {
    "passages": 2, "worked_examples": 0, "decoding": "allowed answers only",
    "examples": "the same for all", "draw": 1, "retriever": "rrf",
}  # fmt: skip


def rows_of(settings=SETTINGS, effort=TRIED):
    one = dataclasses.replace(arm("rag", 0.5), settings=settings, effort=effort)
    found = efforts(experiment({"prompt": 0.3, "rag": one}))
    return [(setting, said) for title, setting, said in found.rows if title == one.title]


def test_every_trial_stands_with_its_score_and_the_one_taken_is_marked():
    assert rows_of() == [
        ("Passages before the question", "3: 41 %, 2: 44 % (taken)"),
        ("Worked examples with passages", "0: 44 % (taken), 2: not known"),
        ("Answers", "free: 44 %, allowed answers only: 50 % (taken)"),
        ("Which worked examples", "nearest: 30 %, the same for all (set 1): 20 %, "
         "the same for all (set 2): 40 % (taken), none: 10 %"),
        ("Says 'I do not know' below a closeness of", "0.21: 40 %; none was taken"),
        ("Passages before the question", "2: found 88 % (taken)"),
        ("Retriever", "rrf, set by you"),
    ]  # fmt: skip


def test_more_than_a_few_trials_stand_in_a_line_each_and_on_a_terminal_in_one():
    trials = [{"passages": n, "dev_score": n / 10} for n in range(1, 6)]
    effort = {"tried": trials, "judged_by": "exact match"}
    ((_, said),) = rows_of({"passages": 5}, effort)
    assert said.splitlines() == ["1: 10 %", "2: 20 %", "3: 30 %", "4: 40 %", "5: 50 % (taken)"]
    one = dataclasses.replace(arm("rag", 0.5), settings={"passages": 5}, effort=effort)
    told = effort_table(experiment({"prompt": 0.3, "rag": one}))
    assert "1: 10 %, 2: 20 %, 3: 30 %, 4: 40 %, 5: 50 % (taken)" in told


def test_it_is_said_of_how_many_rows_the_shares_on_dev_are():
    known = experiment({"prompt": 0.3})
    n = known.task.n_dev
    assert chosen_on(known, n + 1) == f"Settings were chosen on dev: {n} rows."
    some = chosen_on(known, n - 1)
    assert some == (
        f"Settings were chosen on dev. Scores on it are of the first {n - 1} of its {n} rows; "
        f"shares found are of all {n}."
    )


def test_what_was_decided_beyond_what_there_is_stands_beside_what_was_done():
    effort = {"set_by_user": ["demonstrations"], "wanted": {"demonstrations": 50}}
    (row,) = rows_of({"demonstrations": 20}, effort)
    assert row[1] == "20, all there are; you set 50"


def test_a_setting_that_was_kept_without_a_trial_of_its_own_is_named():
    trials = [{"examples": "spread", "dev_score": 0.4}, {"examples": "none", "dev_score": 0.1}]
    ((_, said),) = rows_of({"examples": "nearest"}, {"examples_tried": trials})
    assert said == "spread: 40 %, none: 10 %; nearest was taken"


def test_a_metric_of_which_less_is_better_is_told_without_the_sign_it_is_kept_with():
    trials = [{"passages": 1, "dev_score": -0.5}, {"passages": 2, "dev_score": -0.25}]
    (row,) = rows_of({"passages": 2}, {"tried": trials})
    assert row[1] == "1: 50 %, 2: 25 % (taken)"


def test_an_interval_stands_behind_the_score_that_it_is_of():
    trials = [
        {"decoding": "free", "dev_score": 0.44, "low": 0.0, "high": 0.6},
        {"decoding": "allowed answers only", "dev_score": 0.5, "low": None, "high": None},
    ]
    ((_, said),) = rows_of({"decoding": "free"}, {"decodings_tried": trials})
    assert said == "free: 44 % (0–60 %) (taken), allowed answers only: 50 %"


def test_a_bound_that_was_taken_is_marked_and_a_learning_rate_tells_its_time():
    taken = rows_of({"abstains_below": 0.21}, {"abstaining_tried": TRIED["abstaining_tried"]})
    assert taken == [("Says 'I do not know' below a closeness of", "0.21: 40 % (taken)")]
    trial = {"learning_rate": 0.001, "dev_metric": 0.5, "dev_loss": 1, "steps": 3, "seconds": 60,
             "curve": []}  # fmt: skip
    effort = {"tried": [trial], "judged_by": "exact match"}
    ((name, said),) = rows_of({"learning_rate": 0.001}, effort)
    assert (name, said) == ("Learning rate", "0.001: 50 % in 60 s (taken), by exact match")


def test_one_rule_is_told_in_one_way_and_claims_no_setting_that_goes_by_another(full):
    rule = "by more than its usual scatter (one standard error of the difference)"
    assert rule in NOTE and "chance explains" not in NOTE
    assert "Learning rates, the bound for 'I do not know' and the passages that retrieval with" in (
        NOTE
    )
    ways = searching(experiment_of(full)).notes
    assert any(rule in one for one in ways) and not any("chance explains" in one for one in ways)


def test_where_nothing_was_tried_or_decided_there_is_no_table():
    assert efforts(experiment({"prompt": 0.3})) is None


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    return fullest(tmp_path_factory.mktemp("full"))


def test_the_report_the_app_and_the_terminal_say_the_same(full, capsys):
    found = efforts(experiment_of(full))
    report = build(full, experiment_of(full), prior_of(full), "technical")
    (part,) = [one for one in report.sections if one.key == "rungs"]  # Compare draws this one
    tables = {block.caption: block for block in part.blocks if isinstance(block, Table)}
    assert tables[found.caption].rows == found.rows
    assert any("0.0005: 50 % in 12 s" in row[2] for row in found.rows)
    assert main(["show", str(full.folder)]) == 0
    said = capsys.readouterr().out
    (notes,) = [b.lines for b in part.blocks if isinstance(b, Bullets) and NOTE in b.lines]
    assert notes[0].startswith("Settings were chosen on dev: ")
    assert f"\n{TITLE}:\n" in said and f"  - {NOTE}\n" in said
    assert all(cell in said for row in found.rows for cell in row)


def test_a_way_that_the_user_set_is_not_said_to_be_the_efforts(full):
    experiment = experiment_of(full)
    tried = [{"retriever": "rrf", "questions": 1, "recall": {"1": 1.0}}]
    effort = {"retrievers_tried": tried, "set_by_user": ["retriever"]}
    one = dataclasses.replace(experiment.rungs["rag"], effort=effort)
    found = searching(dataclasses.replace(experiment, rungs={"rag": one}))
    assert "You set this way; no other was tried." in found.notes


def test_what_a_second_look_found_and_costs_is_told_and_who_took_it(full):
    base = experiment_of(full)
    trials = [
        {"reranker": "none", "dev_recall": 0.7},
        {"reranker": "m@1", "dev_recall": 0.8, "seconds_a_question": 0.5},
    ]
    for taken, note in (
        ("m@1", "put in order once more by m@1"),
        ("none", "it did not find clearly more"),
    ):
        arm_of = base.rungs["rag"]
        effort = {**arm_of.effort, "rerankers_tried": trials}
        settings = {**arm_of.settings, "reranker": taken}
        one = dataclasses.replace(arm_of, effort=effort, settings=settings)
        found = dataclasses.replace(base, rungs={"rag": one})
        assert any(note in line for line in searching(found).notes)
        (said,) = [row[2] for row in efforts(found).rows if row[1].startswith("Second look")]
        first, second = said.split(", ")
        assert first == "none: found 70 %" + " (taken)" * (taken == "none")
        assert second == "m@1: found 80 % for 0.5 s a question" + " (taken)" * (taken == "m@1")


def test_the_prompt_that_a_search_found_is_told_whole_and_once(full):
    base = experiment_of(full)
    settings = {
        "prompt": "a role; 2 examples, nearest", "wording": "a role", "count": 2, "way": "nearest",
        "system": "You are an expert.\nSort <b>it</b>.", "before": "Text: ", "after": "\nLabel:",
        "decoding": "free",
    }  # fmt: skip
    tried = [
        {"prompt": "as it stands", "dev_score": 0.1},
        {"prompt": "a role; 2 examples, nearest", "dev_score": 0.4},
    ]
    failed = {"endpoint": "openai:http://127.0.0.1:1/v1#m", "failed": "it proposed no instruction"}
    effort = {"prompts_tried": tried, "proposer": failed, "dev_answers": 20}
    one = dataclasses.replace(
        base.rungs["prompt"], title="Searched prompt", settings=settings, effort=effort
    )
    found = dataclasses.replace(base, rungs={**base.rungs, "prompt": one})
    (row,) = [row for row in efforts(found).rows if row[0] == "Searched prompt"]
    assert row[1:] == (
        "Prompts",
        "as it stands: 10 %, a role; 2 examples, nearest: 40 % (taken)",
    )
    report = build(full, found, prior_of(full), "technical")
    (part,) = [section for section in report.sections if section.key == "rungs"]
    (terms, *_) = [block for block in part.blocks if isinstance(block, Terms)]
    told = dict(terms.pairs)
    assert told["System prompt"] == settings["system"]
    assert told["Each question"] == "Text: {the question}\nLabel:"
    assert told[PROMPT].startswith(
        "What was changed: a role. 2 worked examples of the training rows stand before each "
        "question: nearest. "
    )
    assert "it proposed no instruction" in told[PROMPT]
    assert "expert" not in told["Searched prompt"] and "decoding free" in told["Searched prompt"]
    (protection,) = [section for section in report.sections if section.key == "protection"]
    said = " ".join(line for block in protection.blocks for line in block.lines)
    assert "training rows were sent to a model that proposes instructions: http://127." in said
    assert "nothing was sent" not in said and "perhaps training rows: it needs" in said
    assert "Sort &lt;b&gt;it&lt;/b&gt;." in render(report).decode()
    said = found_prompts(found)
    assert "System prompt:\n  You are an expert.\n  Sort <b>it</b>." in said
    assert said.startswith("  What was changed: ") and PROMPT not in said, "the heading says it"
    assert found_prompts(base) == ""


def told_prompt(**more):
    settings = {"prompt": "…", "wording": "as it stands", "system": "Sort it.", "before": "",
                "after": "", "count": 0, "way": "nearest", **more}  # fmt: skip
    return dict(found_prompt(dataclasses.replace(arm("searched_prompt", 0.5), settings=settings)))


def test_a_wording_that_was_kept_is_told_as_the_usual_one_and_its_examples_once():
    assert told_prompt()[PROMPT] == "The wording is the usual one."
    assert told_prompt(count=1, way="nearest of each label")[PROMPT] == (
        "The wording is the usual one. 1 worked example of the training rows stands before each "
        "question: nearest of each label."
    )


def test_examples_that_are_the_same_for_all_are_told_whole_and_as_text(full):
    shown = [["First <b>row</b>?\nTruly?", "yes"], ["Second row?", "no"]]
    settings = {"count": 2, "way": "the same for all", "draw": 0}
    told = told_prompt(**settings, shown=shown)
    assert told[PROMPT].endswith("stand before each question: the same for all.")
    assert told["Worked example 1"] == "First <b>row</b>?\nTruly?\n→ yes"
    assert told["Worked example 2"] == "Second row?\n→ no"
    assert not any(name.startswith("Worked") for name in told_prompt(**settings)), "an older run"


def test_a_proposer_that_a_failed_rung_may_have_asked_is_told_in_the_report(full):
    """Its rows were sent before the search that failed; the rung is no arm of the experiment."""
    found = dataclasses.replace(
        experiment_of(full), failed={"searched_prompt-s0": "not enough memory"}
    )
    named = Given(prompt=PromptSettings(proposer="openai:http://127.0.0.1:1/v1#m"))
    sources = read_sources(full, found, prior_of(full))
    asked = dataclasses.replace(sources, plan=dataclasses.replace(sources.plan, given=named))
    said = " ".join(line for block in protection(asked).blocks for line in block.lines)
    assert "training rows may have been sent to a model that proposes instructions: http://" in said
    assert "nothing was sent" not in said
