"""What tests that train a model of their own found, in the terminal, reports and the app."""

import dataclasses
import json

import pytest

from advisor import full_tuning_words, workflow
from advisor.report import build, report_format
from advisor.tested_words import figures, secrets, sentences
from harness.beside import store_of
from harness.canaries import canaries
from harness.disk import write_json
from harness.probe import Change
from harness.probing import begin
from harness.store import Run
from harness.trained import CellTested, Finding, Item, Secrets, Spent
from tests.advisor.page_project import make_project, make_run
from tests.advisor.test_pages import own_projects, page, patience, shown, words  # noqa: F401
from tests.advisor.test_tested_words import KEPT_BACK, result, share
from tests.advisor.trained_run import trained_run
from tests.command import here, refused

SPENT = (Spent(61.0, 1_200_000_000), Spent(150.0, 3_100_000_000))


RATIO = share(0.93, 0.88, 1.02, 40)


def compared(word: str, ratio=RATIO):
    found = {
        "score": Finding(share(0.80, 0.7, 0.9, 40), share(0.75, 0.6, 0.8, 40), None,
                         Change(0.05, -0.02, 0.12, 40, word)),
        "ratio": Finding(ratio),
    }  # fmt: skip
    return result("full_tuning", word, found, spent=SPENT)


def planted(*counts: int):
    found = [
        Secrets(rows, n, back, 7.0 if back else 1.5, 7.0)
        for rows, n, back in zip((1, 2, 4, 8), (4, 2, 1, 1), counts, strict=True)
    ]
    return result("memorisation", "medium", KEPT_BACK, secrets=tuple(found))


def test_a_comparison_of_one_training_each_says_that_another_could_differ():
    one = compared("better")
    assert full_tuning_words.ONE_TRAINING in sentences(one)
    rungs = {name: dataclasses.replace(rung, seeds=(0, 1)) for name, rung in one.rungs.items()}
    assert full_tuning_words.ONE_TRAINING not in sentences(dataclasses.replace(one, rungs=rungs))


def test_all_weights_are_told_with_difference_ratio_seconds_and_memory():
    told = sentences(compared("inconclusive"))
    assert told[0] == (
        "Fine-tuning: 80 % with all weights trained, 75 % with the adapter, a difference of "
        "+5 points (−2 to +12). Too close to call. The adapter reaches 93 % of the score with all "
        "weights (88–102 %)."
    )
    assert told[1] == (
        "One training took 61 s with the adapter and 2.5 min with all weights; peak memory 1.2 GB "
        "and 3.1 GB."
    )
    assert "the adapter is the lighter one" not in " ".join(told), "that is not shown"
    assert "the adapter is the lighter one" in sentences(compared("equivalent"))[-1]
    assert "also forget more" in sentences(compared("better"))[-1]
    rows = figures(compared("worse"))
    assert len(rows.rows[0]) == len(rows.head) and rows.rows[0][-1] == "all weights do worse"


def test_a_ratio_that_has_no_meaning_is_a_dash():
    none = dataclasses.replace(share(0.9), mean=None, low=None, high=None)
    found = compared("better", none)
    assert figures(found).rows[0][4] == "–" and "reaches" not in sentences(found)[0]


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ((0, 0, 0, 0), "Of 8 made-up secrets none came back word for word, not even one that "
                       "stood in 8 rows. Those of a single row are known by 1.5 of 7 bits"),
        ((0, 0, 1, 1), "Made-up secrets came back from 4 rows on: word for word, 1 of 1 that"),
        ((3, 2, 1, 1), "Made-up secrets came back from 1 row on: word for word, 3 of 4 that"),
    ],
)  # fmt: skip
def test_from_how_many_rows_on_a_secret_comes_back_is_said(counts, said):
    assert said in " ".join(sentences(planted(*counts)))
    rows = secrets(planted(*counts))
    assert [row[1:3] for row in rows.rows] == [
        (f"{n}", f"{back} of {of}")
        for n, back, of in zip((1, 2, 4, 8), counts, (4, 2, 1, 1), strict=True)
    ]


