"""Why rungs fail: identities, and what stays undefined; the figures by hand on small sets."""

import dataclasses
import json
import math
import random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.diagnosis.diagnose import diagnose
from harness.diagnosis.findings import Diagnostics, Share
from harness.diagnosis.material import difference_of, material_of
from harness.diagnosis.retrieval import gains
from harness.intervals import wilson
from harness.scoring import item_scores, metrics_for
from harness.store import Cell
from harness.types import Answer, Context, Example, Failure, Preparation, TaskSpec

SORRY = "I do not know."
ASK = TaskSpec("desk", "answer", "Answer.", abstention=SORRY, metric="fact_score")
SORT = TaskSpec("desk", "label", "Sort.", labels=("a", "b", "c"), metric="accuracy_score")
FILL = TaskSpec("desk", "json", "Fill.", schema='{"type": "object"}', metric="field_f1_score")
RIGHT, WRONG = "It takes 5 days.", "It takes 9 weeks."
PASSAGE, OTHER = Context("page", "That takes 5 days.", 0.7), Context("page", "Unlike it.", 0.6)


def item(i: int, *, page: str = "page", **more) -> Example:
    """An answerable question on a page; "5 days" must be in the answer."""
    facts = {"references": (RIGHT,), "context_ids": (page,), "key_facts": ("5 days",)}
    return Example(f"h{i}", f"How long is step {i}?", **{**facts, **more})


def open_item(i: int) -> Example:
    """A question that nothing answers."""
    return Example(f"h{i}", f"Who is {i}?", ())


def cell(rung: str, answers, seed: int = 0, failures=()) -> Cell:
    return Cell(f"{rung}-s{seed}", rung, seed, Preparation(), tuple(answers), tuple(failures),
                1.0, 1, "", "")  # fmt: skip


def look(spec, heldout, cells, train=(), clusters=None) -> Diagnostics:
    """The diagnosis of cells, scored by the real metrics."""
    heldout, by_rung, tables = tuple(heldout), {}, {}
    for one in cells:
        by_rung.setdefault(one.rung, []).append(one)
        answers = {answer.query_id: answer for answer in one.answers}
        tables[one.cell] = {
            metric.name: {
                example.id: score.value
                for example, score in zip(
                    heldout, item_scores(metric, heldout, answers, spec), strict=True
                )
            }
            for metric in metrics_for(spec)
            if metric.item is not None
        }
    return diagnose(material_of(spec, heldout, train, by_rung, tables, clusters))


def said(items, texts, contexts=()) -> list[Answer]:
    return [Answer(e.id, text, contexts) for e, text in zip(items, texts, strict=True)]


def undefined(share: Share) -> bool:
    return (share.mean, share.low, share.high, share.n) == (None, None, None, 0)


# identities


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(*[st.booleans()] * 4), min_size=1, max_size=25), st.integers(1, 3))
def test_recall_used_and_luck_give_the_score_back_and_losses_fill_it_up_to_one(rows, seeds):
    """Each row: answerable, passage there, right, refused; seeds differ in what they get right."""
    items = [item(i) if row[0] else open_item(i) for i, row in enumerate(rows)]

    def answer(i: int, seed: int) -> Answer:
        _, there, right, refused = rows[i]
        text = RIGHT if right and (i + seed) % 3 else SORRY if refused else WRONG
        return Answer(f"h{i}", text, (PASSAGE if there else OTHER,))

    cells = [cell("rag", [answer(i, s) for i in range(len(rows))], s) for s in range(seeds)]
    one = look(ASK, items, cells).rungs["rag"]
    assert one.score.mean + sum(loss.share.mean for loss in one.losses) == pytest.approx(1)
    assert [loss.share.mean for loss in one.losses] == sorted(
        (loss.share.mean for loss in one.losses), reverse=True
    )
    found = one.retrieval
    if found is None:
        assert not any(row[0] for row in rows)
        return
    recall, used, luck = found.recall.mean, found.used.mean or 0.0, found.luck.mean or 0.0
    assert recall * used + (1 - recall) * luck == pytest.approx(found.accuracy)
    assert found.recall.n == found.used.n + found.luck.n == sum(row[0] for row in rows)
    if found.better_search is not None:
        assert found.accuracy + found.better_search == pytest.approx(used)
        assert found.accuracy + found.better_reading == pytest.approx(recall + (1 - recall) * luck)


