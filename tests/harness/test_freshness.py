import dataclasses
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import UserError
from harness.literal import places
from harness.probe import Arm, Ground, Planted, Planting, Yardstick
from harness.probes.freshness import PROBE, measure, plant
from harness.scoring import headline
from harness.types import Answer, Context, Example, TaskSpec
from rag.types import Document

SPEC = TaskSpec("desk", "answer", "Answer.", metric="fact_score")


def page(text: str, source: str = "a.md") -> Document:
    return Document(source, text, source, None, source)


def asks(question: str, *facts: str, doc: str = "a.md", key: str = "e", group: str = "") -> Example:
    return Example(key, question, (f"It is {facts[0]}.",), (doc,) if doc else (), group, facts)


def ground(documents, *heldout: Example, others=()) -> Ground:
    return Ground(SPEC, tuple(documents), heldout, tuple(others))


def changed(before: str, after: str) -> list[tuple[str, str]]:
    """What differs, cut at the common ends of each word."""
    assert len(re.findall(r"\s", before)) == len(re.findall(r"\s", after))
    pairs = zip(re.split(r"(\s)", before), re.split(r"(\s)", after), strict=True)
    return [(a, b) for a, b in pairs if a != b]


# Only the fact changes


@given(
    st.integers(2, 999),
    st.lists(st.sampled_from(["alpha", "| beta |", "1{n}", "{n}1", "{n}.5", "x{n}", "{n}-9", "\n\n",
                              "# Head", "gamma,", "7"]), max_size=12),
    st.integers(0, 20),
)  # fmt: skip
def test_only_the_fact_changes_and_numbers_that_hold_it_stay_whole(n, around, seed):
    words = [word.format(n=n) for word in around]
    text = " ".join([*words, f"The Visit takes {n} minutes exactly.", *words])
    other = page(text, "b.md")
    start = ground([page(text), other], asks("How long is the visit?", f"{n} minutes"))
    first = plant(start, 5, seed)
    (one,) = first.planted
    ((old, new),) = changed(text, first.documents[0].text)
    assert old == str(n) and new != old and len(new) == len(old)
    assert one.new == f"{new} minutes" and one.old == f"{n} minutes"
    assert first.documents[1] is other, "another document that states it stays"
    assert plant(start, 5, seed) == first, "the same seed changes the same"


def test_a_fact_is_changed_wherever_it_stands_in_its_document():
    text = "The guided tour takes 45 minutes.\n\n| Guided tour | 45  Minutes |\n"
    found = plant(ground([page(text)], asks("How long is the guided tour?", "45 minutes")), 5, 0)
    (one,) = found.planted
    new = one.new.split()[0]
    assert found.documents[0].text == text.replace("45", new)


def test_pages_of_one_file_are_one_document():
    pages = [Document(f"g.pdf#p{i}", f"Grease the hinge every {i + 4} months.", "g.pdf", i, "G")
             for i in range(3)]  # fmt: skip
    found = plant(ground(pages, asks("How often?", "5 months", doc="g.pdf")), 5, 0)
    assert [a is b for a, b in zip(pages, found.documents, strict=True)] == [True, False, True]


def test_paraphrases_of_one_question_share_the_change():
    rows = [asks(f"Way {i} to ask for how long?", "45 minutes", key=f"e{i}") for i in range(3)]
    found = plant(ground([page("It takes 45 minutes.")], *rows), 5, 0)
    assert [one.query_ids for one in found.planted] == [("e0", "e1", "e2")]


def test_no_more_than_asked_for_and_unambiguous_ones_first():
    pages = [page(f"The stage {word} takes {i + 20} days.", f"{word}.md")
             for i, word in enumerate(("one", "two", "six"))]  # fmt: skip
    pages.append(page("Elsewhere 20 days is said, too.", "else.md"))
    rows = [asks("How long?", f"{i + 20} days", doc=f"{word}.md", key=word)
            for i, word in enumerate(("one", "two", "six"))]  # fmt: skip
    for seed in range(6):
        found = plant(ground(pages, *rows), 2, seed)
        assert {one.source for one in found.planted} == {"two.md", "six.md"}
    assert len({plant(ground(pages, *rows), 3, seed).planted for seed in range(6)}) > 1


# What is left out, and why


def left_out(documents, *heldout: Example, others=()) -> str:
    """The reason; another question whose fact can be changed stands beside."""
    also = page("Only here 77 litres are said.", "ok.md")
    well = asks("How much is said?", "77 litres", doc="ok.md", key="ok")
    found = plant(ground([*documents, also], *heldout, well, others=others), 9, 0)
    assert [one.source for one in found.planted] == ["ok.md"]
    ((reason, n),) = found.left_out.items()
    assert n == len(heldout)
    return reason


def test_facts_that_cannot_be_changed_without_touching_another_are_left_out():
    text = "Sill covers run 24 months.\n\nLumen bars run 24 months."
    reason = left_out([page(text)], asks("How long is the cover?", "24 months"))
    assert "more than once" in reason
    # the same string is what another row asks the same page for
    both = [asks("How long do sill covers run?", "24 months", group="sill")]
    twice = page("Sill covers run 24 months. So do sill covers at home: 24 months.")
    rival = asks("And lamps?", "24 months", key="t", group="lamp")
    assert "more than once" in left_out([twice], *both, others=[rival])
    # a title stands above every passage
    titled = dataclasses.replace(page("Within 30 days."), title="Back within 30 days")
    assert "more than once" in left_out([titled], asks("How long?", "30 days"))
    # in another form it would stay as it was
    mixed = page("You have 30 days. After the 30-day window nothing is taken back.")
    assert "more than once" in left_out([mixed], asks("How long?", "30 days"))


