"""Errors on the two axes: by hand calculation, on made diagnoses and on scored answers."""

import dataclasses
import re
from html import unescape
from itertools import combinations

import pytest

from advisor import charts
from advisor.axes import Split, located, sentence, shares, split, whole_points
from advisor.recommend import recommend
from advisor.recommendation import Axes
from advisor.workflow import experiment_of
from harness.diagnosis.findings import (
    Diagnostics,
    Form,
    GivenPassages,
    Loss,
    RungDiagnosis,
    Share,
)
from tests.advisor.experiments import experiment
from tests.advisor.report_runs import fullest


def diagnosis(score, losses, *, reads=False, **more) -> RungDiagnosis:
    nothing = Share()
    form = Form(nothing, 0, nothing, nothing, Share(0.0, 0.0, 0.1, 100) if reads else nothing)
    return RungDiagnosis(
        n=100,
        n_answers=100,
        score=Share(score, None, None, 100),
        losses=tuple(Loss(cause, Share(x, None, None, 100), 1) for cause, x in losses.items()),
        form=form,
        **more,
    )


def run(rungs, **task):
    found = experiment(dict.fromkeys(rungs, 0.5), **{"kind": "answer", **task})
    return dataclasses.replace(found, diagnostics=Diagnostics("accuracy_score", rungs=rungs))


def given(own, read, n) -> GivenPassages:
    return GivenPassages(Share(own, None, None, n), Share(read, None, None, n))


PROMPT = diagnosis(0.1, {"wrong_content": 0.6, "refused": 0.2, "form": 0.1},
                   own_reader=given(0.1, 0.7, 80))  # fmt: skip
RAG = diagnosis(0.6, {"not_found": 0.2, "not_used": 0.15, "wrong_content": 0.05}, reads=True)


def test_without_passages_what_the_passage_mends_was_want_of_knowledge():
    found = split(run({"prompt": PROMPT, "rag": RAG}, n_documents=9), "prompt")
    # 80 of 100 questions had their passage: 0.8 · (0.7 − 0.1) won back, 0.8 · (1 − 0.7) still lost
    assert found.knowledge == pytest.approx(0.48)
    assert found.behaviour == pytest.approx(0.1 + 0.24)
    assert found.unknown == pytest.approx(0.6 + 0.2 - 0.48 - 0.24)


def test_with_passages_it_is_the_passage_that_was_not_found():
    found = split(run({"prompt": PROMPT, "rag": RAG}, n_documents=9), "rag")
    assert (found.knowledge, found.behaviour, found.unknown) == (0.2, 0.15, 0.05)


