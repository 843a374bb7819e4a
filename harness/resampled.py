"""The headline scores of a finished run, drawn again and again from its stored item scores."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from harness.cell import cell_name
from harness.clusters import clusters_of
from harness.disk import decode
from harness.errors import Problem, UserError
from harness.experiment import Experiment
from harness.family import items_of, over_all
from harness.metrics import metric
from harness.scoring import Table
from harness.stats.joint import DRAWS, joint_means, joint_wholes
from harness.stats.scores import Floats
from harness.store import Run


class Resampled(NamedTuple):
    """What the scores could have been on other questions of the same kind."""

    rungs: tuple[str, ...]
    """Those with a score."""
    draws: Floats
    """(draws, rungs) means in 0..1, paired over questions."""


def resampled(run: Run, experiment: Experiment) -> Resampled:
    """Draw the headline scores of all rungs together.

    Args:
        run: finished.
        experiment: its experiment.json.

    Raises:
        UserError: scores.json is missing or damaged.
    """
    name = experiment.task.metric
    names = experiment.scored
    if not names:
        return Resampled((), np.zeros((DRAWS, 0)))
    heldout = run.heldout()
    clusters = clusters_of(heldout)
    headline = metric(name)
    if headline.whole is None:
        tables = _tables(run.folder / "scores.json", run.name)
        arms = {
            rung: [
                [tables[cell_name(rung, s)][name].get(item.id) for item in heldout]
                for s in experiment.rungs[rung].seeds
            ]
            for rung in names
        }
        return Resampled(names, joint_means(arms, clusters=clusters))
    entries = [
        [items_of(heldout, run.cell(cell_name(rung, s)).answers) for s in arm.seeds]
        for rung, arm in ((name, experiment.rungs[name]) for name in names)
    ]
    value, items = over_all(headline, run.plan().spec, entries)
    found = joint_wholes(value, dict(zip(names, items, strict=True)), clusters=clusters)
    return Resampled(names, found[~np.isnan(found).any(axis=1)])


Tables = dict[str, Table]
"""By cell."""


def _tables(file: Path, run: str) -> Tables:
    if not file.is_file():
        fix = f"run the check again with --run {run}; what is finished is not done again"
        raise UserError(Problem("missing", fix, str(file)))
    return decode(file.read_bytes(), Tables, file)