@pytest.mark.parametrize(
    ("example", "words"),
    [
        (asks("What light?", "Steady light"), "not one number"),
        (asks("When?", "between 2 am and 4 am"), "not one number"),
        (asks("How long?", "99 days"), "does not literally stand"),
        (asks("Is it 45 minutes?", "45 minutes"), "the question itself"),
        (asks("How long?", "5 minutes"), "does not literally stand"),
        (Example("e", "How long?", ("It is told at length in one of our many pages.",), ("a.md",)),
         "no key fact"),
    ],
)  # fmt: skip
def test_what_cannot_be_changed_is_counted_with_its_reason(example, words):
    assert words in left_out([page("It takes 45 minutes at 1 o'clock. A steady light.")], example)


def test_an_unanswerable_question_is_no_candidate_and_no_loss():
    empty = Example("n", "Who knows?", ())
    found = plant(ground([page("It takes 45 minutes.")], empty, asks("Long?", "45 minutes")), 5, 0)
    assert found.left_out == {} and len(found.planted) == 1


def test_a_short_reference_serves_where_no_key_facts_are_given():
    row = Example("e", "How long?", ("45 minutes",))
    found = plant(ground([page("It takes 45 minutes."), page("No.", "b.md")], row), 5, 0)
    assert found.planted[0].source == "a.md"
    twice = [page("It takes 45 minutes."), page("45 minutes.", "b.md")]
    with pytest.raises(UserError, match="no fact that a held-out question asks for"):
        plant(ground(twice, row), 5, 0)


def test_the_new_value_stands_nowhere_in_the_document_before():
    text = "Doses: " + ", ".join(f"{n} drops" for n in range(2, 10) if n != 6)
    found = plant(ground([page(text)], asks("How many?", "3 drops")), 5, 0)
    assert found.planted[0].new == "6 drops"


# Measuring

PLANTED = Planting((), (Planted("a.md", ("q0", "q1"), "45 minutes", "61 minutes"),
                        Planted("b.md", ("q2", "q3", "q4"), "3 pm", "8 pm")))  # fmt: skip
EXAMPLES = {f"q{i}": asks("?", "x", key=f"q{i}") for i in range(5)}
BY = Yardstick(SPEC, EXAMPLES, headline(SPEC), 0.03)


def given_answers(*texts: str | None, passage: str = "") -> dict[str, Answer]:
    contexts = (Context("a.md", passage, 1.0),) if passage else ()
    return {
        f"q{i}": Answer(f"q{i}", text, contexts) for i, text in enumerate(texts) if text is not None
    }


def test_new_old_and_neither_are_told_apart_and_add_up():
    before = given_answers("45 minutes", "45 minutes", "3 pm", "no", "no")
    after = given_answers(
        "Now 61 minutes.", "Not 45 minutes but 61 minutes", "At 3 pm.", "8 pm", "Who knows"
    )
    shares = measure(PLANTED, Arm("rag", True, (before,), (after,)), BY).shares
    means = {name: shares[name].mean for name in ("before", "fresh", "stale", "neither")}
    assert means == pytest.approx({"before": 0.6, "fresh": 0.4, "stale": 0.4, "neither": 0.2})
    assert all(one.n == 5 and one.n_failed == 0 for one in shares.values() if one.mean is not None)
    assert 0 <= shares["fresh"].low < 0.4 < shares["fresh"].high <= 1


def test_a_failed_answer_is_missing_and_counted_and_never_a_wrong_one():
    after = given_answers("61 minutes", "61 minutes", None, "8 pm", "8 pm")
    shares = measure(PLANTED, Arm("rag", True, (after,), (after,)), BY).shares
    assert shares["fresh"].mean == 1 and (shares["fresh"].n, shares["fresh"].n_failed) == (4, 1)


def test_search_and_reading_are_told_apart():
    there = given_answers("61 minutes", "dunno", passage="The tour takes 61 minutes.")
    after = {**given_answers(*["8 pm"] * 5, passage="It closes at 8 pm."), **there}
    shares = measure(PLANTED, Arm("rag", True, (after,), (after,)), BY).shares
    assert shares["found"].mean == pytest.approx(0.4), "a passage of another page does not count"
    assert (shares["fresh_if_found"].mean, shares["fresh_if_found"].n) == (0.5, 2)
    assert shares["fresh_if_found"].n_failed == 0, "not found is not failed"
    alone = measure(PLANTED, Arm("prompt", False, (after,), (after,)), BY).shares
    assert "found" not in alone and "fresh_if_found" not in alone


def test_seeds_are_averaged_question_by_question():
    one = given_answers(*["61 minutes"] * 2, *["8 pm"] * 3)
    none = given_answers(*["no"] * 5)
    shares = measure(PLANTED, Arm("finetune", False, (one, one), (one, none)), BY).shares
    assert shares["fresh"].mean == pytest.approx(0.5) and shares["fresh"].n == 5


def test_every_declared_measure_is_measured_for_a_rung_that_reads():
    after = given_answers(*["61 minutes"] * 5, passage="61 minutes")
    shares = measure(PLANTED, Arm("rag", True, (after,), (after,)), BY).shares
    assert {one.name for one in PROBE.measures} == set(shares)


def test_places_are_found_whatever_the_spaces_and_never_inside_a_number():
    documents = [page("It takes 5\n days, 15 days, 1.5 days, 5 DAYS or 4-5 days; 5 days-old.")]
    assert [(p.start, p.end) for p in places(documents, "5 days")] == [(9, 16), (37, 43), (57, 63)]
    assert places(documents, "!?") == []
    assert dataclasses.replace(documents[0]) == documents[0]