def test_the_decomposition_by_hand_with_wilson_intervals():
    """Ten questions: found for six, of which two are right; of the other four one is right."""
    items = [item(i) for i in range(10)]
    texts = [RIGHT, RIGHT, *[WRONG] * 4, RIGHT, *[WRONG] * 3]
    answers = [
        Answer(e.id, text, (OTHER, PASSAGE) if i < 6 else (OTHER,))
        for i, (e, text) in enumerate(zip(items, texts, strict=True))
    ]
    found = look(ASK, items, [cell("rag", answers)]).rungs["rag"].retrieval
    for share, (hits, n) in (
        (found.recall, (6, 10)), (found.used, (2, 6)), (found.luck, (1, 4)),
    ):  # fmt: skip
        expected = wilson(hits, n)
        assert (share.mean, share.n) == (hits / n, n)
        assert (share.low, share.high) == pytest.approx((expected.low, expected.high))
    assert found.accuracy == pytest.approx(0.3)
    assert found.better_search == pytest.approx(0.4 * (2 / 6 - 1 / 4))
    assert found.better_reading == pytest.approx(0.6 * (1 - 2 / 6))
    lead = found.reading_over_search
    assert lead.mean == pytest.approx(found.better_reading - found.better_search)
    assert lead.low < lead.mean < lead.high


def test_perfection_where_nothing_or_everything_was_found():
    assert gains(0, 5, None, 0.2) == (None, 0.0)
    assert gains(5, 0, 0.4, None) == (0.0, pytest.approx(0.6))
    assert gains(5, 5, 0.2, 0.6) == (pytest.approx(-0.2), pytest.approx(0.4))


def test_the_interval_of_a_difference_is_newcombes():
    """56 of 70 against 48 of 80, from table II of the paper, method 10."""
    first, second = wilson(56, 70), wilson(48, 80)
    gap = difference_of(*(Share(one.mean, one.low, one.high, one.n) for one in (first, second)))
    assert (gap.mean, gap.low, gap.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=1e-4)
    assert undefined(difference_of(Share(), Share(0.5, 0.4, 0.6, 10)))


# undefined stays undefined


def test_a_rung_without_passages_has_no_decomposition():
    items = [item(i) for i in range(4)]
    cells = [cell("prompt", said(items, [WRONG] * 4)), cell("rag", said(items, [RIGHT] * 4))]
    found = look(ASK, items, cells)
    for one in found.rungs.values():
        assert one.retrieval is None and one.distraction is None
        assert undefined(one.form.copied)
    assert [loss.cause for loss in found.rungs["prompt"].losses] == ["wrong_content"]


def test_nothing_known_of_the_right_passage_leaves_the_decomposition_out():
    """A free sentence as the answer, and no document named."""
    answer = "Water it when the top inch of the soil is dry to the touch."
    items = [item(i, references=(answer,), context_ids=(), key_facts=()) for i in range(4)]
    spec = dataclasses.replace(ASK, metric="token_f1_score")
    one = look(spec, items, [cell("rag", said(items, [WRONG] * 4, (PASSAGE,)))]).rungs["rag"]
    assert one.retrieval is None and one.seen is None
    assert [loss.cause for loss in one.losses] == ["wrong_content"]


def test_some_items_unknown_and_some_known_by_the_document_alone_are_counted():
    answer = "Water it when the top inch of the soil is dry to the touch."
    items = [
        item(0), item(1, references=(answer,), key_facts=()),
        item(2, references=(answer,), key_facts=(), context_ids=()), open_item(3),
    ]  # fmt: skip
    spec = dataclasses.replace(ASK, metric="token_f1_score")
    found = look(spec, items, [cell("rag", said(items, [RIGHT] * 4, (PASSAGE,)))])
    part = found.rungs["rag"].retrieval
    assert (part.recall.n, part.by_document, part.n_unknown) == (2, 1, 1)


def test_a_rung_that_failed_entirely_is_undefined_throughout():
    items = [item(i) for i in range(12)]
    failures = [Failure(e.id, "out_of_memory", "") for e in items]
    cells = [cell("prompt", said(items, [RIGHT] * 12)), cell("rag", (), 0, failures)]
    found = look(ASK, items, cells)
    one = found.rungs["rag"]
    assert one.n == 0 and undefined(one.score) and one.losses == ()
    assert one.retrieval is None and one.slices == () and one.missed.n == 0
    for share in (one.form.empty, one.form.truncated, one.abstention.refused, one.seen.touched):
        assert undefined(share)
    assert found.rungs["prompt"].missed.alone == 12
    assert found.disagreed == ()


def test_a_failed_answer_is_in_no_share():
    items = [item(i) for i in range(3)]
    answers = said(items[:2], [RIGHT, WRONG], (PASSAGE,))
    found = look(ASK, items, [cell("rag", answers, 0, [Failure("h2", "prompt_too_long", "")])])
    one = found.rungs["rag"]
    assert one.n == one.retrieval.recall.n == one.form.truncated.n == 2
    assert one.score.mean == 0.5


