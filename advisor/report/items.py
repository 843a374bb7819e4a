"""The held-out questions that say most: where the advised rung and its rival part ways."""

from collections.abc import Sequence

from advisor.numbers import count, in_sentence, percent
from advisor.places import place_of
from advisor.report.document import Given, Item, Items, Paragraph, Passage, Section, Tone
from advisor.report.sources import Sources
from harness.types import Answer, Example, Failure

N_ITEMS = 10
GAINS, LOSSES, FAILED = 5, 3, 1
"""At most so many of each first: what the advice costs is shown beside what it brings."""


def telling_items(sources: Sources) -> tuple[Item, ...]:
    """The most telling items: gains and losses of the advised rung first, then the rest.

    Within a kind the largest difference comes first, then the order of the held-out set.
    """
    lead, rival = sources.standing, rival_of(sources)
    ahead = sources.item_scores(lead)
    behind = sources.item_scores(rival) if rival else {}
    order = _order(sources.heldout, ahead, behind)
    answers = {rung: sources.answers(rung) for rung in sources.experiment.rungs}
    scores = {rung: sources.item_scores(rung) for rung in sources.experiment.rungs}
    items = []
    for number in order[:N_ITEMS]:
        example = sources.heldout[number]
        given = tuple(
            _given(sources, rung, example, answers[rung].get(example.id), scores[rung][example.id])
            for rung in sources.experiment.rungs
        )
        items.append(
            Item(
                id=example.id,
                number=number + 1,
                why=_why(given, lead, rival),
                question=example.question,
                references=example.references,
                abstention=sources.plan.spec.abstention,
                given=given,
            )
        )
    return tuple(items)


def items_section(sources: Sources, items: tuple[Item, ...]) -> Section:
    """The items with a line on how they were picked."""
    told = [f"{len(items):,} of {count(sources.experiment.task.n_heldout, 'question')}."]
    rival = rival_of(sources)
    if rival:
        ahead, behind = sources.item_scores(sources.standing), sources.item_scores(rival)
        pairs = [(ahead[key], behind[key]) for key in ahead]
        known = [(a, b) for a, b in pairs if a is not None and b is not None]
        told.append(
            f"{sources.arm.title} does better than "
            f"{in_sentence(sources.experiment.rungs[rival].title)} on "
            f"{sum(a > b for a, b in known):,} and worse on {sum(a < b for a, b in known):,}; "
            "these stand first."
        )
    if any(len(arm.seeds) > 1 for arm in sources.experiment.rungs.values()):
        told.append("Of several seeds the first one's answer is shown; marks are means over seeds.")
    return Section("items", "Answers side by side", (Paragraph(" ".join(told)), Items(items)))


def rival_of(sources: Sources) -> str:
    """What the advised rung is shown against: the expected one, or else the cheapest.

    Empty when only one rung was measured.
    """
    lead, verdict = sources.standing, sources.verdict
    others = [name for name in sources.experiment.rungs if name != lead]
    if verdict.prior in others:
        return str(verdict.prior)
    return others[0] if others else ""


def _order(
    heldout: Sequence[Example], ahead: dict[str, float | None], behind: dict[str, float | None]
) -> list[int]:
    """Places in the held-out set, the most telling first."""
    gains: list[tuple[float, int]] = []
    losses: list[tuple[float, int]] = []
    failed: list[tuple[float, int]] = []
    rest: list[tuple[float, int]] = []
    for number, example in enumerate(heldout):
        mine, other = ahead[example.id], behind.get(example.id)
        if mine is None:
            failed.append((0.0, number))
        elif other is not None and mine != other:
            (gains if mine > other else losses).append((-abs(mine - other), number))
        else:
            # of two alike the wrong ones teach more
            rest.append((mine, number))
    kinds = [sorted(kind) for kind in (gains, losses, failed, rest)]
    quotas = (GAINS, LOSSES, FAILED, N_ITEMS)
    first = [one for kind, quota in zip(kinds, quotas, strict=True) for one in kind[:quota]]
    later = [one for kind, quota in zip(kinds, quotas, strict=True) for one in kind[quota:]]
    return [number for _, number in (*first, *later)]


def _given(
    sources: Sources,
    rung: str,
    example: Example,
    result: Answer | Failure | None,
    score: float | None,
) -> Given:
    title = sources.experiment.rungs[rung].title
    if not isinstance(result, Answer):
        kind = result.kind.replace("_", " ") if result is not None else "no answer"
        return Given(rung, title, "", f"failed: {kind}", "none", None)
    mark, tone = mark_of(score)
    return Given(rung, title, result.text, mark, tone, _passage(example, result))


def mark_of(score: float | None) -> tuple[str, Tone]:
    """A score in one or two words, and how to show it."""
    if score is None:
        return "not scored", "none"
    if score >= 1:
        return "right", "right"
    return ("wrong", "wrong") if score <= 0 else (f"{percent(score)} right", "partly")


def _passage(example: Example, answer: Answer) -> Passage | None:
    """The first cited passage, or else the best match."""
    if not answer.contexts:
        return None
    cited = [i for i in answer.citations if 0 <= i < len(answer.contexts)]
    shown = answer.contexts[cited[0] if cited else 0]
    gold = set(example.context_ids)
    return Passage(
        source=shown.source,
        title=shown.title,
        page=shown.page,
        start=shown.start,
        end=shown.end,
        place=place_of(shown.source, shown.page, shown.start, shown.end, shown.also_in),
        text=shown.text,
        cited=bool(cited),
        is_gold=bool(gold.intersection(shown.sources)) if gold else None,
    )


def _why(given: Sequence[Given], lead: str, rival: str) -> str:
    """One line: what the advised rung and its rival made of it."""
    by_rung = {one.rung: one for one in given}
    ours = by_rung[lead]
    if not rival:
        return f"{ours.title} {ours.mark}"
    theirs = by_rung[rival]
    other = in_sentence(theirs.title)
    if ours.mark == theirs.mark:
        return f"{ours.title} and {other} both {ours.mark}"
    return f"{ours.title} {ours.mark}, {other} {theirs.mark}"
