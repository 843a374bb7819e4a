import math
import sys

import numpy as np
import pytest
from sacrebleu.metrics import BLEU

from harness.compare import corpus_interval, holm, paired_corpus
from harness.intervals import wilson
from harness.stats.wholes import Counted

CLASSES = 4


def macro_f1(rows):
    """Macro-F1 of (truth, prediction) rows, over the classes that occur."""
    counts = np.bincount(rows[:, 0] * CLASSES + rows[:, 1], minlength=CLASSES**2)
    confusion = counts.reshape(CLASSES, CLASSES)
    sums = confusion.sum(axis=0) + confusion.sum(axis=1)
    return float((2 * np.diag(confusion)[sums > 0] / sums[sums > 0]).mean())


def labels(n, right, rng, truth=None):
    truth = rng.choice(CLASSES, n, p=[0.4, 0.3, 0.2, 0.1]) if truth is None else truth
    guess = rng.choice(CLASSES, n)
    return np.column_stack([truth, np.where(rng.random(n) < right, truth, guess)])


def accuracy(items):
    return sum(truth == said for truth, said in items) / len(items)


def test_the_metric_is_computed_on_all_items_and_not_averaged():
    from sklearn.metrics import f1_score

    rows = labels(80, 0.6, np.random.default_rng(0))
    expected = f1_score(rows[:, 0], rows[:, 1], average="macro")
    interval = corpus_interval(macro_f1, [rows])
    assert interval.mean == pytest.approx(expected, abs=1e-9)
    assert interval.low < expected < interval.high
    assert interval.method == "percentile bootstrap, 2,000 draws, seed 0"


def test_the_bootstrap_of_a_mean_agrees_with_wilson():
    items = [("a", "a")] * 140 + [("a", "b")] * 60
    interval = corpus_interval(accuracy, [items])
    assert (interval.low, interval.high) == pytest.approx((0.633, 0.759), abs=0.012)


def test_the_bootstrap_of_a_few_values_is_as_wide_as_students_t():
    from scipy import stats

    values = np.array([2.0, 3.1, 3.8, 4.4, 5.0, 5.6, 6.2, 6.9, 8.0])
    expected = stats.ttest_1samp(values, 0).confidence_interval()
    interval = corpus_interval(np.mean, [values])
    width = expected.high - expected.low
    assert interval.high - interval.low == pytest.approx(width, rel=0.04)


def test_a_better_classifier_is_better():
    rng = np.random.default_rng(1)
    b = labels(200, 0.5, rng)
    a = labels(200, 0.85, rng, truth=b[:, 0])
    result = paired_corpus(macro_f1, [a], [b])
    assert result.verdict == "better"
    assert result.difference == pytest.approx(macro_f1(a) - macro_f1(b))
    assert 0 < result.low < result.difference < result.high
    mirrored = paired_corpus(macro_f1, [b], [a])
    assert (mirrored.p, mirrored.verdict) == (result.p, "worse")
    assert (mirrored.low, mirrored.high) == pytest.approx((-result.high, -result.low), abs=1e-12)
    assert holm([result])[0] == result


def test_bleu_takes_lists_and_leaves_out_failures():
    told = ["the cat lay on the mat", "a dog ran to the park", "it is raining hard today"] * 3
    reference = ["the cat sat on the mat", "a dog ran in the park", "it rains again today"] * 3
    metric = BLEU()

    def bleu(items):
        texts, references = zip(*items, strict=True)
        return metric.corpus_score(texts, [references]).score / 100

    items = [*zip(told[:-1], reference[:-1], strict=True), None]
    interval = corpus_interval(bleu, [items])
    assert (interval.n, interval.n_failed) == (8, 1)
    assert interval.mean == pytest.approx(bleu(items[:-1]))
    assert interval.low < interval.mean < interval.high


