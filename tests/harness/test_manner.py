"""Manner: what earns a score and what does not, on the sample that ships and on real replies."""

import json
import random
import re
from dataclasses import replace
from pathlib import Path

import pytest

from advisor.project import open_project
from advisor.workflow import load
from harness.floors import NearestFloor
from harness.manner import learn_manner, sentences_of
from harness.metric import fitted
from harness.metrics import metric
from harness.scoring import headline, item_scores, mean_score
from harness.types import Answer, Example, Query, TaskSpec, TrainView
from rag.types import Document

SAMPLE = Path(__file__).parents[2] / "advisor" / "samples" / "support-desk"


@pytest.fixture(scope="module")
def desk():
    return load(open_project(SAMPLE)).task


@pytest.fixture(scope="module")
def view(desk):
    return TrainView(desk.spec, desk.train, desk.dev, desk.documents)


@pytest.fixture(scope="module")
def style(view):
    return fitted(metric("style_match_score"), view)


@pytest.fixture(scope="module")
def answered(desk):
    """Held-out questions that have an answer."""
    return [example for example in desk.heldout if example.answerable]


def mean(style, examples, texts, spec):
    answers = [Answer(e.id, text) for e, text in zip(examples, texts, strict=True)]
    return mean_score(style, examples, answers, spec)


def out_of_order(text, seed=1):
    words = text.split()
    random.Random(seed).shuffle(words)
    return " ".join(words)


def page_sentence(desk, example):
    """The sentence of the right page that holds most of the facts: right content, page's manner."""
    (page,) = [d.text for d in desk.documents if d.source == example.context_ids[0]][:1]
    fact = metric("fact_score").item
    return max(sentences_of(page), key=lambda s: fact(example, Answer("", s), desk.spec).value)


def test_the_right_answers_of_questions_never_seen_read_like_the_house(style, desk, answered):
    assert mean(style, answered, [e.references[0] for e in answered], desk.spec) > 0.9


def test_right_facts_in_the_manner_of_the_pages_earn_little(style, desk, answered):
    known = [e for e in answered if e.context_ids and not e.context_ids[0].endswith(".pdf")]
    lifted = [page_sentence(desk, e) for e in known]
    facts = [
        metric("fact_score").item(e, Answer(e.id, text), desk.spec).value
        for e, text in zip(known, lifted, strict=True)
    ]
    assert sum(facts) / len(facts) > 0.8, "the sentences hold the facts"
    assert mean(style, known, lifted, desk.spec) < 0.1


def test_gibberish_scores_nothing(style, desk, answered):
    rng = random.Random(3)
    noise = ["".join(rng.choices("abcdefghij klmnop", k=90)) for _ in answered]
    assert mean(style, answered, noise, desk.spec) == 0


def test_the_house_s_own_words_out_of_order_score_next_to_nothing(style, desk, answered):
    mixed = [out_of_order(e.references[0]) for e in answered]
    assert mean(style, answered, mixed, desk.spec) < 0.05


def test_a_heap_of_the_key_facts_scores_next_to_nothing(style, desk, answered):
    assert mean(style, answered, [", ".join(e.key_facts) for e in answered], desk.spec) < 0.05


def test_the_house_s_closing_alone_scores_nothing(style, desk, answered):
    closings = [re.findall(r"\[[^]]*\]$", e.references[0])[0] for e in answered]
    assert mean(style, answered, closings, desk.spec) < 0.01


def test_the_right_answer_to_another_question_scores_next_to_nothing(style, desk, view, answered):
    nearest = NearestFloor(view, None)
    nearest.prepare(None)
    texts = [a.text for a in nearest.answer([Query(e.id, e.question) for e in answered], 0)]
    manner = learn_manner(view)
    assert sum(manner.likeness(texts)) / len(texts) > 0.7, "they are in the house's manner"
    assert mean(style, answered, texts, desk.spec) < 0.1


def test_repeating_the_question_scores_nothing(style, desk, answered):
    assert mean(style, answered, [e.question for e in answered], desk.spec) < 0.01


def test_half_the_facts_are_half_the_score(style, desk):
    text = "Sprout profiles are for children aged 7 to 15. [Sharing a garden]"
    whole = Example("e", "q", (text,), key_facts=("7 to 15",))
    half = replace(whole, key_facts=("7 to 15", "three weeks"))
    scores = [style.item(e, Answer("e", text), desk.spec).value for e in (whole, half)]
    assert scores[0] == pytest.approx(2 * scores[1])
    assert scores[0] > 0.5


def test_the_same_view_gives_the_same_scores(view):
    texts = ["Sprout profiles are for children. [Sharing a garden]", "I think so, yes!"]
    assert learn_manner(view).likeness(texts) == learn_manner(view).likeness(texts)


def test_training_answers_play_no_part_in_the_manner(view):
    other = replace(
        view, train=tuple(replace(e, references=("Nope, mate, no idea!",)) for e in view.train)
    )
    text = ["Sprout profiles are for children aged 7 to 15. [Sharing a garden]"]
    assert learn_manner(other).likeness(text) == learn_manner(view).likeness(text)


def test_a_likeness_is_calibrated_on_texts_not_learned_from(view, desk, answered):
    house = [e.references[0] for e in answered]
    plain = [e.question for e in desk.heldout][: len(house)]
    manner = learn_manner(view)
    off = [(1 - p) ** 2 for p in manner.likeness(house)] + [p**2 for p in manner.likeness(plain)]
    assert sum(off) / len(off) < 0.05, "Brier score; always saying one half gives 0.25"


