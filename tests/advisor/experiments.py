"""Experiments made by hand: scores and verdict words as a test wants them."""

import dataclasses
import re
from collections.abc import Mapping
from itertools import combinations

from advisor.recommend import recommend
from advisor.verdict import Verdict, reconcile
from harness.diagnosis.findings import Diagnostics
from harness.experiment import (
    ArmResult,
    Check,
    Contrast,
    Estimate,
    Experiment,
    Latency,
    TaskFacts,
)
from harness.floors import FLOORS
from harness.rungs import title_of

METRIC = "accuracy_score"
Word = tuple[str, float]
"""Verdict of a contrast and its difference."""


def arm(
    name: str, mean: float | None, *, seeds: int = 1, failures: Mapping[str, int] | None = None,
    half: float = 0.08,
) -> ArmResult:  # fmt: skip
    title = {"majority": "Always the commonest answer"}.get(name, title_of(name))
    low, high = (None, None) if mean is None else (max(0, mean - half), min(1, mean + half))
    return ArmResult(
        title=title,
        scores={METRIC: Estimate(mean, low, high, 0 if mean is None else 100, 0)},
        latency_s=Latency(0.5, None, 0.9, 6),
        prompt_tokens=100.0,
        completion_tokens=10.0,
        prepare_s=1.0,
        answer_s=10.0,
        peak_memory_bytes=10**9,
        seeds=tuple(range(seeds)),
        settings={},
        effort={},
        failures=dict(failures or {}),
        truncated=0,
        path="engine",
    )


def contrast(a: str, b: str, word: str, difference: float | None, **more) -> Contrast:
    """a against b; the interval is 10 points to either side."""
    known = difference is not None
    values = {
        "a": a,
        "b": b,
        "metric": METRIC,
        "difference": difference,
        "low": difference - 0.1 if known else None,
        "high": difference + 0.1 if known else None,
        "p": 0.01 if known else None,
        "p_adjusted": 0.02 if known else None,
        "verdict": word,
        "non_inferior": word in ("better", "equivalent"),
        "n": 100 if known else 0,
        "n_needed": 400 if word == "inconclusive" and known else None,
        "test": "mid-p McNemar",
        "note": "",
    }
    return Contrast(**{**values, **more})


def experiment(
    means: Mapping[str, float | None],
    words: Mapping[tuple[str, str], Word | str] | None = None,
    **more,
) -> Experiment:
    """Rungs in order of effort, floors among them by name.

    Args:
        means: arm to mean score; an arm may also be given whole.
        words: (higher, lower) rung to verdict word, with a difference where it is not that of the
            means; pairs left out are inconclusive. A floor's is under (rung, floor).
        more: fields of the task (``target``, ``n_heldout`` …) or of the experiment.
    """
    arms = {n: v if isinstance(v, ArmResult) else arm(n, v) for n, v in means.items()}
    ladder = [name for name in arms if name not in FLOORS]
    floors = [name for name in arms if name in FLOORS]
    given = dict(words or {})

    def between(a: str, b: str) -> Contrast:
        first, second = (arms[name].scores[METRIC].mean for name in (a, b))
        known = None not in (first, second)
        word = given.get((a, b), "inconclusive")
        word, difference = word if isinstance(word, tuple) else (word, None)
        if not known:  # with nothing to compare no other word is found
            return contrast(a, b, "inconclusive", None)
        return contrast(a, b, word, first - second if difference is None else difference)

    task = {
        "name": "desk", "kind": "label", "metric": METRIC, "metric_title": "accuracy",
        "language": "en", "n_train": 200, "n_dev": 30, "n_heldout": 100, "n_unanswerable": 0,
        "n_documents": 0, "fingerprint": "f", "margin": 0.03, "target": None,
    }  # fmt: skip
    task |= {key: more.pop(key) for key in list(more) if key in task}
    values = {
        "schema": 1,
        "run": "first",
        "created": "2026-01-02T03:04:05.678+00:00",
        "task": TaskFacts(**task),
        "model": {"generator": "tiny"},
        "environment": {},
        "rungs": {name: arms[name] for name in ladder},
        "floors": {name: arms[name] for name in floors},
        "ceilings": {},
        "comparisons": tuple(between(a, b) for b, a in combinations(ladder, 2)),
        "floor_contrasts": tuple(between(a, floors[0]) for a in ladder if floors),
        "skipped": {},
        "failed": {},
        "diagnostics": Diagnostics(),
        "fairness": (Check("Same base model for all rungs", True, "tiny"),),
        "seconds": 60.0,
    }
    return Experiment(**{**values, **more})


PRIOR = recommend({"main_failure": "facts", "knowledge": "private", "citations": "must"})


def prior(aim: str):
    return dataclasses.replace(PRIOR, aim=aim)


def verdict(found: Experiment, aim: str | None = None) -> Verdict:
    return reconcile(found, prior(aim) if aim else None)


def sentences(found: Verdict) -> list[str]:
    return [
        found.headline,
        found.sentence,
        found.prior_sentence,
        *found.reasons,
        *found.would_change_if,
        *found.cautions,
    ]


def reads_plainly(found: Verdict) -> None:
    """Fails where a text is no plain English sentence."""
    for text in sentences(found):
        assert text[0].isupper() or text[0].isdigit(), text
        assert text.endswith("."), text
        odd = re.search(r"\bNone\b(?! of )|\bnan\b|[{}_]|  |\.\.|not known|no interval", text)
        assert not odd, text
        assert not re.search(r"\b1 (points|questions|answers|items)\b", text), text
