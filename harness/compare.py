"""Paired statistics: two arms on the same items, and the words that follow from them.

`paired` compares item scores, `paired_corpus` metrics of a whole set of answers, `holm` judges a
planned family together. `harness.stats.verdicts` says when a verdict is which word.
"""

import math

from harness.intervals import Bounds, difference_bounds, scale_of, with_seeds
from harness.stats.corpus import corpus_interval, paired_corpus
from harness.stats.power import ALPHA, discordant_needed, minimum_detectable_difference
from harness.stats.pvalues import mcnemar_exact_p, mcnemar_mid_p, sign_flip, unit_sums
from harness.stats.quantiles import critical, t_p_value
from harness.stats.scores import (
    Clusters,
    Pairs,
    Scores,
    align,
    all_binary,
    item_spread,
    seed_spread,
)
from harness.stats.verdicts import Comparison, Verdict, holm, judged, nothing_to_compare

__all__ = [
    "Comparison",
    "Verdict",
    "corpus_interval",
    "discordant_needed",
    "holm",
    "minimum_detectable_difference",
    "paired",
    "paired_corpus",
]


def paired(
    a: Scores,
    b: Scores,
    *,
    margin: float = 0.03,
    clusters: Clusters | None = None,
    contrasts: int = 1,
    seed: int = 0,
) -> Comparison:
    """Compares two arms on the same items.

    Right/wrong scores: mid-p McNemar test, Tango's interval. Graded or clustered scores:
    sign-flip permutation test, cluster by cluster, and Tango's interval at the effective number
    of items. Several seeds: items are compared on their average over seeds, and the interval
    and p take in that other seeds give other averages; one seed speaks for that one run only.

    Args:
        a: one score an item, or one row of scores a seed; None is failed or undefined.
        b: the same items in the same order; it may have another number of seeds.
        margin: greatest difference that does not matter, in the unit of the score.
        clusters: what each item belongs to, where items are not independent.
        contrasts: size of the family that this contrast is judged in (Bonferroni); leave it at
            1 and use `holm` where the whole family is at hand.
        seed: of the random signs.

    Raises:
        ValueError: lengths differ, a score is infinite, margin < 0 or contrasts < 1.
    """
    if not margin >= 0 or contrasts < 1:
        raise ValueError(f"margin is {margin}, contrasts {contrasts}; expected >= 0 and >= 1")
    pairs = align(a, b, clusters)
    if len(pairs.codes) == 0:
        return nothing_to_compare(pairs.n_failed, margin)
    return _compared(pairs, margin, contrasts, seed)


def _compared(pairs: Pairs, margin: float, contrasts: int, seed: int) -> Comparison:
    """The comparison, where both arms have a score for at least one item."""
    n = len(pairs.codes)
    differences = pairs.a.mean(axis=0) - pairs.b.mean(axis=0)
    spread, seeds = item_spread(differences, pairs.codes), seed_spread(pairs.a, pairs.b)
    exact = all_binary(pairs.a, pairs.b) and spread.units == n
    p_exact = None
    if exact:
        gains, losses = int((differences > 0).sum()), int((differences < 0).sum())
        p, test = mcnemar_mid_p(gains, losses)
        p_exact = mcnemar_exact_p(gains, losses)[0]
    else:
        p, test = sign_flip(differences, pairs.codes, seed)
    mean, scale = float(differences.mean()), scale_of(pairs.a, pairs.b)
    if seeds.variance > 0:
        p, test = max(p, t_p_value(mean, spread, seeds)), f"{test}, t over seeds"

    def bounds(alpha: float) -> Bounds:
        over_items = difference_bounds(differences, spread, scale=scale, exact=exact, alpha=alpha)
        return with_seeds(mean, over_items, seeds, alpha)

    (low, high), (low_90, high_90) = bounds(ALPHA), bounds(2 * ALPHA)
    return judged(
        Comparison(
            difference=mean,
            low=low,
            high=high,
            low_90=low_90,
            high_90=high_90,
            p=p,
            p_exact=p_exact,
            n=n,
            n_failed=pairs.n_failed,
            units=spread.units,
            test=test,
            note="",
            margin=margin,
            # As if one more unit had come and differed: arms that never differ in n items can
            # still differ in the next.
            item_variance=n * (spread.variance + scale**2 / (spread.units * (spread.units + 1))),
            seed_half_width=critical(ALPHA, seeds.df) * math.sqrt(seeds.variance),
            differing=len(unit_sums(differences, pairs.codes)),
        ),
        min(1.0, contrasts * p),
        contrasts,
    )
