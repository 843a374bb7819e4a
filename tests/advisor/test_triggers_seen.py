"""What a decision watches can be seen: what never could is refused, what cannot yet is said."""

import json

import pytest

from advisor.deciding import decide, finished
from advisor.decision import Triggers
from advisor.decision_words import trigger_sentences
from advisor.reopening import reopened, standing
from advisor.report import AUDIENCES, build, report_format
from advisor.settings_file import change
from advisor.workflow import experiment_of
from harness.errors import UserError
from tests.advisor.page_project import make_run
from tests.command import here, refused

PRICED = {("prices", "machine_per_hour"): 3.6}
VOLUME = Triggers(volume_above=10_000)


def made(run, rung, triggers):
    return decide(finished(run), rung, "Ada", "So.", triggers, None)


@pytest.mark.parametrize("rung", ["rag", "none", "not_decided"])
def test_a_price_that_was_never_known_cannot_be_watched(run, rung):
    with pytest.raises(UserError) as caught:
        made(run, rung, Triggers(price_moves=20))
    (problem,) = caught.value.problems
    assert problem.where == "price moves" and "cannot be seen to move" in problem.message
    assert problem.fix.startswith("give prices under [prices] in rungwise.toml first")


def test_the_command_refuses_it_with_a_fix_and_records_nothing(run):
    done = here("decide", run.folder, "--rung", "rag", "--by", "A", "--why", "So.",
                "--price-moves", "20")  # fmt: skip
    assert "price moves: what an answer costs is not known" in " ".join(refused(done))
    assert not (run.folder / "decision.json").exists()


def test_prices_are_kept_with_the_decision_where_nothing_can_be_weighed(root, run):
    change(root, PRICED)
    of = finished(run)
    (run.folder / "scores.json").unlink()
    kept = decide(of, "rag", "Ada", "So.", Triggers(price_moves=20), None)
    assert set(kept.evidence.prices) == {"prompt", "few_shot", "rag", "finetune"}
    assert standing(run).fired == ()
    change(root, {("prices", "machine_per_hour"): 9.0})
    (fired,) = standing(run).fired
    assert fired.text.startswith("An answer of retrieval costs 150 % more")


def test_a_volume_that_nothing_tells_is_said_until_something_does(root, run):
    made(run, "rag", VOLUME)
    (told,) = standing(run).unseen
    assert told.startswith("How many answers are needed a month is not known: write answers_per")
    assert told in here("decide", run.folder).stdout
    change(root, {("prices", "answers_per_month"): 20_000})
    stands = standing(run)
    assert stands.unseen == () and [one.kind for one in stands.fired] == ["volume"]


def test_changes_that_nothing_tells_are_said_until_they_are_counted(root, run):
    made(run, "rag", Triggers(changes_above=2))
    assert "How often the documents change is not known" in standing(run).unseen[0]
    change(root, {("prices", "changes_per_month"): 1})
    assert standing(run).unseen == ()


def test_prices_that_are_gone_are_said_to_be_missing(root, run):
    change(root, PRICED)
    made(run, "rag", Triggers(price_moves=20))
    assert standing(run).unseen == ()
    change(root, {("prices", "machine_per_hour"): None})
    assert "What an answer costs now is not known" in standing(run).unseen[0]


def test_prices_in_another_currency_are_no_move_of_the_price(root, run):
    change(root, {**PRICED, ("prices", "currency"): "TRY"})
    made(run, "rag", Triggers(price_moves=20))
    change(root, {("prices", "machine_per_hour"): 0.1, ("prices", "currency"): "EUR"})
    stands = standing(run)
    assert stands.fired == ()
    assert stands.unseen == (
        "Prices are in EUR now and were in TRY when it was decided: decide anew, or give them in "
        "the same currency.",
    )


# drift


def test_newer_answers_that_go_wrong_reopen_a_decision(root, run):
    made(run, "rag", Triggers(score_below=0.7))
    assert standing(run).unseen[0].startswith("How many newer questions go right is not known")
    change(root, {("check", "newer_score"): 0.7})
    assert standing(run) == (*standing(run)[:1], (), ())
    change(root, {("check", "newer_score"): 0.66})
    (fired,) = standing(run).fired
    assert fired.text == "Of newer questions 66 % were answered right, fewer than 70 %."


def test_shares_that_were_set_are_said_with_all_their_digits(root, run):
    kept = made(run, "rag", Triggers(score_below=0.845))
    assert trigger_sentences(kept.triggers)[0] == (
        "Fewer than 84.5 % of newer questions are answered right."
    )
    change(root, {("check", "newer_score"): 0.842})
    (fired,) = standing(run).fired
    assert fired.text == "Of newer questions 84.2 % were answered right, fewer than 84.5 %."


def test_a_damaged_questionnaire_stops_neither_report_nor_show_of_what_was_decided(root, run):
    made(run, "rag", Triggers(score_below=0.7))
    change(root, {("check", "newer_score"): 0.66})
    (root / "answers.toml").write_text("nothing = [", encoding="utf-8")
    assert [one.kind for one in standing(run).fired] == ["drift"]
    assert "Look at it again" in here("show", run.folder).stdout
    assert build(run, experiment_of(run), None, "technical").sections


def test_a_share_is_a_share(root, run):
    with pytest.raises(UserError, match="score below: 70 is no share"):
        made(run, "rag", Triggers(score_below=70))
    with pytest.raises(UserError, match="newer_score must be a share from 0 to 1"):
        change(root, {("check", "newer_score"): 66})


# said wherever the run is


def test_show_and_report_say_what_reopens_the_decision_of_a_run(root, run):
    assert "Decided:" not in here("show", run.folder).stdout
    done = here("decide", run.folder, "--rung", "rag", "--by", "A", "--why", "So.",
                "--score-below", "0.7")  # fmt: skip
    assert "Fewer than 70 % of newer questions are answered right." in done.stdout
    calm = "Decided: Use retrieval. Nothing that would reopen it is known to have happened."
    assert calm in here("show", run.folder).stdout
    change(root, {("check", "newer_score"): 0.66})
    loud = "Look at it again: Of newer questions 66 % were answered right, fewer than 70 %."
    assert loud in here("show", run.folder).stdout
    for audience in AUDIENCES:
        report = build(run, experiment_of(run), None, audience)
        told = next(part for part in report.sections if part.key == "decision").blocks[-1]
        assert told.text == loud
        read = json.loads(report_format("json").render(report))["report"]
        assert [one["kind"] for one in read["reopened_by"]] == ["drift"]


def test_decisions_of_a_project_that_should_be_looked_at_again_are_found(root, run):
    second = make_run(root, "second")
    made(run, "rag", Triggers(score_below=0.7))
    made(second, "none", Triggers())
    change(root, {("check", "newer_score"): 0.66})
    assert [one.name for one, _ in reopened(root)] == ["first"]
    (run.folder / "decision.json").write_text("{", encoding="utf-8")
    assert reopened(root) == []
