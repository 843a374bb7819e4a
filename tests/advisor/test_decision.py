"""The record of a decision: nothing is lost, and what reopens it is seen."""

import dataclasses
import json
from datetime import date

import pytest

from advisor import workflow
from advisor.deciding import decide, finished, weigh_run
from advisor.decision import Triggers, decided, decision_of, decisions_of, evidence_of, record
from advisor.decision_words import (
    ANYWAY,
    changes_sentence,
    choice,
    decision_text,
    fired_sentence,
    record_pairs,
    trigger_sentences,
)
from advisor.project import open_project
from advisor.reopening import standing
from advisor.report import build, report_format
from advisor.settings_file import change
from advisor.track_record import TrackRecord, track_record
from advisor.triggers import Later, triggered
from harness.errors import UserError
from harness.store import Run
from tests.advisor.experiments import experiment, verdict
from tests.advisor.page_project import HOSTILE, make_run

TODAY = date(2027, 1, 15)
FOUND = experiment({"prompt": 0.5, "rag": 0.8})
ALL = Triggers(2, 10_000, 100, 20, review="2027-05-01")
UNPRICED = dataclasses.replace(ALL, price_moves=None)


def made(rung="rag", by="Ada", why="It is right.", triggers=ALL, **evidence):
    return decided(rung, by, why, evidence_of(FOUND, **evidence), triggers)


# the record


def test_a_decision_is_kept_with_its_evidence_and_read_back_as_it_was(run):
    of = finished(run)
    weighed = weigh_run(of)
    kept = decide(of, "rag", " Ada Ö. ", " It reads. ", UNPRICED, weighed)
    assert decision_of(run) == kept and kept.by == "Ada Ö." and kept.why == "It reads."
    evidence = kept.evidence
    assert (evidence.run, evidence.recommended) == ("first", "rag")
    assert evidence.fingerprint == of.experiment.task.fingerprint
    assert evidence.verdict.startswith("Use retrieval. Do not fine-tune yet. On 39 of 40 held-out")
    assert evidence.weights == weighed.weighing.shares and evidence.first is not None
    assert json.loads((run.folder / "decision.json").read_bytes())["schema"] == 1


def test_a_change_adds_a_version_and_loses_none(run):
    of = finished(run)
    for rung in ("prompt", "rag", "not_decided"):
        decide(of, rung, "Ada", f"because of {rung}", Triggers(), None)
    versions = decisions_of(run)
    assert [one.rung for one in versions] == ["prompt", "rag", "not_decided"]
    assert changes_sentence(versions).startswith("Changed 2 times; before: Use retrieval. (Ada, ")
    assert not [file for file in run.folder.iterdir() if file.suffix == ".tmp"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"rung": "rga"}, "rung: 'rga' was not part of this check"),
        ({"rung": ""}, "rung: nothing is chosen"),
        ({"by": "  "}, "by: nobody is named"),
        ({"why": "\n"}, "why: no reason is given"),
        ({"triggers": Triggers(changes_above=-1)}, "changes above: -1 is no threshold"),
        ({"triggers": Triggers(price_moves=float("nan"))}, "price moves: nan is no threshold"),
        ({"triggers": Triggers(volume_above=5, volume_below=6)}, "leave no volume that is right"),
        ({"triggers": Triggers(review="next May")}, "review: 'next May' is no date"),
        ({"triggers": Triggers(review="2020-01-01")}, "review: 2020-01-01 is not in the future"),
    ],
)
def test_what_cannot_be_recorded_is_refused_with_its_place(tmp_path, more, said):
    run = Run(tmp_path)
    with pytest.raises(UserError) as caught:
        record(run, made(**more), FOUND)
    assert said in str(caught.value) and caught.value.problems[0].fix
    assert decisions_of(run) == ()


def test_all_that_is_wrong_is_said_at_once(tmp_path):
    wrong = made("x", "", "", Triggers(volume_above=-1, review="x"))
    with pytest.raises(UserError) as caught:
        record(Run(tmp_path), wrong, FOUND)
    assert len(caught.value.problems) == 5


@pytest.mark.parametrize(
    ("text", "said"),
    [("{", "damaged"), ('{"schema": 2}', "has schema 2, this version reads 1"),
     ('{"schema": 1, "decisions": [{"rung": "rag"}]}', "damaged")],
)  # fmt: skip
def test_a_damaged_record_is_an_error_and_is_not_overwritten(run, text, said):
    file = run.folder / "decision.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=said):
        decide(finished(run), "rag", "Ada", "so", Triggers(), None)
    assert file.read_text(encoding="utf-8") == text


