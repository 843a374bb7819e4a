"""What the audit says about texts: too long, foreign, shifted, garbled, personal, not found."""

import random
from dataclasses import replace

import numpy as np
import pytest

from advisor.audit.finders import (
    answer_not_in_documents,
    garbled,
    language,
    pii,
    shift,
    truncated,
    truncated_answers,
)
from advisor.audit.finders.answer_not_in_documents import places_of
from advisor.audit.finders.shift import auc_with_error, fold_of, separation
from advisor.audit.finding import Material
from harness.types import Example, TaskSpec
from rag.types import Document

ANSWERS = TaskSpec("Desk", "answer", "Answer.", abstention="I do not know.")
MANUAL = Document(
    "manual.md", "The lamp takes a 7.5 watt bulb. Returns within 30 days.", "manual.md", None, ""
)
PRICES = Document(
    "prices.md", "The lamp costs 49 euros; the bulb is included.", "prices.md", None, ""
)


def row(name, question, *references, **more):
    return Example(name, question, references, **more)


def material(examples, heldout=(), *, spec=ANSWERS, documents=(), context_tokens=2048):
    return Material(
        spec=spec,
        problems=(),
        examples=(*examples, *heldout),
        learning=tuple(examples),
        heldout=tuple(heldout),
        leaked=(),
        documents=tuple(documents),
        context_tokens=context_tokens,
    )


def found(module, *args, **named):
    return list(module.FINDER.find(material(*args, **named)))


# length


def test_a_row_is_too_long_when_instruction_question_and_answer_pass_the_context():
    spec = replace(ANSWERS, instruction="i" * 20, abstention="")
    fits, too_long = row("fits", "q" * 50, "a" * 30), row("long", "q" * 51, "a" * 30)
    (cut,) = found(truncated, [fits, too_long], spec=spec, context_tokens=25)
    assert (cut.rows, cut.severity) == (("long",), "warning")
    assert "1 of 2 rows (50 %) pass 25 tokens" in cut.message
    assert "4 characters a token" in cut.message


def test_the_labels_are_a_part_of_the_prompt():
    spec = TaskSpec("Desk", "label", "Sort.", labels=("a" * 300, "b" * 300))
    assert [f.count for f in found(truncated, [row("r", "Hi", "a" * 300)], spec=spec)] == []
    assert len(found(truncated, [row("r", "Hi", "a" * 300)], spec=spec, context_tokens=200)) == 1


def limited(examples, limit, **more):
    given = replace(material(examples, **more), answer_tokens=limit)
    return list(truncated_answers.FINDER.find(given))


def test_answers_that_no_rung_can_give_whole_are_named_with_a_limit_that_has_room_for_them():
    short, long_one = row("short", "Hi", "a" * 2000), row("long", "Hi", "a" * 2004)
    chinese = row("zh", "Hi", "灯" * 501)
    (cut,) = limited([short, long_one, chinese], 500)
    assert (cut.rows, cut.severity, cut.code) == (("long", "zh"), "warning", "cut_answers")
    assert "2 of 3 rows (67 %) have more than 500 tokens" in cut.message
    assert cut.fix == (
        "Write answer_tokens = 700 under [decoding], which leaves 1,348 tokens to ask with, or "
        "shorten these answers."
    )
    (full,) = limited([long_one], 500, context_tokens=600)
    assert "answer_tokens" not in full.fix and "a longer context" in full.fix
    (unknown,) = limited([long_one], 500, context_tokens=None)
    assert "Write answer_tokens = 700 under [decoding], or shorten" in unknown.fix
    assert limited([short], 500) == limited([long_one], None) == []


# language

ENGLISH = "How long does the delivery of a new lamp usually take?"
TURKISH = "Yeni bir lambanın teslimatı genellikle ne kadar sürer?"
GERMAN = "Wie lange dauert die Lieferung einer neuen Lampe normalerweise?"


def test_questions_in_another_language_are_counted_and_named():
    rows = [row(f"r{at}", text, "x") for at, text in enumerate([TURKISH] * 3 + [ENGLISH])]
    (foreign,) = found(language, rows)
    assert (foreign.rows, foreign.severity) == (("r0", "r1", "r2"), "warning")
    assert "3 of 4 rows (75 %), 3 in Turkish" in foreign.message
    assert found(language, rows[:3], spec=replace(ANSWERS, language="tr")) == []


def test_short_texts_and_single_rows_of_many_say_nothing_about_the_language():
    rows = [row(f"r{at}", ENGLISH, "x") for at in range(100)]
    assert found(language, [*rows, row("one", GERMAN, "x")]) == []
    assert found(language, [row("short", "Wie bitte?", "x")]) == []


def test_documents_in_another_language_are_a_finding_of_their_own():
    foreign = Document("tr.md", TURKISH, "tr.md", None, "")
    (finding,) = found(language, [row("r", ENGLISH, "x")], documents=[MANUAL, foreign])
    assert (finding.rows, finding.severity) == (("tr.md",), "info")
    assert "1 of 2 documents (50 %), 1 in Turkish" in finding.message