@pytest.mark.parametrize("own", [0.0, 0.3, 0.9])
@pytest.mark.parametrize("read", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("n", [10, 60, 100])
def test_the_three_parts_are_never_negative_and_add_up_to_what_was_lost(own, read, n):
    one = diagnosis(0.3, {"wrong_content": 0.4, "refused": 0.1, "form": 0.2},
                    own_reader=given(own, read, n))  # fmt: skip
    found = split(run({"prompt": one}, n_documents=9), "prompt")
    parts = (found.knowledge, found.behaviour, found.unknown)
    assert min(parts) >= 0 and sum(parts) == pytest.approx(0.7)


def test_a_trained_rung_is_not_judged_by_the_untrained_reader():
    lost = {"wrong_content": 0.8}
    one = diagnosis(0.2, lost, given_passages=given(0.2, 0.9, 90))
    assert split(run({"finetune": one}, n_documents=9), "finetune").unknown == 0.8
    assert split(run({"prompt": one}, n_documents=9), "prompt").knowledge == pytest.approx(0.63)
    same = dataclasses.replace(one, own_reader=given(0.2, 0.6, 50))
    found = split(run({"finetune": same}, n_documents=9), "finetune")
    assert found.knowledge == pytest.approx(0.2)


def test_fewer_than_ten_questions_with_their_passage_tell_nothing():
    few = diagnosis(0.2, {"wrong_content": 0.8}, own_reader=given(0.0, 1.0, 9))
    (one,) = located(run({"prompt": few}, n_documents=9))
    assert one.split.unknown == 0.8 and not one.placed
    assert "no place" in sentence((one,)) and "cannot be told apart" in one.why


def test_labels_and_fields_stand_in_the_message_unless_there_are_documents():
    one = diagnosis(0.3, {"wrong_content": 0.5, "form": 0.2})
    without = located(run({"prompt": one}, kind="label"))
    assert without[0].points == (0, 70, 0)
    assert "labels taken for one another" in without[0].why
    assert sentence(without).startswith("No point was lost for want of knowledge")
    assert split(run({"prompt": one}, kind="label", n_documents=3), "prompt").unknown == 0.5


def test_the_sentence_says_before_and_after():
    found = located(run({"prompt": PROMPT, "rag": RAG}, n_documents=9))
    assert sentence(found) == (
        "With the prompt alone 48 of 90 lost points were for want of knowledge; with retrieval "
        "20 of 40."
    )
    assert found[0].why == (
        "Of 100 points 90 were lost: 48 for want of knowledge (with the passage before it the same "
        "model does not lose them), 10 for how it answers (not of the right form), 24 because this "
        "model gets them wrong even with the right passage before it, 8 that cannot be told apart "
        "(no passage with the answer was found for it either)."
    )


def test_whole_points_add_up_to_the_rounded_loss():
    assert whole_points(Split(0.333, 0.333, 0.334)) == (33, 33, 34)
    for a, b, c in [(0.105, 0.205, 0.305), (0.005, 0.005, 0.005), (0.0, 0.0, 0.0)]:
        assert sum(whole_points(Split(a, b, c))) == round(100 * (a + b + c))


def test_a_rung_without_a_score_has_no_part_in_it():
    assert located(run({"prompt": RungDiagnosis()})) == ()
    assert sentence(()) == ""


# --- on answers that were scored, and the picture ---------------------------------


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    return experiment_of(fullest(tmp_path_factory.mktemp("full")))


def test_the_parts_of_a_scored_run_add_up_to_its_loss(full):
    found = located(full)
    assert [one.rung for one in found] == list(full.rungs)
    for one in found:
        mean = full.diagnostics.rungs[one.rung].score.mean
        assert sum(shares(one)) == pytest.approx(1 - mean), one.rung


def spots():
    return [
        charts.Spotted("prompt", "Prompt", 60, 30, 5),
        charts.Spotted("rag", "Retrieval", 20, 28, 0),
        charts.Spotted("few_shot", "Prompt with examples", 61, 29, 0),
        charts.Spotted("finetune", "Fine-tuning", 58, 6, 0),
    ]


def texts(drawn):
    pattern = r"<text ([^>]*)>([^<]*)</text>"
    return [(unescape(words), where) for where, words in re.findall(pattern, drawn)]


def test_every_rung_and_the_answers_have_a_name_and_no_two_names_overlap():
    asked = dataclasses.replace(recommend({}), axes=Axes(0.9, 0.2))
    drawn = charts.svg(charts.errors(spots(), asked))
    names = [*(one.title for one in spots()), "your answers"]
    boxes = []
    for name in names:
        (where,) = [where for words, where in texts(drawn) if words == name]
        x, y = re.search(r"translate\(([-\d.]+),([-\d.]+)\)", where).groups()
        end = 'text-anchor="end"' in where
        left = float(x) - (6 * len(name) if end else 0)
        boxes.append((left, float(y) - 10, left + 6 * len(name), float(y) + 2))
    for a, b in combinations(boxes, 2):
        assert a[0] > b[2] or b[0] > a[2] or a[1] > b[3] or b[1] > a[3]


def test_arrows_lead_from_the_prompt_to_rungs_that_lie_apart_from_it():
    spec = charts.errors(spots()).to_dict()
    (heads,) = [one for one in spec["layer"] if "angle" in one["encoding"]]
    rows = spec["datasets"][heads["data"]["name"]]
    assert [(row["x"], row["y"]) for row in rows] == [(60, 30)] * 2
    to_rag, to_tuned = rows
    assert to_rag["turn"] == pytest.approx(-92.86, abs=0.01), "to the left and a little down"
    assert to_tuned["turn"] == pytest.approx(-175.24, abs=0.01), "down"
    alone = [one for one in spots() if one.rung != "prompt"]
    assert not any("angle" in one["encoding"] for one in charts.errors(alone).to_dict()["layer"])


def test_the_picture_in_words_holds_its_figures_and_nothing_to_place_is_no_picture():
    asked = dataclasses.replace(recommend({}), axes=Axes(0.9, 0.2))
    told = charts.errors(spots(), asked).to_dict()["description"]
    assert "Retrieval: 20 for knowledge, 28 for how it answers, 0 not told apart" in told
    assert "need for knowledge at 90 and for behaviour at 20 of 100" in told
    half = dataclasses.replace(asked, axes=Axes(0.9, None))
    assert "The answers" not in charts.errors(spots(), half).to_dict()["description"]
    assert charts.errors([]) is None
