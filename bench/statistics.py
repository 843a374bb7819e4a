"""How long the statistics of a large experiment take: 8 rungs, 5 seeds, 1,000 held-out questions.

Every pair of rungs, the steps of the climb, each rung against a floor, and each rung's own
interval, as `harness.assemble` asks for them; by kind of score, for each kind has its own test. The
scores are drawn, for only their number and kind decide how long it takes. Then everything that is
worked out at the end of a check (`bench.assembling`).
"""

import time
from typing import Any

import numpy as np

from bench.assembling import assembled_s
from harness.compare import corpus_interval
from harness.family import Family, over_all
from harness.intervals import mean_interval
from harness.metrics import metric
from harness.types import Answer, Example, Json, TaskSpec

RUNGS, SEEDS, ITEMS = 8, 5, 1000
DOCUMENTS = 125
LABELS = tuple(f"label{i}" for i in range(10))
FLOOR = "floor"


def measure() -> dict[str, Json]:
    """Seconds for one experiment, by kind of score."""
    rng = np.random.default_rng(0)
    by_document = [f"d{i % DOCUMENTS}" for i in range(ITEMS)]
    ability = rng.normal(0, 1, (ITEMS, 1))
    rows = rng.normal(0, 0.7, (RUNGS + 1, SEEDS, ITEMS)) + ability[:, 0]
    rows += np.linspace(-0.6, 0.6, RUNGS + 1)[:, None, None]
    right = (rows > 0).astype(float)
    graded = 1 / (1 + np.exp(-rows))
    found: dict[str, Json] = {"rungs": RUNGS, "seeds": SEEDS, "items": ITEMS}
    for name, scores in (("right or wrong", right), ("graded", graded)):
        for kind, clusters in (("items alone", None), ("items by document", by_document)):
            found[f"{name}, {kind}, s"] = compared_s(scores, clusters)
    found["macro-F1, items alone, s"] = _corpus_seconds(right, None)
    found["macro-F1, items by document, s"] = _corpus_seconds(right, by_document)
    found["whole, labels"] = assembled_s("label")
    found["whole, labels by macro-F1"] = assembled_s("label", "macro_f1_score")
    found["whole, answers from documents"] = assembled_s("answer")
    return found


def compared_s(scores: Any, clusters: list[str] | None) -> float:
    """Seconds of all comparisons of (rungs + floor, seeds, items) scores."""
    arms: dict[str, list[Any]] = {f"rung{i}": one.tolist() for i, one in enumerate(scores[:-1])}
    arms[FLOOR] = scores[-1].tolist()
    family = Family(arms, metric("accuracy_score"), _spec(), 0.03, clusters)
    began = time.perf_counter()
    _compare(family)
    for rows in arms.values():
        mean_interval(rows, clusters)
    return round(time.perf_counter() - began, 2)


def _corpus_seconds(scores: Any, clusters: list[str] | None) -> float:
    """The same of a metric over all items together, which is resampled."""
    rng = np.random.default_rng(1)
    truth = rng.choice(LABELS, ITEMS).tolist()
    examples = [Example(f"e{i}", "", (label,)) for i, label in enumerate(truth)]
    arms: dict[str, list[Any]] = {}
    for at, seeds in enumerate(scores):
        arm = arms[f"rung{at}" if at < RUNGS else FLOOR] = []
        for one in seeds if at < RUNGS else seeds[:1]:
            said = np.where(one > 0, truth, rng.choice(LABELS, ITEMS)).tolist()
            texts = zip(examples, said, strict=True)
            arm.append([(example, Answer(example.id, text)) for example, text in texts])
    macro = metric("macro_f1_score")
    family = Family(arms, macro, _spec(), 0.03, clusters)
    began = time.perf_counter()
    _compare(family)
    for rows in arms.values():
        value, (seeds,) = over_all(macro, _spec(), [rows])
        corpus_interval(value, seeds, clusters=clusters)
    return round(time.perf_counter() - began, 2)


def _compare(family: Family) -> None:
    names = [name for name in family.rows if name != FLOOR]
    family.of_rungs(names, names, len(names))
    family.against_floor(names, FLOOR)


def _spec() -> TaskSpec:
    return TaskSpec("bench", "label", "Sort.", labels=LABELS)