def test_the_words_of_a_record_hold_everything_and_read_plainly():
    pairs = dict(record_pairs(made(weights={"quality": 0.75, "cost": 0.25}, first="rag")))
    assert pairs["Decision"] == "Use retrieval." and pairs["Decided by"] == "Ada"
    assert pairs["Weights"] == "quality 75 %, cost 25 %; first with these: retrieval"
    assert len(trigger_sentences(ALL)) == 7 and len(trigger_sentences(Triggers())) == 2
    assert "more often than 2 a month" in pairs["Reopened if"]
    assert "More than 10,000 answers are needed a month." in pairs["Reopened if"]
    assert choice("none") == "None of these for now."
    assert choice("not_decided") == "Not decided yet: left open for now."
    assert dict(record_pairs(made(triggers=Triggers(other_model=False, new_data=False))))[
        "Reopened if"
    ] == ANYWAY  # fmt: skip


# what reopens it


def fired(decision=None, project=None, **later):
    found = triggered(decision or made(), project, Later(**{"today": TODAY, **later}))
    return {one.kind: one.text for one in found}


def test_nothing_is_known_and_nothing_fires():
    assert fired() == {}
    assert fired_sentence(()) == "Nothing that would reopen it is known to have happened."


@pytest.mark.parametrize(
    ("today", "fires"),
    [(date(2027, 4, 30), False), (date(2027, 5, 1), True), (date(2028, 1, 1), True)],
)  # fmt: skip
def test_the_review_date_fires_on_its_day_and_after(today, fires):
    assert ("review" in fired(today=today)) is fires


def test_another_model_fires_where_it_is_watched(root):
    project = open_project(root)
    same = made()
    same = dataclasses.replace(
        same, evidence=dataclasses.replace(same.evidence, model=project.model.generator)
    )
    assert fired(same, project) == {}
    other = change(root, {("model", "generator"): "another"})
    assert "another now; it was decided on smollm2" in fired(same, other)["model"]
    unwatched = dataclasses.replace(same, triggers=Triggers(other_model=False))
    assert fired(unwatched, other) == {}


def test_watched_answers_that_changed_fire_in_the_words_of_the_questionnaire():
    decision = made(answers={"change_rate": "yearly", "volume": "low", "citations": "must"})
    assert set(decision.evidence.answers) == {"change_rate", "volume"}
    assert fired(decision, answers={"change_rate": "yearly", "volume": "low"}) == {}
    told = fired(decision, answers={"change_rate": "yearly", "volume": "high_short"})
    assert told["answers"] == (
        "The answer on the volume was “Up to a few hundred a day” and is “Thousands a day, with a "
        "short instruction” now."
    )
    assert "I don't know" in fired(decision, answers={"volume": "dont_know"})["answers"]


@pytest.mark.parametrize(
    ("later", "fires"),
    [
        ({"changes": 2}, False), ({"changes": 2.5}, True),
        ({"answers": {"change_rate": "monthly"}}, False),
        ({"answers": {"change_rate": "daily"}}, True),
        ({"answers": {"change_rate": "daily"}, "changes": 1}, False),
        ({"answers": {"change_rate": "dont_know"}}, False),
    ],
)  # fmt: skip
def test_changes_fire_above_their_threshold_counted_or_as_answered(later, fires):
    assert ("changes" in fired(**later)) is fires


@pytest.mark.parametrize(
    ("volume", "text"),
    [(10_001, "10,001 answers a month, more than 10,000."), (10_000, None), (100, None),
     (99, "99 answers a month, fewer than 100.")],
)  # fmt: skip
def test_volume_fires_outside_its_thresholds(volume, text):
    assert fired(volume=volume).get("volume") == text


@pytest.mark.parametrize(
    ("price", "said"), [(1.2, None), (1.21, "21 % more"), (0.8, None), (0.7, "30 % less")]
)
def test_the_price_of_the_decided_rung_fires_when_it_moves_either_way(price, said):
    told = fired(made(prices={"rag": 1.0, "prompt": 1.0}), prices={"rag": price, "prompt": 9.0})
    assert (said in told["price"]) if said else told == {}


def test_where_no_rung_was_decided_the_price_that_moved_most_counts():
    decision = made("none", prices={"rag": 1.0, "prompt": 1.0})
    assert "prompt costs 50 % less" in fired(decision, prices={"rag": 1.3, "prompt": 0.5})["price"]
    assert fired(made("rag", prices={"rag": 0.0}), prices={"rag": 1.0}) == {}, "no share of nothing"


def test_a_later_check_that_left_the_decided_rung_out_does_not_speak_against_it():
    later = experiment({"prompt": 0.5, "few_shot": 0.6}, run="second")
    later = dataclasses.replace(later, verdict={"recommended": "few_shot"})
    assert "later" not in fired(experiment=later)
    assert "later" in fired(made("none"), experiment=later)