def test_the_language_of_the_task_is_a_candidate_even_if_it_is_none_of_the_usual():
    swedish = row("r", "Hur lång tid tar leveransen av en ny lampa vanligtvis?", "x")
    assert found(language, [swedish], spec=replace(ANSWERS, language="sv")) == []


def test_an_unknown_language_is_said_to_be_unchecked():
    (unchecked,) = found(language, [row("r", ENGLISH, "x")], spec=replace(ANSWERS, language="xx"))
    assert (unchecked.severity, unchecked.count) == ("info", 0)
    assert "'xx'" in unchecked.message


# shift

SUBJECTS = ["lamp", "bulb", "shelf", "chair", "desk", "rug", "sofa", "table"]
VERBS = ["return", "order", "track", "assemble", "clean", "repair", "swap", "measure"]


def questions(n, opening, seed, group=""):
    chance = random.Random(seed)
    return [
        row(
            f"{opening}{seed}-{at}",
            f"{opening} I {chance.choice(VERBS)} the {chance.choice(SUBJECTS)} number {at}?",
            "x",
            group=group and f"{group}{at % 4}",
        )
        for at in range(n)
    ]


def test_held_out_questions_that_open_differently_are_told_apart_and_named():
    (shifted,) = found(shift, questions(80, "How do", 1), questions(80, "Where may", 2))
    assert (shifted.severity, shifted.count, shifted.rows) == ("warning", 80, ())
    assert "AUC 1.00" in shifted.message
    assert "where" in shifted.message
    assert "may" in shifted.message


def test_questions_of_one_kind_are_not_told_apart():
    assert found(shift, questions(80, "How do", 1), questions(80, "How do", 2)) == []


def test_too_few_rows_or_groups_are_not_judged():
    assert separation(questions(59, "How do", 1), questions(80, "Why can", 2), "en") is None
    few_groups = questions(80, "Why can", 2, group="thread")
    assert separation(questions(80, "How do", 1), few_groups, "en") is None


def test_knowing_a_document_does_not_help_to_tell_the_sides_apart():
    """Each document has its own word; without the grouping that would give every row away."""

    def about(documents):
        return [
            row(f"{name}-{at}", f"What is said about {name} in {at}?", "x", context_ids=(name,))
            for name in documents
            for at in range(8)
        ]

    names = [f"subject{chr(97 + at)}" for at in range(24)]
    apart = separation(about(names[::2]), about(names[1::2]), "en")
    assert apart is not None
    assert apart.low <= 0.5
    assert apart.auc < 0.6


def test_words_of_few_rows_are_not_shown_as_they_may_be_names():
    heldout = [
        replace(one, question=f"Ms Featherstone asks: {one.question}") if at < 4 else one
        for at, one in enumerate(questions(80, "Where", 1))
    ]
    (shifted,) = found(shift, questions(80, "How", 1), heldout)
    assert "where" in shifted.message
    assert "featherstone" not in shifted.message


def test_folds_keep_clusters_whole_and_share_both_sides_out_evenly():
    chance = np.random.default_rng(0)
    held = np.repeat([False, True], [300, 90])
    cluster = np.concatenate([chance.integers(0, 80, 300), 80 + chance.integers(0, 40, 90)])
    cluster = np.unique(cluster, return_inverse=True)[1]
    fold = fold_of(held, cluster)
    assert all(len(set(fold[cluster == one])) == 1 for one in set(cluster))
    for side, rows in ((held, 18), (~held, 60)):
        assert np.abs(np.bincount(fold[side], minlength=5) - rows).max() <= 1


def test_the_area_is_the_share_of_pairs_in_the_right_order():
    chance = np.random.default_rng(0)
    score = chance.integers(0, 12, 90).astype(float)  # with ties
    positive = np.arange(90) < 40
    pairs = score[positive][:, None] - score[~positive][None, :]
    by_pairs = np.where(pairs > 0, 1.0, np.where(pairs == 0, 0.5, 0.0))
    area, error = auc_with_error(score, positive, np.arange(90))
    assert area == pytest.approx(by_pairs.mean())
    # DeLong: variances of the rows' and the columns' means
    expected = by_pairs.mean(1).var(ddof=1) / 40 + by_pairs.mean(0).var(ddof=1) / 50
    assert error == pytest.approx(np.sqrt(expected))


def test_rows_of_a_cluster_count_as_one():
    """Every row twice: as many clusters as before, the same error, although there are more rows."""
    chance = np.random.default_rng(1)
    score = chance.normal(size=60)
    positive = np.arange(60) < 25
    once = auc_with_error(score, positive, np.arange(60))
    twice = auc_with_error(np.repeat(score, 2), np.repeat(positive, 2), np.repeat(np.arange(60), 2))
    assert twice == pytest.approx(once)


