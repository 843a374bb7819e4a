"""Answers that are much commoner than others."""

from collections import Counter
from collections.abc import Iterator

from advisor.audit.finding import Finder, Finding, Material, finding, ids, listed
from advisor.numbers import percent


def find(material: Material) -> Iterator[Finding]:
    """One answer that most rows share; for labels also some that are rare beside it."""
    rows = [example for example in material.learning if example.references]
    counts = Counter(example.references[0] for example in rows)
    if len(rows) < 10 or len(counts) < 2:
        return
    (top, most), total = counts.most_common(1)[0], len(rows)
    least = min(counts.values())
    dominates = most >= total * max(0.5, 1.5 / len(counts))
    uneven = material.spec.kind == "label" and most >= 10 * least
    if not (dominates or uneven):
        return
    scarce = max(total / len(counts) / 2, most / 10)
    rare = {answer for answer, count in counts.items() if count <= scarce}
    shown = percent(most / total)
    name = f"the label {top}" if material.spec.kind == "label" else "the same answer"
    message = f"Uneven answers: {shown} of the rows have {name}"
    if uneven:
        names = sorted(rare, key=lambda answer: (counts[answer], answer))
        message += f", and the rarest has {least:,} ({listed(names)})"
    if dominates:
        message += (
            f". Always giving the commonest answer is right {shown} of the time, so that accuracy "
            "alone says little"
        )
    else:
        message += ". A model can do well on the whole and fail on the rare labels"
    yield finding(
        "imbalance",
        "warning",
        ids([row for row in rows if row.references[0] in rare]),
        f"{message}.",
        'Collect more of the rare ones, or set metric = "macro_f1_score" under [task], which '
        "counts each label alike."
        if material.spec.kind == "label"
        else "Collect rows with other answers; read every score beside the floor of the commonest "
        "answer.",
    )


FINDER = Finder(("imbalance",), find)