def test_without_secrets_there_is_no_table_and_the_way_to_them_is_told():
    found = result("memorisation", "low", KEPT_BACK)
    assert secrets(found) is None
    assert "rungwise probe first memorisation --canaries" in sentences(found)[-1]
    assert "--canaries" not in " ".join(sentences(planted(0, 0, 0, 0)))


# By the command, in a report and in the app


@pytest.fixture
def run(tmp_path) -> Run:
    """A finished check whose tuned rung was read, made-up secrets among what it was asked."""
    run = make_run(make_project(tmp_path / "projects" / "desk"))
    store = begin(run, "memorisation", 30, secrets=True)
    items = [
        Item(f"{part}{i}", part, base, 3.0, 12, 12)
        for part in ("train", "heldout") for base in (False, True) for i in range(30)
    ]  # fmt: skip
    items += [
        Item(one.id, "canary", False, 7.0, 6, 0 if one.rows > 2 else 3) for one in canaries(0)
    ]
    cell = CellTested("finetune-s0", "finetune", 0, tuple(items))
    write_json(store.cell_file("finetune-s0"), cell)
    return run


def test_the_command_and_every_report_show_the_secrets(run):
    done = here("probe", run.folder, "memorisation", "--canaries")
    assert done.returncode == 0, done.stderr
    assert "Rows that hold it" in done.stdout and "came back from 4 rows on" in done.stdout
    stored = json.loads(here("probe", run.folder, "memorisation", "--json").stdout)
    assert stored["rungs"]["finetune"]["level"] == "medium"
    assert [one["given_back"] for one in stored["rungs"]["finetune"]["secrets"]] == [0, 0, 1, 1]
    write_json(store_of(run, "full_tuning").folder / "probe.json", compared("worse"))
    assert "came back from 4 rows on" in here("show", run.folder, "--all").stdout
    report = build(run, workflow.experiment_of(run), workflow.prior_of(run))
    html = report_format("html").render(report).decode()
    assert 'id="probe_full_tuning"' in html and "Made-up secrets in a copy" in html
    record = json.loads(report_format("json").render(report))["report"]
    assert set(record["probes"]) == {"full_tuning", "memorisation"}


def test_secrets_are_refused_where_a_probe_plants_none(run):
    for name in ("freshness", "forgetting", "learning_curve"):
        assert refused(here("probe", run.folder, name, "--canaries"))


def test_secrets_are_refused_and_not_offered_where_no_rung_learned_from_rows_alone(
    tmp_path, untied
):
    """What learned from pairs is trained from another set: no secret could be planted in it."""
    run = trained_run(tmp_path / "desk", untied, "preference")
    (run.folder.parents[1] / "rungwise.toml").write_text('[project]\nnote = ""\n')
    said = refused(here("probe", run.folder, "memorisation", "--canaries"))
    assert "no rung of this run was trained on the training rows" in str(said)
    found = result("memorisation", "low", KEPT_BACK)
    pairs = dataclasses.replace(found, rungs={"preference": found.rungs["finetune"]})
    assert "--canaries" not in " ".join(sentences(pairs))


def test_the_app_offers_secrets_until_they_are_planted_and_all_weights_with_their_time(run):
    def opened():
        at = page("compare", run.folder.parents[1], run.name)
        at.session_state["compare_tab"] = "What if"
        return shown(at.run())

    at = opened()
    buttons = [button.key for button in at.button]
    assert "start_full_tuning" in buttons and "start_secrets_memorisation" not in buttons
    assert "Trained again: fine-tuning, all weights. Training took" in words(at)
    begin(run, "memorisation", 20)  # begins anew, without secrets
    assert "start_secrets_memorisation" in [button.key for button in opened().button]
