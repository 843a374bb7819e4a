"""The part of a report that says where each rung fails, and why."""

from functools import partial

from advisor import charts
from advisor.axes import located, sentence, shares
from advisor.diagnosis import besides, conclusion, telling
from advisor.diagnosis_words import part_name
from advisor.numbers import points, short
from advisor.report.document import Block, Figure, Paragraph, Section, Table, Terms
from advisor.report.items import mark_of
from advisor.report.reading_tables import ceiling, citing
from advisor.report.shares import diagnosed, figure, span
from advisor.report.sources import Sources
from harness.diagnosis.slices import SMALLEST

CONFUSED = 3
"""Confused labels a rung."""
PARTS = 3
"""Parts of the questions a rung."""
QUESTION = 160
"""Characters of a question in a table."""


def fails(sources: Sources) -> Section | None:
    """Where the score goes, rung by rung; None for a run from before there was a diagnosis."""
    experiment = sources.experiment
    if not experiment.diagnostics.rungs:
        return None
    names = [name for name in experiment.rungs if name in experiment.diagnostics.rungs]
    titles = {name: experiment.rungs[name].title for name in names}
    caption = (
        "What each rung scored and what it lost, by the first cause that applies; a row adds up to "
        "100 %. Its largest loss is bold."
    )
    blocks: list[Block] = [
        Terms(tuple((titles[name], conclusion(experiment, name)) for name in names)),
        Figure(partial(charts.losses, experiment), caption),
    ]
    blocks += _needs(sources)
    for table in (_reading, ceiling, _distracted, citing, _abstaining, _labels, _seen, _parts):
        blocks += table(sources)
    more = [(titles[name], "\n".join(besides(experiment, name))) for name in names]
    blocks.append(Terms(tuple(pair for pair in more if pair[1])))
    blocks += _items(sources)
    return Section("fails", "Where each rung fails", tuple(blocks))


def _needs(sources: Sources) -> list[Block]:
    """Knowledge against behaviour: where the answers put the case, and the errors every rung."""
    found = located(sources.experiment)
    if not found:
        return []
    spots = [
        charts.Spotted(one.rung, one.title, *(100 * share for share in shares(one)))
        for one in found
        if one.placed
    ]
    caption = (
        "Points lost of 100: to the right for want of knowledge, upwards for how the rung answers; "
        "the lower left corner loses none. Dotted lines reach as far as what cannot be told apart "
        "could move a rung."
    )
    if sources.prior is not None:
        caption += " The ring is where the answers put the need, from none to full."
    return [
        Figure(partial(charts.errors, spots, sources.prior), caption),
        Paragraph(sentence(found)),
        Terms(tuple((one.title, one.why) for one in found)),
    ]


def _reading(sources: Sources) -> list[Block]:
    """Search apart from reading."""
    rows = tuple(
        (
            title,
            f"{one.retrieval.recall.n:,}",
            figure(one.retrieval.recall),
            figure(one.retrieval.used),
            figure(one.retrieval.luck),
            _gain(one.retrieval.better_search),
            _gain(one.retrieval.better_reading),
        )
        for title, one in diagnosed(sources)
        if one.retrieval is not None
    )
    if not rows:
        return []
    head = ("Rung", "Questions", "Passage found", "Score when found", "Score when not",
            "Perfect search", "Perfect reading")  # fmt: skip
    known = [one.retrieval for _, one in diagnosed(sources) if one.retrieval is not None]
    by_document = max(found.by_document for found in known)
    text = (
        "Over the questions of which it is known whether the answer stood in a passage. The score "
        "is found × score when found + not found × score when not. Perfect search is read as now; "
        "perfect reading is of what is found now. Both are ceilings, not forecasts."
    )
    if by_document:
        text += (
            f" Of {by_document:,} only the right document is known, so any passage of it counts as "
            "found."
        )
    unknown = max(found.n_unknown for found in known)
    if unknown:
        text += f" Of {unknown:,} more it is not known."
    return [
        Table(
            "Search and reading, apart; at the right the points that perfection would add",
            head,
            rows,
        ),
        Paragraph(text),
    ]


def _distracted(sources: Sources) -> list[Block]:
    rows = tuple(
        (
            f"{title} against {sources.experiment.rungs[found.against].title.lower()}",
            figure(found.distracted),
            f"{found.distracted.n:,}",
            figure(found.helped),
            f"{found.helped.n:,}",
        )
        for title, one in diagnosed(sources)
        if (found := one.distraction) is not None
    )
    head = ("What passages did", "Right answers spoiled", "of", "Other answers mended", "of")
    return [Table("The same model with passages and without", head, rows)] if rows else []


