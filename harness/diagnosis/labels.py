"""Labels that are taken for one another, and answers that fall onto one label."""

from collections import Counter

from harness.diagnosis.findings import Confusion, Labels, Share
from harness.diagnosis.material import Material
from harness.diagnosis.subject import Subject
from harness.metric import references_of

SHOWN = 5


def _share_of(label: str, material: Material) -> float | None:
    """Of the training rows, those with this label."""
    rows = [references_of(example, material.spec) for example in material.train]
    known = [row[0].casefold() for row in rows if row]
    return known.count(label.casefold()) / len(known) if known else None


def labels(material: Material, subject: Subject) -> Labels | None:
    """The commonest confusions and the label named most; None for other kinds of task.

    Answers outside the label set are a matter of form: no confusion, and no label's.
    """
    if material.spec.kind != "label":
        return None
    known = {label.casefold(): label for label in material.spec.labels}
    rows = [
        [known.get(seed[e.id].text.strip().casefold(), "") if e.id in seed else None
         for e in material.heldout]
        for seed in subject.answers
    ]  # fmt: skip
    wanted = [references_of(example, material.spec) for example in material.heldout]
    answered = [
        (right, said)
        for row in rows
        for right, said in zip(wanted, row, strict=True)
        if right and said is not None
    ]
    confused = Counter((right[0], said) for right, said in answered if said and said not in right)
    asked, named = Counter(right[0] for right, _ in answered), Counter(s for _, s in answered if s)
    top = min(named, key=lambda label: (-named[label], label), default="")
    flags = [[None if said is None else float(said == top) for said in row] for row in rows]
    return Labels(
        confusions=tuple(
            Confusion(right, said, n, asked[right])
            for (right, said), n in sorted(confused.items(), key=lambda one: (-one[1], one[0]))
        )[:SHOWN],
        most_said=top,
        said=material.share(flags) if top else Share(),
        deserved=asked[top] / len(answered) if top else None,
        in_train=_share_of(top, material) if top else None,
    )
