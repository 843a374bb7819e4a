"""Search apart from reading, and what passages did to answers that were right without them."""

from typing import Any

import numpy as np

from harness.compare import corpus_interval, paired
from harness.diagnosis.findings import Distraction, GivenPassages, Retrieval, Share
from harness.diagnosis.material import Material
from harness.diagnosis.read_findings import Handed
from harness.diagnosis.subject import Subject
from harness.retrieval import evidence

UNTRAINED = "rag"
"""The rung in which the model as it is reads passages."""
READER = {
    "prompt": "rag", "few_shot": "rag", "searched_prompt": "rag", "constrained": "rag",
    "finetune": "rag_finetune",
}  # fmt: skip
"""A rung without passages, and the same model reading them."""
WITHOUT = {"rag": "prompt", "rag_finetune": "finetune"}
"""A rung that reads, and the same model without passages."""


def retrieval(material: Material, subject: Subject) -> Retrieval | None:
    """The decomposition; None where no question is known to have, or to lack, its passage.

    With recall r, and U and V the mean scores with and without the answer among the passages, the
    mean score is r·U + (1 − r)·V: the law of total expectation, exact by construction. Two
    ceilings follow: a search that never misses gives U, a reader that never fails r + (1 − r)·V.
    """
    there = [flag if ok else None for flag, ok in zip(subject.found, subject.scored, strict=True)]
    if all(flag is None for flag in there):
        return None
    used = material.share(subject.scores_where([flag is True for flag in there]))
    luck = material.share(subject.scores_where([flag is False for flag in there]))
    search, reading = gains(used.n, luck.n, used.mean, luck.mean)
    known = [place for place, flag in enumerate(there) if flag is not None]
    pairs = np.array([[float(there[i] is True), subject.means[i]] for i in known], dtype=float)
    clusters = [material.clusters[i] for i in known] if material.clusters else None
    lead = corpus_interval(_lead, [pairs], clusters=clusters)
    items = [material.heldout[i] for i in known]
    return Retrieval(
        recall=material.share([[None if flag is None else float(flag) for flag in there]]),
        used=used,
        luck=luck,
        accuracy=float(pairs[:, 1].mean()),
        better_search=search,
        better_reading=reading,
        reading_over_search=Share(lead.mean, lead.low, lead.high, lead.n),
        by_document=sum(not evidence(example, material.spec) for example in items),
        n_unknown=sum(
            example.answerable and ok and flag is None
            for example, ok, flag in zip(material.heldout, subject.scored, there, strict=True)
        ),
    )


def gains(
    n_found: int, n_missed: int, used: float | None, luck: float | None
) -> tuple[float | None, float]:
    """What perfect search, and what perfect reading, would add to the mean score.

    Where everything was found, search has nothing to add. Where nothing was, reading has nothing
    to work on, and what search would add is not known: nobody saw how its passages are read.
    """
    recall = n_found / (n_found + n_missed)
    if used is None:
        return None, 0.0
    search = 0.0 if luck is None else (1 - recall) * (used - luck)
    return search, recall * (1 - used)


def _lead(pairs: Any) -> float | None:
    """By how much perfect reading would add more than perfect search; pairs (questions, 2)."""
    flags, scores = pairs[:, 0] > 0, pairs[:, 1]
    n_found = int(flags.sum())
    n_missed = len(flags) - n_found
    used = float(scores[flags].mean()) if n_found else None
    luck = float(scores[~flags].mean()) if n_missed else None
    search, reading = gains(n_found, n_missed, used, luck)
    return None if search is None else reading - search


def distraction(material: Material, subject: Subject) -> Distraction | None:
    """Right answers that passages turned wrong, and wrong ones that they turned right.

    D = P(not right with passages | right without), over questions that both rungs have scored.
    None where the rung reads nothing, or the one without passages was not measured.
    """
    other = material.subjects.get(WITHOUT.get(subject.name, ""))
    if other is None or not subject.reads:
        return None
    pairs = list(zip(other.right, subject.right, strict=True))

    def turned(before: bool) -> Share:
        """Of the answers that were right, or were not, without passages: now the reverse."""
        kept = [after if first is before else None for first, after in pairs]
        return material.share([[None if a is None else float(a is not before) for a in kept]])

    return Distraction(against=other.name, distracted=turned(True), helped=turned(False))


def handed(material: Material, subject: Subject) -> Handed | None:
    """A rung that reads against its ceiling; None where that was not measured.

    Of the questions of which a passage with the answer is known and both have a score. Knowledge
    conflicts are among them: right without passages, and not right with the right one in hand.
    A ceiling has the rung's first seed, so other seeds are left out: what sets them apart is not
    what search misses.
    """
    ceiling = material.ceilings.get(subject.name)
    if ceiling is None:
        return None
    subject = subject.first_seed
    picked = [
        flag is True and mine is not None and theirs is not None
        for flag, mine, theirs in zip(ceiling.found, subject.means, ceiling.means, strict=True)
    ]
    if not any(picked):
        return None
    missed = [one and flag is False for one, flag in zip(picked, subject.found, strict=True)]
    kept = [place for place, one in enumerate(picked) if one]
    clusters = [material.clusters[i] for i in kept] if material.clusters else None
    gain = paired(
        [ceiling.means[i] for i in kept], [subject.means[i] for i in kept], clusters=clusters
    )
    other = material.subjects.get(WITHOUT.get(subject.name, ""))
    other = other.first_seed if other else None
    known = zip(picked, other.right, ceiling.right, strict=True) if other else ()
    spoiled = [float(now is not True) if one and before else None for one, before, now in known]
    return Handed(
        given=material.share(ceiling.scores_where(picked)),
        own=material.share(subject.scores_where(picked)),
        gain=Share(gain.difference, gain.low, gain.high, gain.n),
        given_missed=material.share(ceiling.scores_where(missed)),
        by_document=sum(not evidence(material.heldout[i], material.spec) for i in kept),
        against=other.name if other else "",
        contradicted=material.share([spoiled]) if other else Share(),
    )


def given_passages(
    material: Material, subject: Subject, by: str = UNTRAINED
) -> GivenPassages | None:
    """What passages would give a rung that reads none: tells missing knowledge from other faults.

    Over the questions whose passage the reader had, where both have a score.

    Args:
        material: the run.
        subject: the rung.
        by: the rung that reads; None is found where it was not measured.
    """
    reader = material.subjects.get(by)
    if subject.reads or reader is None:
        return None
    both = zip(reader.found, reader.scored, subject.scored, strict=True)
    picked = [there is True and theirs and ours for there, theirs, ours in both]
    if not any(picked):
        return None
    own, read = (material.share(one.scores_where(picked)) for one in (subject, reader))
    return GivenPassages(own=own, read=read)