def test_a_likeness_is_platt_s_formula_over_the_log_odds(view):
    from math import exp

    manner, text = learn_manner(view), "Your order is on its way. [Delivery times and charges]"
    odds = float(manner.model.decision_function(manner.vectorizer.transform([text]))[0])
    wanted = 1 / (1 + exp(-(manner.slope * odds + manner.intercept)))
    assert manner.likeness([text]) == [pytest.approx(wanted)]


# Where there is nothing to score

SPEC = TaskSpec("t", "answer", "i")


def rows(texts, word="How"):
    return tuple(
        Example(f"{word}{n}", f"{word} is it with number {n}?", (text,))
        for n, text in enumerate(texts)
    )


def test_too_few_dev_answers_are_said_to_be_too_few():
    few = TrainView(
        SPEC, rows(["x y z"] * 30, "Why"), rows([f"It is {n} of it." for n in "12"]), ()
    )
    assert learn_manner(few) == "fewer than 10 different dev answers to learn the manner from"


def test_names_and_figures_have_no_manner():
    short = TrainView(SPEC, (), rows([f"{n} days" for n in range(30)]), ())
    assert learn_manner(short) == "the house's answers are too short to have a manner"


def test_answers_lifted_from_the_documents_have_no_manner_of_their_own():
    rng = random.Random(0)
    nouns, verbs = ("parcel", "letter", "refund", "order"), ("comes", "leaves", "waits", "stays")
    said = [
        f"The {rng.choice(nouns)} {rng.choice(verbs)} on day {n} of the month."
        for n in rng.sample(range(1000), 400)
    ]
    page = Document("d", "\n".join(said[40:]), "d.md", None, "d")
    dev = tuple(Example(f"e{n}", said[n + 40], (text,)) for n, text in enumerate(said[:40]))
    found = learn_manner(TrainView(SPEC, (), dev, (page,)))
    assert isinstance(found, str) and "cannot be told" in found


def test_without_a_manner_every_score_is_undefined_for_that_reason():
    short = TrainView(SPEC, (), rows([f"{n} days" for n in range(30)]), ())
    style = fitted(metric("style_match_score"), short)
    (found,) = item_scores(style, short.dev[:1], {"How0": Answer("How0", "0 days")}, SPEC)
    assert (found.value, found.reason) == (
        None,
        "the house's answers are too short to have a manner",
    )


def test_a_metric_that_learns_can_be_the_headline_and_says_so_when_it_has_not_learned(view):
    spec = replace(view.spec, metric="style_match_score")
    unready = headline(spec)
    with pytest.raises(ValueError, match="style_match_score has yet to learn"):
        item_scores(unready, (), {}, spec)
    with pytest.raises(ValueError, match="has to learn from train and dev first"):
        fitted(unready, None)
    assert fitted(unready, view).item is not None


# Real replies


@pytest.mark.real_data
def test_real_replies_are_told_from_the_same_facts_as_the_pages_put_them(real_data):
    """The same fact stands twice: as the page's sentence and as the agent's reply."""
    from sklearn.metrics import roc_auc_score

    folder = real_data / "dstc9_faq"
    train, test = (
        [json.loads(line) for line in (folder / f"{part}.jsonl").read_text("utf-8").splitlines()]
        for part in ("train", "test")
    )
    pages = tuple(
        Document(p.name, p.read_text("utf-8"), p.name, None, p.stem)
        for p in sorted((folder / "docs").iterdir())
    )

    def examples(lines, name):
        return tuple(
            Example(f"{name}{n}", r["question"], (r["answer"],)) for n, r in enumerate(lines)
        )

    dev, rest, held = examples(train[:40], "d"), examples(train[40:400], "t"), examples(test, "h")
    view = TrainView(SPEC, rest, dev, pages)
    manner = learn_manner(view)
    replies = manner.likeness([r["answer"] for r in test])
    facts = manner.likeness([r["fact"] for r in test])
    auc = roc_auc_score([1] * len(replies) + [0] * len(facts), replies + facts)
    assert auc > 0.97
    style = fitted(metric("style_match_score"), view)
    right = mean(style, held, [r["answer"] for r in test], SPEC)
    assert right > 0.8
    assert mean(style, held, [r["fact"] for r in test], SPEC) < 0.15
    assert mean(style, held, [out_of_order(r["answer"]) for r in test], SPEC) < right / 2
    closing = "Is there anything else I can help you with?"
    assert mean(style, held, [closing] * len(held), SPEC) < 0.05
    others = [test[n - 1]["answer"] for n in range(len(test))]
    assert mean(style, held, others, SPEC) < 0.1


@pytest.mark.real_data
def test_content_is_kept_by_replies_to_the_same_question_and_not_by_others(real_data):
    """The figures that `harness.content.KEPT` rests on."""
    from harness.content import content_kept, content_weight

    lines = (real_data / "dstc9_faq" / "train.jsonl").read_text("utf-8").splitlines()
    replies = [json.loads(line) for line in lines]
    weight = content_weight([r["answer"] for r in replies[:400]], "en")
    by_fact = {}
    for reply in replies:
        by_fact.setdefault(reply["fact"], []).append(reply["answer"])
    pairs = [texts[:2] for texts in by_fact.values() if len(set(texts[:2])) == 2]
    same = [content_kept(a, (b,), weight, "en") for a, b in pairs]
    other = [content_kept(pairs[n - 1][0], (b,), weight, "en") for n, (_, b) in enumerate(pairs)]
    assert sum(same) / len(same) > 0.6
    assert sum(other) / len(other) < 0.1