def test_where_nothing_can_be_answered_only_answering_anyway_is_left():
    items = [open_item(i) for i in range(4)]
    answers = said(items, [SORRY, WRONG, WRONG, SORRY], (PASSAGE,))
    one = look(ASK, items, [cell("rag", answers)]).rungs["rag"]
    assert one.retrieval is None and one.seen is None
    assert undefined(one.abstention.refused)
    assert (one.abstention.answered_anyway.mean, one.abstention.answered_anyway.n) == (0.5, 4)
    assert [(loss.cause, loss.answers) for loss in one.losses] == [("answered_anyway", 2)]


def test_a_diagnosis_is_plain_json_and_reads_back_the_same():
    items = [item(0), item(1), open_item(2)]
    found = look(ASK, items, [cell("prompt", said(items, [RIGHT, WRONG, SORRY]))])
    text = msgspec.json.encode(found)
    assert msgspec.json.decode(text, type=Diagnostics) == found
    assert all(math.isfinite(x) for x in numbers(json.loads(text)))


def numbers(value) -> list[float]:
    if isinstance(value, dict | list):
        inner = value.values() if isinstance(value, dict) else value
        return [x for one in inner for x in numbers(one)]
    return [value] if isinstance(value, int | float) else []


def test_what_a_run_wrote_before_there_was_a_diagnosis_is_an_empty_one():
    assert msgspec.json.decode(b"{}", type=Diagnostics) == Diagnostics()


# each kind of reason


def test_causes_of_loss_are_told_apart():
    items = [item(0), item(1), item(2), item(3), open_item(4), item(5)]
    answers = [
        Answer("h0", RIGHT, (PASSAGE,)),
        Answer("h1", WRONG, (PASSAGE,)),
        Answer("h2", SORRY, (PASSAGE,)),
        Answer("h3", SORRY, (OTHER,)),  # the fault is the search's
        Answer("h4", WRONG, (OTHER,)),
        Answer("h5", "  ", (PASSAGE,)),
    ]
    one = look(ASK, items, [cell("rag", answers)]).rungs["rag"]
    assert {loss.cause: loss.answers for loss in one.losses} == {
        "form": 1, "answered_anyway": 1, "not_found": 1, "refused": 1, "not_used": 1,
    }  # fmt: skip
    assert (one.abstention.refused.mean, one.abstention.refused.n) == (0.4, 5)


def test_distraction_counts_what_passages_spoiled_and_mended():
    items = [item(i) for i in range(8)]
    before = [RIGHT, RIGHT, RIGHT, *[WRONG] * 5]
    after = [WRONG, RIGHT, RIGHT, RIGHT, RIGHT, *[WRONG] * 3]
    cells = [cell("prompt", said(items, before)), cell("rag", said(items, after, (PASSAGE,)))]
    found = look(ASK, items, cells).rungs["rag"].distraction
    assert found.against == "prompt"
    assert (found.distracted.mean, found.distracted.n) == (pytest.approx(1 / 3), 3)
    assert (found.helped.mean, found.helped.n) == (pytest.approx(2 / 5), 5)
    never = [cell("prompt", said(items, [WRONG] * 8)), cells[1]]
    assert undefined(look(ASK, items, never).rungs["rag"].distraction.distracted)


def test_what_a_rung_without_passages_would_do_with_them_is_told_on_the_same_questions():
    items = [*(item(i) for i in range(6)), open_item(6)]
    read = [
        Answer(e.id, RIGHT if i < 3 else WRONG, (PASSAGE if i < 4 else OTHER,))
        for i, e in enumerate(items)
    ]
    bare = said(items, [RIGHT, *[WRONG] * 5, SORRY])
    found = look(ASK, items, [cell("prompt", bare), cell("rag", read)])
    given = found.rungs["prompt"].given_passages
    assert (given.own.mean, given.read.mean, given.read.n) == (0.25, 0.75, 4)
    assert found.rungs["rag"].given_passages is None
    assert look(ASK, items, [cell("prompt", bare)]).rungs["prompt"].given_passages is None


def test_graded_scores_use_means_and_say_from_where_an_answer_is_right():
    spec = dataclasses.replace(ASK, metric="token_f1_score")
    items = [item(0), item(1)]
    found = look(spec, items, [cell("prompt", said(items, ["5 days", "weeks"]))])
    assert found.graded and found.right_from == 0.5 and found.metric == "token_f1_score"
    assert found.rungs["prompt"].score.mean == pytest.approx(2 * 2 / (2 + 4) / 2)
    assert not look(ASK, items, [cell("prompt", said(items, [RIGHT, WRONG]))]).graded