def test_whole_clusters_are_drawn_and_swapped():
    rng = np.random.default_rng(2)
    b = labels(60, 0.5, rng)
    a = labels(60, 0.6, rng, truth=b[:, 0])
    copied = [i // 4 for i in range(240)]
    once = paired_corpus(macro_f1, [a], [b])
    clustered = paired_corpus(macro_f1, [a[copied]], [b[copied]], clusters=copied)
    assert (clustered.n, clustered.units) == (240, 60)
    assert clustered.high - clustered.low == pytest.approx(once.high - once.low, rel=0.1)
    # Copies swapped one by one would look like four times the evidence.
    assert once.p > 0.05
    assert clustered.p == pytest.approx(once.p, abs=0.03)


def test_arms_that_never_differ_have_no_interval_and_no_verdict():
    rows = labels(50, 0.6, np.random.default_rng(3))
    result = paired_corpus(macro_f1, [rows], [rows])
    assert (result.difference, result.low, result.p) == (0.0, None, 1.0)
    assert result.verdict == "inconclusive"
    assert result.note.startswith("no interval")


@pytest.mark.parametrize("undefined", [None, math.nan])
def test_an_undefined_metric_stays_undefined(undefined):
    items = [(1, 1)] * 20
    assert corpus_interval(lambda rows: undefined, [items]).mean is None
    result = paired_corpus(lambda rows: undefined, [items], [items])
    assert (result.difference, result.verdict) == (None, "inconclusive")
    assert result.note == "the metric is undefined for these items"


def test_an_interval_needs_the_metric_on_nearly_every_draw():
    rows = [("a", "a")] * 15 + [("b", "a")]

    def recall_of_b(items):
        of_b = [said == "b" for truth, said in items if truth == "b"]
        return sum(of_b) / len(of_b) if of_b else None

    interval = corpus_interval(recall_of_b, [rows])
    assert (interval.mean, interval.low) == (0.0, None)
    assert interval.method.startswith("no interval")


def test_rare_labels_do_not_lift_the_interval_above_its_own_value():
    """Five labels of 36 rows, mostly right, and twenty of one row, all wrong."""
    common = [(label, label if row < 33 else 0) for label in range(1, 6) for row in range(36)]
    rare = [(label, 0) for label in range(6, 26)]
    rows = np.array(common + rare)

    def f1(chosen):
        there = np.unique(chosen[:, 0])
        hits = [((chosen == label).all(axis=1)).sum() for label in there]
        sums = [(chosen == label).sum() for label in there]
        return float(np.mean([2 * hit / total for hit, total in zip(hits, sums, strict=True)]))

    found = corpus_interval(f1, [rows])
    assert found.mean == pytest.approx(f1(rows)) and found.low < found.mean < found.high


@pytest.mark.parametrize(("right", "low", "high"), [(1.0, 0.99, 1.0), (0.0, 0.0, 0.01)])
def test_where_all_is_right_or_all_is_wrong_the_interval_is_that_of_a_share(right, low, high):
    labels_of = np.arange(500) % CLASSES
    found = corpus_interval(macro_f1, [np.column_stack([labels_of, (labels_of + 1 - right) % 4])
                                       .astype(int)])  # fmt: skip
    share = wilson(int(500 * right), 500)
    assert (found.mean, found.low, found.high) == (right, share.low, share.high)
    assert low <= found.low <= found.high <= high


def test_no_items_and_unequal_arms_are_said():
    assert corpus_interval(accuracy, [[]]).n == 0
    assert paired_corpus(accuracy, [[None]], [[(1, 1)]]).n_failed == 1
    with pytest.raises(ValueError, match="2 and 1 items"):
        paired_corpus(accuracy, [[(1, 1), (1, 2)]], [[(1, 1)]])


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize(("n", "draws"), [(60, 400), (200, 400)])
def test_long_level_and_coverage_of_macro_f1(n, draws):
    rng = np.random.default_rng(n)
    claimed, held, held_alone = 0, 0, 0
    large = labels(400_000, 0.7, rng)
    truth = macro_f1(large)
    for _ in range(draws):
        b = labels(n, 0.7, rng)
        a = labels(n, 0.7, rng, truth=b[:, 0])
        result, alone = paired_corpus(macro_f1, [a], [b], margin=0), corpus_interval(macro_f1, [a])
        claimed += result.verdict != "inconclusive"
        held += result.low <= 0 <= result.high
        held_alone += alone.low <= truth <= alone.high
    seen = f"{claimed / draws:.3f} | {held / draws:.3f} | {held_alone / draws:.3f}"
    sys.stdout.write(f"| macro-F1 | {n} | {draws} | {seen} |\n")
    error = math.sqrt(0.05 * 0.95 / draws)
    assert claimed / draws <= 0.05 + 2.5 * error
    assert held / draws >= 0.93 - 2.5 * error
    # A single small set with a rare class: the metric itself is biased by about a point.
    assert held_alone / draws >= 0.91 - 2.5 * error


# metrics that are counted


def one_hot(rows):
    """Hits, references and answers by class: (items, 3 x classes)."""
    classes = np.arange(CLASSES)
    truth, said = rows[:, :1] == classes, rows[:, 1:] == classes
    return np.hstack([truth & said, truth, said]).astype(float)


def counted_f1(sums):
    hits, there, named = sums.reshape(len(sums), 3, CLASSES).transpose(1, 0, 2)
    scores = np.divide(2 * hits, there + named, out=np.zeros_like(hits), where=there + named > 0)
    return scores.sum(axis=1) / (there + named > 0).sum(axis=1)


@pytest.mark.parametrize("clustered", [False, True])
def test_a_counted_metric_gives_what_computing_it_draw_by_draw_gives(clustered):
    rng = np.random.default_rng(3)
    b = labels(90, 0.5, rng)
    a = labels(90, 0.7, rng, truth=b[:, 0])
    clusters = [f"d{i % 20}" for i in range(90)] if clustered else None
    slow, fast = (
        paired_corpus(metric, *arms, clusters=clusters)
        for metric, arms in (
            (macro_f1, ([a], [b])),
            (Counted(counted_f1), ([one_hot(a)], [one_hot(b)])),
        )
    )
    for field in ("difference", "low", "high", "low_90", "high_90", "p", "item_variance"):
        assert getattr(fast, field) == pytest.approx(getattr(slow, field), abs=1e-12), field
    assert (fast.verdict, fast.n_needed, fast.test) == (slow.verdict, slow.n_needed, slow.test)
    one, other = (
        corpus_interval(metric, [rows], clusters=clusters)
        for metric, rows in ((macro_f1, a), (Counted(counted_f1), one_hot(a)))
    )
    assert (one.mean, one.low, one.high) == pytest.approx((other.mean, other.low, other.high))


def test_counted_items_that_failed_are_left_out():
    rows = labels(60, 0.6, np.random.default_rng(4))
    counts = [None if at % 7 == 0 else row for at, row in enumerate(one_hot(rows))]
    some = rows[[at for at in range(60) if at % 7]]
    found = corpus_interval(Counted(counted_f1), [counts])
    wanted = corpus_interval(macro_f1, [some])
    assert (found.n, found.n_failed) == (51, 9) and found.mean == pytest.approx(wanted.mean)
    assert (found.low, found.high) == pytest.approx((wanted.low, wanted.high))
