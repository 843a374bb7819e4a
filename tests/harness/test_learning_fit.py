"""The fit of a learning curve: against another implementation, and over simulated curves."""

import sys

import numpy as np
import pytest
from scipy.optimize import curve_fit
from scipy.stats import norm

from harness.learning.fit import EXPONENTS, Foretold, Law, foretell, verdict_of

LIKENESS = 0.6
"""Of one question's fate at different sizes and seeds."""
MARGIN = 0.03


def simulated(law, rows, items, seeds, spread, rng):
    """Right or wrong answers whose error follows the law; trainings lie apart by `spread`."""
    own = np.sqrt(LIKENESS) * rng.standard_normal(items)
    made = []
    for n in rows:
        level = law(n) + spread * rng.standard_normal((seeds, 1))
        luck = np.sqrt(1 - LIKENESS) * rng.standard_normal((seeds, items))
        made.append((norm.cdf(own + luck) < np.clip(level, 0, 1)).astype(float))
    return made


def power(a, b, c):
    """The law with b the part of the error that falls, at 1,000 rows."""
    return lambda n: a + b * (n / 1000) ** -c


def exact(law, rows, items=4000):
    """Scores whose mean is the law's error nearly to the digit."""
    return [np.tile((np.arange(items) < law(n) * items).astype(float), (2, 1)) for n in rows]


def test_the_fit_finds_the_law_that_another_implementation_finds():
    rows, law = (125, 250, 500, 1000), power(0.05, 0.1, 0.5)
    found = foretell(rows, exact(law, rows))
    errors = [law(n) for n in rows]
    (a, b, c), _ = curve_fit(
        lambda n, a, b, c: a + b * n**-c,
        np.array(rows) / 1000,
        errors,
        p0=(0.1, 0.1, 0.3),
        bounds=([0, 0, 0.05], [1, 1, 1]),
    )
    assert found.law.exponent == pytest.approx(c, abs=0.051)
    assert found.gain == pytest.approx(b * (1 - 2**-c), abs=0.002)
    assert found.gain == pytest.approx(law(1000) - law(2000), abs=0.002)
    assert found.law.error - found.gain == pytest.approx(a + b * 2**-c, abs=0.003)
    assert found.low < found.gain < found.high


def test_a_law_never_falls_below_no_error():
    rows = (250, 500, 1000)
    found = foretell(rows, exact(power(0.0, 0.1, 1.0), rows), factor=4)
    assert found.law.at(4) >= 0 and found.high <= found.law.error + 0.01
    nothing_wrong = foretell(rows, [np.zeros((2, 200))] * 3)
    assert abs(nothing_wrong.gain) < 0.01 and verdict_of(nothing_wrong, MARGIN) == "hardly"


def test_few_questions_and_a_flat_curve_claim_nothing():
    rng = np.random.default_rng(3)
    few = simulated(power(0.3, 0, 0.5), (25, 50, 100), 20, 2, 0.05, rng)
    assert verdict_of(foretell((25, 50, 100), few), MARGIN) == "unclear"


def test_a_question_that_failed_anywhere_is_left_out_everywhere():
    rng = np.random.default_rng(5)
    scores = simulated(power(0.1, 0.1, 0.5), (250, 500, 1000), 200, 2, 0.01, rng)
    holes = [one.copy() for one in scores]
    holes[1][0, 7] = np.nan
    without = [np.delete(one, 7, axis=1) for one in scores]
    assert foretell((250, 500, 1000), holes) == foretell((250, 500, 1000), without)


def test_questions_of_one_document_count_as_few():
    rng = np.random.default_rng(6)
    scores = simulated(power(0.3, 0.0, 0.5), (250, 500, 1000), 100, 1, 0.0, rng)
    apart = foretell((250, 500, 1000), scores)
    again = [np.repeat(one, 4, axis=1) for one in scores]
    tied = foretell((250, 500, 1000), again, clusters=[f"d{at // 4}" for at in range(400)])
    alone = foretell((250, 500, 1000), again)
    assert alone.high - alone.low < 0.75 * (tied.high - tied.low)
    assert tied.high - tied.low == pytest.approx(apart.high - apart.low, rel=0.15)


@pytest.mark.parametrize(
    ("rows", "scores", "factor"),
    [
        ((1, 2), [np.ones((1, 3))] * 2, 2.0),
        ((1, 2, 3), [np.ones((1, 3))] * 3, 5.0),
        ((1, 2, 3), [np.full((1, 3), np.nan)] * 3, 2.0),
    ],
)
def test_what_cannot_be_fitted_is_refused(rows, scores, factor):
    with pytest.raises(ValueError, match=r"expected 3 or more|no item has a score"):
        foretell(rows, scores, factor=factor)


@pytest.mark.parametrize(
    ("gain", "low", "high", "word"),
    [
        (0.06, 0.01, 0.11, "help"),
        (0.02, 0.01, 0.025, "hardly"),
        (0.02, 0.01, 0.05, "unclear"),
        (0.06, -0.01, 0.11, "unclear"),
        (0.0, -0.02, 0.02, "hardly"),
    ],
)
def test_each_word_has_its_condition(gain, low, high, word):
    assert verdict_of(Foretold(2.0, gain, low, high, Law(0.2, 0.1, 0.5)), MARGIN) == word


LAWS = (
    (0.3, 0.0, 0.5),
    (0.05, 0.0, 0.5),
    (0.1, 0.1, 0.5),
    (0.05, 0.2, 0.2),
    (0.0, 0.3, 0.5),
    (0.2, 0.1, 0.9),
    (0.1, 0.12, 0.8),
    (0.0, 0.1, 0.3),
    (0.0, 0.3, 0.1),
)


def coverage(law, rows, items, spread, draws):
    """Share of intervals that hold the true gain, and of claims that more data would help."""
    rng = np.random.default_rng(17)
    true = power(*law)(1000) - power(*law)(2000)
    found = [
        foretell(rows, simulated(power(*law), rows, items, 2, spread, rng)) for _ in range(draws)
    ]
    covered = np.mean([one.low <= true <= one.high for one in found])
    words = [verdict_of(one, MARGIN) for one in found]
    return true, covered, np.mean([w == "help" for w in words]), words.count("hardly") / draws


def test_a_quick_look_at_coverage_and_at_false_claims():
    _, covered, claimed, _ = coverage((0.2, 0.0, 0.5), (250, 500, 1000), 100, 0.02, 60)
    assert covered >= 0.85 and claimed <= 0.1
    _, covered, claimed, _ = coverage((0.0, 0.3, 0.5), (250, 500, 1000), 100, 0.0, 60)
    assert covered >= 0.85 and claimed >= 0.9


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("rows", [(250, 500, 1000), (125, 250, 500, 1000)])
def test_intervals_cover_the_truth_and_flat_curves_are_not_said_to_rise(rows):
    all_covered = []
    for items in (100, 400):
        for spread in (0.0, 0.03):
            for law in LAWS:
                true, covered, claimed, hardly = coverage(law, rows, items, spread, 200)
                sys.stdout.write(
                    f"{len(rows)} sizes, {items} items, trainings {spread} apart, a b c {law}: "
                    f"gain {true:.3f}, covered {covered:.3f}, help {claimed:.3f}, "
                    f"hardly {hardly:.3f}\n"
                )
                all_covered.append(covered)
                assert covered >= 0.86
                if law[1] == 0:
                    assert claimed <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 200)
    assert np.mean(all_covered) >= 0.93
    assert len(EXPONENTS) == 20
