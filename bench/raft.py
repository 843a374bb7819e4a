"""Trained to read passages, against tuned without any and handed them: what the first is worth.

``RUNGWISE_RUN=FOLDER python -m bench raft`` takes a finished run with both tuned rungs. Nothing is
trained: the adapter of `finetune` answers the held-out questions once more, before each the very
passages that `rag_finetune` was given. On the set of the design, fact and manner apart::

    RUNGWISE_VERDICTS=dstc9 RUNGWISE_KEEP=kept python -m bench verdicts
    RUNGWISE_RUN=kept/dstc9/runs/first python -m bench raft
"""

import os
from collections.abc import Sequence
from pathlib import Path

from harness.answering import Asked, answer_all
from harness.clusters import clusters_of
from harness.compare import paired
from harness.decoding import decoding_of
from harness.metric import Metric
from harness.prompts import render
from harness.reopen import reopen
from harness.retrieval import INDEX_FOLDER
from harness.scoring import item_scores, mean_score, scorers_for
from harness.store import Run
from harness.types import Answer, Example, Json, TaskSpec

TRAINED, ALONE, NAIVE = "rag_finetune", "finetune", "naive"
BESIDE = ("prompt", "rag", ALONE, TRAINED)


def measure() -> dict[str, Json]:
    """Scores of the naive combination beside the rungs', and paired differences from it."""
    named = os.environ.get("RUNGWISE_RUN")
    if named is None:
        return {"skipped": f"RUNGWISE_RUN names no finished run with {ALONE} and {TRAINED}"}
    run = Run(Path(named))
    lacking = [name for name in (ALONE, TRAINED) if not run.finished(f"{name}-s0")]
    if lacking:
        raise SystemExit(
            f"error: {run.folder} has no finished {' and no '.join(lacking)}\n"
            f"fix: rungwise check DIR --rungs prompt,rag,{ALONE},{TRAINED}"
        )
    return compared(run, naive(run))


def naive(run: Run) -> list[Answer]:
    """What the adapter that was tuned without passages answers with some before each question."""
    given = {answer.query_id: answer.contexts for answer in run.cell(f"{TRAINED}-s0").answers}
    view = run.view()
    opened = reopen(
        run, f"{ALONE}-s0", view.documents, run.folder / INDEX_FOLDER, lambda what, figures: None
    )
    asked = [
        Asked(query, render(view.spec, query.text, given[query.id]), given[query.id])
        for query in run.queries()
        if query.id in given
    ]
    held = decoding_of(opened.bench, opened.preparation.settings)
    results = answer_all(opened.bench, asked, constraint=held)
    return [result for result in results if isinstance(result, Answer)]


def compared(run: Run, answers: list[Answer]) -> dict[str, Json]:
    """Every metric of every arm, and how far each rung lies from the naive combination."""
    arms = {name: run.cell(f"{name}-s0").answers for name in BESIDE if run.finished(f"{name}-s0")}
    arms[NAIVE] = tuple(answers)
    view, heldout, margin = run.view(), run.heldout(), run.plan().margin
    scorers, clusters = scorers_for(view), clusters_of(heldout)
    scores = {
        name: {one.name: mean_score(one, heldout, said, view.spec) for one in scorers}
        for name, said in arms.items()
    }
    items = {
        name: {
            one.name: _items(one, heldout, said, view.spec)
            for one in scorers
            if one.item is not None
        }
        for name, said in arms.items()
    }
    return {
        "n": len(heldout),
        "scores": scores,
        "differences from naive": {
            name: {
                metric: _difference(rows, items[NAIVE][metric], margin, clusters)
                for metric, rows in items[name].items()
            }
            for name in arms
            if name != NAIVE
        },
    }


def _items(
    metric: Metric, heldout: Sequence[Example], answers: Sequence[Answer], spec: TaskSpec
) -> list[float | None]:
    by_id = {answer.query_id: answer for answer in answers}
    return [one.value for one in item_scores(metric, heldout, by_id, spec)]


def _difference(
    rows: Sequence[float | None],
    naive: Sequence[float | None],
    margin: float,
    clusters: Sequence[str] | None,
) -> dict[str, Json]:
    """A rung less the naive combination, on the same questions."""
    found = paired(rows, naive, margin=margin, clusters=clusters)
    return {
        "difference": found.difference,
        "low": found.low,
        "high": found.high,
        "verdict": found.verdict,
    }
