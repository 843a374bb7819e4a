"""What counts as one: items of a group or a document, and how often intervals then hold."""

import numpy as np
import pytest

from harness.clusters import clusters_of
from harness.intervals import mean_interval
from harness.types import Example

N = 120


def row(at, group="", *documents):
    return Example(str(at), f"q {at}", ("a",), tuple(documents), group)


def test_items_that_share_a_group_or_any_of_their_documents_stand_together():
    alone = [row(at) for at in range(10, 40)]
    rows = [
        row(1, "ada", "a.md"),
        row(2, "", "b.md", "a.md"),
        row(3, "ada", "c.md"),
        row(4, "bo", "d.md"),
        row(5, "", "e.md"),
    ]
    assert clusters_of([*rows, *alone]) == ["1", "1", "1", "4", "5", *(one.id for one in alone)]
    assert clusters_of(rows[3:]) is None


def test_a_name_that_is_a_group_and_a_document_ties_nothing():
    assert clusters_of([row(at) for at in range(30)] + [row(40, "a"), row(41, "", "a")]) is None


def test_a_page_that_every_question_names_besides_its_own_does_not_make_one_of_all():
    rows = [row(at, "", f"{at // 3}.md", "terms.md") for at in range(90)]
    assert len(set(clusters_of(rows))) == 30


@pytest.mark.parametrize(("documents", "clusters"), [(1, None), (4, None), (5, 5), (9, 9)])
def test_questions_about_a_handful_of_documents_speak_for_these_and_stand_alone(
    documents, clusters
):
    rows = [row(at, "", f"{at % documents}.pdf") for at in range(90)]
    found = clusters_of(rows)
    assert (None if found is None else len(set(found))) == clusters
    of_customers = clusters_of([row(at, f"c{at // 3}", f"{at % 2}.pdf") for at in range(90)])
    assert len(set(of_customers)) == 30, "groups count as ever"


DRAWS = {
    # 12 customers with 10 questions each about 4 documents of their own
    "nested": lambda rng: (np.arange(N) // 10, np.arange(N) // 10 * 4 + rng.integers(0, 4, N)),
    # the same, and one question in twenty is about a document of somebody else
    "nearly nested": lambda rng: (
        np.arange(N) // 4,
        np.where(rng.random(N) < 0.05, rng.integers(0, 60, N), np.arange(N) // 4 * 2),
    ),
    # 60 customers ask about 12 documents: everything hangs together
    "crossed": lambda rng: (rng.integers(0, 60, N), rng.integers(0, 12, N)),
}


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS.keys())
@pytest.mark.parametrize(("by_customer", "by_document"), [(0.3, 0.0), (0.0, 0.3), (0.2, 0.2)])
def test_intervals_hold_whatever_questions_have_in_common(draw, by_customer, by_document):
    """Right where a customer's, a document's and the question's own part pass a bar together."""
    rng = np.random.default_rng(0)
    own = 1 - by_customer - by_document
    held, wide = 0, []
    for _ in range(200):
        customer, document = draw(rng)
        passed = (
            by_customer**0.5 * rng.normal(size=200)[customer]
            + by_document**0.5 * rng.normal(size=200)[document]
            + own**0.5 * rng.normal(size=N)
        ) < 0.3
        items = [
            row(i, f"c{c}", f"d{d}")
            for i, (c, d) in enumerate(zip(customer, document, strict=True))
        ]
        found = mean_interval(passed.astype(float), clusters_of(items))
        held += found.low <= 0.6179 <= found.high
        wide.append(found.high - found.low)
    assert held >= 182  # 91 of 100; clusters that are left out give as few as 77
    assert np.mean(wide) < 0.35
