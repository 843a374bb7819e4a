"""Which share of its answers a rung gets right, and which never goes out: what costs rest on."""

from advisor.measured import failed_share
from harness.experiment import ArmResult, Estimate, Experiment


def right_share(experiment: Experiment, arm: ArmResult) -> Estimate:
    """The share of right answers: the headline score, of which half a mark is half a right answer.

    Nothing is known where the headline is an error, which counts the other way.
    """
    scored = arm.scores[experiment.task.metric]
    if not experiment.task.metric.endswith("_score"):
        return Estimate(None, None, None, scored.n, scored.n_failed)
    # a failed answer was waited and paid for, and is not right
    kept = 1 - failed_share(experiment, arm)
    parts = (scored.mean, scored.low, scored.high)
    mean, low, high = (None if part is None else part * kept for part in parts)
    return Estimate(mean, low, high, scored.n, scored.n_failed)


def held_back(experiment: Experiment, name: str) -> float:
    """Share of answers that failed or say "I do not know" where there is an answer.

    They are not right, but not out: a wrong answer's price is what it costs once somebody believes
    it.
    """
    failed = failed_share(experiment, experiment.rungs[name])
    found = experiment.diagnostics.rungs.get(name)
    refused = found.abstention.refused if found and found.abstention else None
    if refused is None or refused.mean is None:
        return failed
    return failed + refused.mean * refused.n / max(1, experiment.task.n_heldout)