def test_a_metric_over_all_items_gives_way_to_one_that_scores_each():
    spec = dataclasses.replace(SORT, metric="macro_f1_score")
    items = [Example(f"h{i}", "x", ("a",)) for i in range(3)]
    found = look(spec, items, [cell("prompt", said(items, ["a", "b", "b"]))])
    assert found.metric == "accuracy_score"
    assert found.rungs["prompt"].score.mean == pytest.approx(1 / 3)


def test_several_seeds_are_averaged_and_right_means_right_in_most():
    items = [item(0), item(1)]
    cells = [
        cell("finetune", said(items, [RIGHT, RIGHT if s == 0 else WRONG]), s) for s in range(3)
    ]
    found = look(ASK, items, [*cells, cell("prompt", said(items, [WRONG, RIGHT]))])
    one = found.rungs["finetune"]
    assert (one.n, one.n_answers) == (2, 6)
    assert one.score.mean == pytest.approx(4 / 6)
    assert (one.missed.ids, one.missed.alone) == (("h1",), 1)
    assert [(loss.cause, loss.answers) for loss in one.losses] == [("wrong_content", 2)]


def test_confused_labels_and_the_label_that_all_answers_fall_onto():
    truths = ["a"] * 6 + ["b"] * 3 + ["c"]
    items = [Example(f"h{i}", "x", (label,)) for i, label in enumerate(truths)]
    texts = ["A", "a", "b", "b", "b", "c", "b", " b ", "none of these", "b"]
    one = look(SORT, items, [cell("prompt", said(items, texts))]).rungs["prompt"]
    found = one.labels
    assert [(c.right, c.said, c.n, c.n_right) for c in found.confusions] == [
        ("a", "b", 3, 6), ("a", "c", 1, 6), ("c", "b", 1, 1),
    ]  # fmt: skip
    assert (found.most_said, found.said.mean, found.deserved) == ("b", 0.6, 0.3)
    assert (one.form.malformed.mean, one.form.malformed.n) == (0.1, 10)
    assert {loss.cause: loss.answers for loss in one.losses} == {"form": 1, "wrong_content": 5}
    assert one.retrieval is None and one.abstention is None


def test_no_label_at_all_is_no_confusion():
    items = [Example(f"h{i}", "x", ("a",)) for i in range(4)]
    found = look(SORT, items, [cell("prompt", said(items, ["well"] * 4))]).rungs["prompt"].labels
    assert found.confusions == () and found.most_said == ""
    assert undefined(found.said) and found.deserved is None


def test_fields_that_are_wrong_among_valid_objects():
    items = [Example(f"h{i}", "x", ('{"n": 1, "of": {"unit": "kg"}}',)) for i in range(10)]
    texts = ['{"n": 1, "of": {"unit": "g"}}'] * 6 + ['{"n": 2}'] * 2 + ["{broken", "no"]
    one = look(FILL, items, [cell("prompt", said(items, texts))]).rungs["prompt"]
    assert [(f.path, f.wrong.mean, f.wrong.n) for f in one.fields] == [
        ("/of/unit", 1.0, 8), ("/n", 0.25, 8),
    ]  # fmt: skip
    assert one.form.malformed.mean == 0.2
    assert one.losses[0].cause == "wrong_content"
    # as many points as the field F1 leaves
    assert one.score.mean == pytest.approx(0.6 * 0.5)


def test_cut_and_copied_answers_are_counted():
    items = [item(i) for i in range(4)]
    passage = Context("page", "Before you start, rinse the pot twice with warm water. 5 days.", 0.5)
    copy = "rinse the pot twice, with warm water"
    answers = [
        Answer("h0", copy, (passage,), truncated=True),
        Answer("h1", copy + " and soap", (passage,)),
        Answer("h2", "rinse the pot", (passage,)),
        Answer("h3", "rinse the pot twice with warm water. 5 days.", (passage,)),  # and right
    ]
    found = look(ASK, items, [cell("rag", answers)]).rungs["rag"].form
    assert (found.copied.mean, found.copied.n) == (0.25, 4)
    assert (found.truncated.mean, found.malformed_cut) == (0.25, 0)
    assert undefined(found.malformed)


def test_only_what_a_trained_rung_says_at_length_can_be_a_training_rows_answer():
    items = [item(i) for i in range(4)]
    long = "It takes 9 weeks from then on."
    learned = [Example("t0", "x", (long,)), Example("t1", "y", ("Yes",))]
    texts = ["Yes", long, "It takes 8 weeks from then on.", "Yes"]
    cells = [cell(rung, said(items, texts)) for rung in ("prompt", "finetune")]
    found = look(ASK, items, cells, learned).rungs
    assert (found["finetune"].form.recited.mean, found["finetune"].form.recited.n) == (0.5, 2)
    assert undefined(found["prompt"].form.recited), "it has seen no training row"