# answers and documents


def test_an_answer_that_stands_in_no_document_is_reported_and_one_that_does_is_not():
    rows = [
        row("there", "Which bulb?", "a 7.5 watt bulb"),
        row("either", "What does it cost?", "forty-nine", "49 euros"),
        row("nowhere", "What colour is it?", "green"),
        row("partly", "How many watts?", "75 watt"),
    ]
    (missing,) = found(answer_not_in_documents, rows, documents=[MANUAL, PRICES])
    assert (missing.rows, missing.severity) == (("nowhere", "partly"), "warning")
    assert "2 of 4 rows (50 %)" in missing.message


def test_where_a_row_names_its_document_the_answer_must_stand_there():
    rows = [row("wrong", "What does it cost?", "49 euros", context_ids=("manual.md",))]
    (missing,) = found(answer_not_in_documents, rows, documents=[MANUAL, PRICES])
    assert missing.rows == ("wrong",)


def test_all_key_facts_are_looked_for_whatever_the_wording_of_the_answer():
    told = "It takes a bulb of that strength, and you can send it back for a month."
    rows = [
        row("there", "Bulb and returns?", told, key_facts=("7.5 watt", "30 days")),
        row("half", "Bulb and returns?", told, key_facts=("7.5 watt", "60 days")),
    ]
    (missing,) = found(answer_not_in_documents, rows, documents=[MANUAL])
    assert missing.rows == ("half",)


def test_one_walk_finds_what_looking_for_each_answer_alone_finds():
    chance = random.Random(0)
    words = ["a1", "b", "c2", "d"]
    pages = {
        f"p{at}": [" ".join(chance.choices(words, k=12)) for _ in range(2)] for at in range(20)
    }
    parts = {" ".join(chance.choices(words, k=chance.randint(1, 4))) for _ in range(60)}
    expected = {
        part: {name for name, texts in pages.items() if f" {part} " in f" {' '.join(texts)} "}
        for part in parts
    }
    assert places_of(parts, pages) == expected
    assert set() in expected.values()


def test_sentences_bare_yes_or_no_and_unanswerable_rows_are_not_looked_for():
    rows = [
        row("long", "Why?", "Because the maker chose a screw cap for reasons of safety at home."),
        row("yes", "Is the bulb included?", "Yes"),
        row("tr", "Ampul dahil mi?", "Evet"),
        row("none", "Who made it?"),
    ]
    assert found(answer_not_in_documents, rows, documents=[PRICES]) == []


def test_a_document_that_is_not_there_is_named():
    rows = [row("r0", "Which bulb?", "7.5 watt", context_ids=("manual.md", "gone.md"))]
    (stranger,) = found(answer_not_in_documents, rows, documents=[MANUAL])
    assert stranger.rows == ("r0",)
    assert "(gone.md)" in stranger.message


def test_other_kinds_and_tasks_without_documents_are_not_looked_up():
    rows = [row("nowhere", "What colour is it?", "green")]
    assert found(answer_not_in_documents, rows) == []
    spec = replace(ANSWERS, kind="text")
    assert found(answer_not_in_documents, rows, documents=[MANUAL], spec=spec) == []


# garbled letters


@pytest.mark.parametrize("text", ["yÃ¼zde", "AÅŸk", "SÄ±cak", "Donâ€™t", "28.5Â°E", "caf\ufffd"])
def test_garbled_letters_are_found(text):
    (broken,) = found(garbled, [row("r", text, "x")])
    assert (broken.code, broken.rows) == ("encoding", ("r",))


@pytest.mark.parametrize(
    "text",
    [
        "yüzde kaç",
        "Aşk",
        "sıcak İzmir",
        "Don’t – “ever”",
        "28.5°E",
        "ÂNGELA",
        "SÃO PAULO",
        "Ångström",
    ],
)
def test_foreign_letters_are_not_garbled(text):
    assert found(garbled, [row("r", text, text)]) == []


# personal data


def test_personal_data_is_counted_by_kind_and_not_shown():
    rows = [
        row("clean", "Where is my order 4411?", "On its way"),
        row("mail", "Write to ada.byron@example.com", "Done; or call +44 20 7946 0958"),
    ]
    (personal,) = found(pii, rows)
    assert (personal.rows, personal.severity) == (("mail",), "warning")
    assert "1 of 2 rows (50 %): e-mail address 1×, phone number 1×" in personal.message
    assert "ada" not in personal.message
    assert "Names and postal addresses are not looked for" in personal.message
    assert "anonymise" in personal.fix


def test_personal_data_in_documents_is_counted_by_file():
    pages = [replace(MANUAL, id=f"m#{at}", page=at, text="ada@example.com") for at in (1, 2)]
    (personal,) = found(pii, [], documents=[*pages, PRICES])
    assert personal.rows == ("manual.md",)
    assert "1 of 2 documents (50 %): e-mail address 2×" in personal.message
