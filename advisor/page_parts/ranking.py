"""The ladder as the answers order it: which place, how many points, and which answer moved it."""

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from advisor.numbers import signed
from advisor.page_parts.text import html, joined, markup
from advisor.question_types import Question
from advisor.recommendation import Ranked, Recommendation

EXPLAINED = 4
"""Places whose strongest answer is named; further down it would be a wall of text."""


def ranking(now: Recommendation, before: Recommendation, asked: Sequence[Question]) -> None:
    """Draw the ladder.

    Args:
        now: what all answers advise.
        before: what they advise without the answer that is being looked at.
        asked: the questions, numbered as the page numbers them.
    """
    numbers = _numbers(asked)
    earlier = {one.rung: place for place, one in enumerate(before.ranking)}
    rows = [
        _row(place, one, earlier[one.rung] - place, numbers, now)
        for place, one in enumerate(now.ranking)
    ]
    html(
        '<div class="rw-rung head rw-quiet rw-small"><span></span><span></span>'
        "<span>points</span></div>{rows}",
        rows=joined(rows),
    )


def reasons(now: Recommendation, asked: Sequence[Question]) -> None:
    """Every point that an answer gave or took, the strongest first."""
    numbers = _numbers(asked)
    titles = {one.rung: one.title for one in now.ranking}
    rows = joined(
        markup(
            '<tr><td>{title}</td><td class="n">{points}</td><td>by question {number}: {because}'
            '<br><span class="rw-quiet rw-small">{source}</span></td></tr>',
            title=titles[one.rung],
            points=signed(one.effect),
            number=numbers[one.question],
            because=one.because,
            source=one.source,
        )
        for one in now.reasons
    )
    if rows:
        html("<table><tbody>{rows}</tbody></table>", rows=rows)


def _numbers(asked: Sequence[Question]) -> dict[str, int]:
    return {question.key: place for place, question in enumerate(asked, 1)}


def _row(
    place: int, one: Ranked, up: int, numbers: Mapping[str, int], now: Recommendation
) -> Markup:
    moved = f" ▲ {up}" if up > 0 else f" ▼ {-up}" if up < 0 else ""
    aim = markup(' <span class="rw-tag done">your answers point here</span>')
    classes = "off" if one.blocked else "aim" if one.rung == now.aim else ""
    why = _why(place, one, numbers, now)
    return markup(
        '<div class="rw-rung {classes}"><span class="place">{place}</span>'
        '<span>{title}<span class="rw-quiet rw-small">{moved}</span>{aim}</span>'
        '<span class="points">{points}</span>{why}</div>',
        classes=classes,
        place=place + 1,
        title=one.title,
        moved=moved,
        aim=aim if one.rung == now.aim and now.reasons else "",
        points=signed(one.score).lstrip("+"),
        why=markup('<span class="why">{why}</span>', why=why) if why else "",
    )


def _why(place: int, one: Ranked, numbers: Mapping[str, int], now: Recommendation) -> str:
    held = next((blocked for blocked in now.blocked if blocked.rung == one.rung), None)
    if held is not None:
        word = "First" if held.waiting else "Not possible; would need"
        return f"{word}: {held.lifted_by}"
    if place >= EXPLAINED or not one.reasons:
        return ""
    strongest = one.reasons[0]
    number = numbers[strongest.question]
    return f"{signed(strongest.effect)} by question {number}: {strongest.because}"