def test_documents_that_training_touched_against_those_it_did_not():
    items = [item(i, page="old" if i < 12 else "new") for i in range(24)]
    train = [item(100, page="old"), Example("t", "x", ("y",))]
    texts = [RIGHT if i < 9 or i == 12 else WRONG for i in range(24)]
    found = look(ASK, items, [cell("finetune", said(items, texts))], train).rungs["finetune"].seen
    assert (found.touched.mean, found.touched.n) == (0.75, 12)
    assert (found.untouched.mean, found.untouched.n) == (pytest.approx(1 / 12), 12)
    assert found.difference.low > 0
    alone = look(ASK, items, [cell("finetune", said(items, texts))]).rungs["finetune"].seen
    assert undefined(alone.touched) and undefined(alone.difference)


# parts of the questions


def tagged(i: int, value: str, words: int = 3) -> Example:
    return Example(f"h{i}", " ".join(["word"] * words), ("a",), tags=(("channel", value),))


def test_a_part_that_stands_out_comes_first_and_small_parts_are_left_out():
    values = ["mail"] * 30 + ["phone"] * 30 + ["fax"] * 9
    items = [tagged(i, value) for i, value in enumerate(values)]
    texts = ["b" if value == "phone" else "a" for value in values]
    one = look(SORT, items, [cell("prompt", said(items, texts))]).rungs["prompt"]
    # question length is the same everywhere, and every right label is "a": neither is a part
    assert one.n_slices == 2
    first = one.slices[0]
    assert (first.kind, first.name, first.value) == ("tag", "channel", "phone")
    assert (first.score.mean, first.score.n, first.rest.mean) == (0.0, 30, 1.0)
    assert first.stands_out and first.difference.high < 0


def test_among_many_parts_chance_alone_does_not_stand_out():
    """Twenty tags that mean nothing, in 80 runs: at most 5 % of them name one."""
    rng, named = random.Random(0), 0
    items = [tagged(i, f"t{i % 20}", 1 + i % 7) for i in range(400)]
    for _ in range(80):
        texts = ["a" if rng.random() < 0.6 else "b" for _ in items]
        one = look(SORT, items, [cell("prompt", said(items, texts))]).rungs["prompt"]
        named += any(part.stands_out for part in one.slices)
    assert one.n_slices == 23
    assert named <= 0.05 * 80 + 3 * math.sqrt(0.05 * 0.95 * 80)


def test_thirds_by_length_cover_every_question_once():
    items = [tagged(i, "x", 1 + i % 9) for i in range(90)]
    one = look(SORT, items, [cell("prompt", said(items, ["a", "b"] * 45))]).rungs["prompt"]
    parts = [part for part in one.slices if part.kind == "length"]
    assert {(p.name, p.value, p.score.n) for p in parts} == {
        ("short", "1–3", 30), ("middle", "4–6", 30), ("long", "7–9", 30),
    }  # fmt: skip


def test_questions_of_one_document_are_a_part_of_their_own_right():
    items = [item(i, page="odd" if i % 3 == 0 else f"p{i}") for i in range(60)]
    texts = [WRONG if i % 3 == 0 else RIGHT for i in range(60)]
    clusters = [example.context_ids[0] for example in items]
    one = look(ASK, items, [cell("prompt", said(items, texts))], clusters=clusters)
    first = one.rungs["prompt"].slices[0]
    assert (first.kind, first.value, first.score.n, first.stands_out) == (
        "document", "odd", 20, True,
    )  # fmt: skip


def test_questions_that_tell_rungs_apart():
    items = [item(i) for i in range(5)]
    first = said(items, [RIGHT, WRONG, WRONG, RIGHT, WRONG])
    second = said(items, [RIGHT, RIGHT, WRONG, WRONG, WRONG])
    third = said(items, [RIGHT, RIGHT, WRONG, RIGHT, RIGHT])
    cells = [cell("prompt", first), cell("few_shot", second), cell("finetune", third)]
    found = look(ASK, items, cells)
    assert found.disagreed == ("h1", "h3", "h4")
    assert found.rungs["prompt"].missed.ids == ("h1", "h4")
    assert found.rungs["finetune"].missed.alone == 1
    single = look(ASK, items, cells[:1])
    assert single.disagreed == () and single.rungs["prompt"].missed.alone == 0