def test_a_later_check_fires_on_other_data_and_on_another_verdict():
    later = experiment({"prompt": 0.5, "rag": 0.8}, run="second", fingerprint="g")
    later = dataclasses.replace(later, verdict={"recommended": "prompt"})
    told = fired(experiment=later)
    assert "check second was made on another task or split" in told["data"]
    assert told["later"] == "A later check, second, points to prompt."
    same = dataclasses.replace(FOUND, run="third", verdict={"recommended": "rag"})
    assert fired(experiment=same) == {}
    assert fired(experiment=dataclasses.replace(later, run="first")) == {}, "the check itself"


def test_a_check_of_another_model_than_the_project_names_reopens_nothing_by_itself(root):
    """Decided on ``check --model``: what rungwise.toml named then is no news."""
    named = open_project(root).model.generator
    assert fired(made(configured=named), open_project(root)) == {}
    assert list(fired(made(configured="another"), open_project(root))) == ["model"]


def test_what_stands_in_the_project_is_looked_up(root, run):
    project = open_project(root)
    workflow.save_answers(project, {"volume": "low"})
    of = finished(run)
    decide(of, "prompt", "Ada", "Cheap.", Triggers(), None)
    assert standing(run).fired == ()
    workflow.save_answers(project, {"volume": "high_long"})
    second = make_run(root, "second")
    file = second.folder / "experiment.json"
    known = json.loads(file.read_bytes())
    known["created"] = "2026-02-01T00:00:00.000+00:00"
    file.write_text(json.dumps(known), encoding="utf-8")
    # the check that was decided on advised retrieval, and so does the later one: nothing new
    assert [one.kind for one in standing(run).fired] == ["answers"]
    known["verdict"]["recommended"] = "finetune"
    file.write_text(json.dumps(known), encoding="utf-8")
    assert [one.kind for one in standing(run).fired] == ["answers", "later"]
    file.write_text("{", encoding="utf-8")
    assert [one.kind for one in standing(run).fired] == ["answers"], "a damaged run says nothing"


def test_the_report_shows_the_record_in_the_place_of_the_blanks(run):
    of = finished(run)
    blank = report_format("html").render(build(run, of.experiment, None, "executive")).decode()
    assert "Decided by" in blank and 'class="blanks"' in blank
    decide(of, "rag", f"Ada {HOSTILE}", f"It reads {HOSTILE}", UNPRICED, weigh_run(of))
    decide(of, "rag", f"Ada {HOSTILE}", f"It reads on {HOSTILE}", UNPRICED, weigh_run(of))
    for audience in ("executive", "technical"):
        report = build(run, of.experiment, None, audience)
        page = report_format("html").render(report).decode()
        assert 'class="blanks"' not in page and "It reads on *b*" in page
        assert "<script>alert(1)" not in page and "Changed 1 time; before: Use retrieval." in page
        kept = json.loads(report_format("json").render(report))["report"]["decisions"]
        assert [one["why"][:12] for one in kept] == ["It reads *b*", "It reads on "]


# prior and evidence


def test_how_often_prior_and_evidence_agreed_is_counted_and_said(root):
    words = ["confirmed", "confirmed", "confirmed", "overturned", "too_close_to_call", None]
    for number, word in enumerate(words):
        run = make_run(root, f"r{number}")
        file = run.folder / "experiment.json"
        known = json.loads(file.read_bytes())
        known["verdict"]["agreement"] = word
        file.write_text(json.dumps(known), encoding="utf-8")
    open_run, damaged = make_run(root, "open"), make_run(root, "damaged")
    (open_run.folder / "experiment.json").unlink()
    (damaged.folder / "experiment.json").write_text("{", encoding="utf-8")
    found = track_record(Run(folder) for folder in sorted((root / "runs").iterdir()))
    assert found == TrackRecord(3, 1, 1)
    assert found.sentence == (
        "Of 5 finished checks the measurement pointed where the answers had pointed in 3, "
        "elsewhere in 1, and was too close to call in 1."
    )
    assert TrackRecord().sentence == ""
    assert TrackRecord(0, 2, 2).sentence == "", "four say nothing"
    assert TrackRecord(5).sentence == (
        "Of 5 finished checks the measurement pointed where the answers had pointed in 5."
    )


def test_the_text_for_a_terminal_names_what_reopened_it():
    text = decision_text((made(),), triggered(made(), None, Later(date(2027, 6, 1))))
    assert "Look at it again: The review date, 2027-05-01, has come." in text
    assert verdict(FOUND).recommended in ("prompt", "rag")