def _abstaining(sources: Sources) -> list[Block]:
    rows = tuple(
        (title, figure(found.answerable), figure(found.refused), f"{found.refused.n:,}",
         figure(found.answered_anyway), f"{found.answered_anyway.n:,}")
        for title, one in diagnosed(sources)
        if (found := one.abstention) is not None
    )  # fmt: skip
    head = ("Rung", "Score where there is an answer", "Refused what has an answer", "of",
            "Answered what has none", "of")  # fmt: skip
    return [Table("Saying “I do not know”", head, rows)] if rows else []


def _labels(sources: Sources) -> list[Block]:
    rows = tuple(
        (title, short(c.right), short(c.said), f"{c.n:,} of {c.n_right:,}")
        for title, one in diagnosed(sources)
        if one.labels is not None
        for c in one.labels.confusions[:CONFUSED]
    )
    head = ("Rung", "Right", "Said instead", "Times")
    fields = tuple(
        (title, short(field.path.strip("/")), figure(field.wrong), f"{field.wrong.n:,}")
        for title, one in diagnosed(sources)
        for field in one.fields[:CONFUSED]
    )
    found: list[Block] = (
        [Table("Labels taken for one another", head, rows, words=3)] if rows else []
    )
    if fields:
        head = ("Rung", "Field", "Wrong", "of valid answers")
        found.append(Table("Fields that are wrong most often", head, fields, words=2))
    return found


def _seen(sources: Sources) -> list[Block]:
    rows = tuple(
        (title, figure(one.seen.touched), figure(one.seen.untouched),
         f"{points(one.seen.difference.mean)} ({span(one.seen.difference)})")
        for title, one in diagnosed(sources)
        if one.seen is not None and min(one.seen.touched.n, one.seen.untouched.n) >= SMALLEST
    )  # fmt: skip
    if not rows:
        return []
    head = ("Rung", "Documents of training rows", "Other documents", "Difference, points")
    return [Table("Seen in training against not seen", head, rows)]


def _parts(sources: Sources) -> list[Block]:
    """Parts of the questions that stand out."""
    looked = max(one.n_slices for _, one in diagnosed(sources))
    rows = tuple(
        (title, part_name(found), f"{found.score.n:,}", figure(found.score), figure(found.rest),
         f"{points(found.difference.mean)} ({span(found.difference)})")
        for title, one in diagnosed(sources)
        for found in [part for part in one.slices if part.stands_out][:PARTS]
    )  # fmt: skip
    if rows:
        head = ("Rung", "Part", "Questions", "Score", "On the rest", "Difference, points")
        return [Table("Parts of the questions that stand out", head, rows, words=2)]
    if not looked:
        return []
    kinds = {found.kind for _, one in diagnosed(sources) for found in one.slices}
    names = {"tag": "tags", "document": "documents", "label": "labels", "length": "length"}
    by = ", ".join(word for kind, word in names.items() if kind in kinds)
    return [
        Paragraph(
            f"By {by}: no part of {SMALLEST} questions or more stands out from the rest, counting "
            f"that {looked:,} were looked at."
        )
    ]


def _items(sources: Sources) -> list[Block]:
    """The questions to look at first, with a mark a rung."""
    ids = telling(sources.experiment, sources.standing)
    if len(sources.experiment.rungs) < 2 or not ids:
        return []
    numbers = {example.id: place for place, example in enumerate(sources.heldout)}
    scores = {name: sources.item_scores(name) for name in sources.experiment.rungs}
    rows = []
    for key in (key for key in ids if key in numbers):
        text = short(sources.heldout[numbers[key]].question, QUESTION)
        marks = (mark_of(scores[name][key])[0] for name in scores)
        rows.append((f"{numbers[key] + 1}", text, *marks))
    head = ("No.", "Question", *(arm.title for arm in sources.experiment.rungs.values()))
    caption = (
        f"The questions that tell most: where {sources.arm.title.lower()} is wrong and another "
        "right, then where the rungs disagree most"
    )
    return [Table(caption, head, tuple(rows), words=len(head))]


def _gain(gain: float | None) -> str:
    return "not known" if gain is None else points(gain)
