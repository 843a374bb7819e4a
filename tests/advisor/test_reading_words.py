"""The ceiling, knowledge conflicts and sources in words, and where they are shown."""

import dataclasses
import json

import pytest

from advisor import charts
from advisor.charts import svg
from advisor.diagnosis import besides, reasons
from advisor.reading_words import about_ceiling, about_reading
from advisor.report import build, report_format
from advisor.report.document import Table
from advisor.summary import ladder_table
from advisor.workflow import experiment_of, prior_of
from harness.diagnosis.read_findings import Citations, Handed
from harness.diagnosis.share import Share
from tests.advisor.test_diagnosis_words import GOLD, MISS, N, desk, said

ASKED = N - 6
"""Questions that have an answer."""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Search finds ten of 34 passages and half of what is found is read right; so is half of all
    when it is handed over. The prompt alone knows twelve, of which six are then wrong."""
    return desk(
        tmp_path_factory.mktemp("words"),
        {
            "prompt": said(lambda i: i < 12),
            "rag": said(lambda i: i < 10 and i % 2, lambda i: (GOLD if i < 10 else MISS,)),
            "oracle": said(lambda i: i % 2, lambda i: (GOLD if i < ASKED else MISS,)),
        },
    )


@pytest.fixture(scope="module")
def experiment(run):
    return experiment_of(run)


def with_handed(experiment, **changes):
    """The same with other figures of the ceiling."""
    found = experiment.diagnostics
    one = found.rungs["rag"]
    again = dataclasses.replace(one, handed=dataclasses.replace(one.handed, **changes))
    rungs = {**found.rungs, "rag": again}
    return dataclasses.replace(experiment, diagnostics=dataclasses.replace(found, rungs=rungs))


def figures(share: Share) -> tuple[float, int]:
    return round(share.mean, 4), share.n


def test_the_ceiling_is_the_same_questions_read_with_the_passage_in_hand(experiment):
    found = experiment.diagnostics.rungs["rag"].handed
    assert figures(found.given) == (0.5, ASKED)
    assert figures(found.own) == (round(5 / ASKED, 4), ASKED)
    assert found.gain.mean == pytest.approx(12 / ASKED)
    assert 0 < found.gain.low < found.gain.mean < found.gain.high
    assert figures(found.given_missed) == (0.5, ASKED - 10)
    assert (found.against, figures(found.contradicted)) == ("prompt", (0.5, 12))
    assert found.by_document == 0
    assert experiment.diagnostics.rungs["prompt"].handed is None, "it reads nothing"


def test_the_reason_says_what_a_better_search_can_bring_at_most(experiment):
    told = (
        "Tried with the right passage in hand, the model answered right 50 % of the time, against "
        "15 % now: a better search cannot bring more than that, 35 points."
    )
    assert about_ceiling(experiment, "rag") == told
    assert reasons(experiment, "rag")[0].endswith(told)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"gain": Share(0.004, -0.02, 0.04, 34)},
            "now: on these questions a better search would have brought nothing.",
        ),
        (
            {"gain": Share(-0.1, -0.2, 0.0, 34)},
            "now: on these questions a better search would have brought nothing.",
        ),
        ({"gain": Share(0.01, -0.02, 0.04, 34)}, "more than that, 1 point, which may be chance."),
        ({"gain": Share(0.06, -0.02, 0.14, 34)}, "6 points, which may be chance."),
        ({"by_document": 34}, "Tried with the right document in hand"),
        ({"given": Share(0.5, 0.1, 0.9, 3)}, "50 % of the time, on 3 questions only."),
    ],
)
def test_the_words_follow_what_is_known(experiment, changes, expected):
    assert expected in about_ceiling(with_handed(experiment, **changes), "rag")


def test_where_no_right_passage_is_known_nothing_is_said_of_a_ceiling(tmp_path):
    cells = {"rag": said(lambda i: True, lambda i: (MISS,)), "oracle": said(lambda i: True)}
    experiment = experiment_of(desk(tmp_path, cells))
    assert experiment.diagnostics.rungs["rag"].handed is None
    assert about_ceiling(experiment, "rag") == ""


def test_what_the_model_knew_and_the_right_passage_spoiled_is_said(experiment):
    told = next(about_reading(experiment, "rag"))
    assert told.startswith("Even the right passage spoiled 6 of 12 answers that prompt")
    assert told in besides(experiment, "rag")
    for seldom in (Share(0.05, 0.0, 0.2, 20), Share(1.0, 0.4, 1.0, 2)):
        changed = with_handed(experiment, contradicted=seldom)
        assert not [one for one in about_reading(changed, "rag") if "spoiled" in one]


def test_sources_that_do_not_hold_are_said(experiment):
    found = experiment.diagnostics
    bad = Share(0.5, 0.4, 0.6, 20)
    cited = Citations(unsupported=bad, right=bad, cited=bad, named=bad, stray=bad)
    one = dataclasses.replace(found.rungs["rag"], handed=None, citations=cited)
    changed = dataclasses.replace(
        experiment, diagnostics=dataclasses.replace(found, rungs={"rag": one})
    )
    assert list(about_reading(changed, "rag")) == [
        "10 of 20 answers (50 %) rest on no passage that was shown.",
        "10 of 20 answers that name a source (50 %) name one that was not shown to the model.",
        "Of the passages that answers rest on, 50 % hold the answer to the question.",
    ]


# Where it is shown


def captions(report) -> dict[str, Table]:
    fails = next(part for part in report.sections if part.key == "fails")
    return {block.caption: block for block in fails.blocks if isinstance(block, Table)}


def test_report_picture_table_and_command_show_the_ceiling_and_recommend_none(run, experiment):
    report = build(run, experiment, prior_of(run))
    (row,) = captions(report)["If search never missed"].rows
    assert row[:2] == ("Retrieval", "34") and row[3].startswith("50 % (")
    (row,) = captions(report)["What answers rest on"].rows
    assert row[0] == "Retrieval"
    assert "The right passage handed over" in svg(charts.ladder(experiment))
    assert "(The right passage handed over)" in ladder_table(experiment)
    assert experiment.verdict["recommended"] != "oracle"
    html = report_format("html").render(report)
    page = html.decode() if isinstance(html, bytes) else html
    assert "If search never missed" in page and "A thin line marks" in page


def test_a_run_from_before_there_was_a_ceiling_opens_and_says_nothing_of_it(run, tmp_path):
    stored = json.loads((run.folder / "experiment.json").read_text(encoding="utf-8"))
    stored["ceilings"] = {}
    for one in stored["diagnostics"]["rungs"].values():
        del one["handed"], one["citations"]
        if one["abstention"]:
            del one["abstention"]["answerable"]
    old = run.folder.parent / "old"
    old.mkdir()
    for file in run.folder.rglob("*"):
        if file.is_file():
            copy = old / file.relative_to(run.folder)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(file.read_bytes())
    (old / "experiment.json").write_text(json.dumps(stored), encoding="utf-8")
    other = type(run)(old)
    experiment = experiment_of(other)
    assert experiment.ceilings == {} and about_ceiling(experiment, "rag") == ""
    shown = captions(build(other, experiment, prior_of(other)))
    assert "If search never missed" not in shown and "What answers rest on" not in shown
    assert "Search and reading, apart; at the right the points that perfection would add" in shown


def test_figures_of_the_ceiling_have_defaults_for_what_is_not_measured():
    one = Handed(Share(), Share(), Share(), Share(), 0)
    assert one.against == "" and one.contradicted == Share()
