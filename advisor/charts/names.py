"""Names beside markers, so that none covers another name, a marker or a line."""

from collections.abc import Sequence
from typing import NamedTuple

LINE = 16
"""Height of a name in pixels."""
LETTER = 7
"""Width of a letter, about."""
AWAY = 18
"""From the middle of a marker to its name, in pixels."""


class Box(NamedTuple):
    """A rectangle in pixels."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: "Box") -> bool:
        """True where the two overlap."""
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom


class Spot(NamedTuple):
    """Where a name may stand."""

    side: int
    """1 = right of its marker, -1 = left."""
    away: float
    """From the middle of the marker to the name, in pixels."""
    down: float
    box: Box


def around(x: float, y: float) -> Box:
    """What a marker takes: wider than it is, or a name right behind it would name it too."""
    return Box(x - 14, y - 9, x + 14, y + 9)


def free_spot(title: str, x: float, y: float, height: float, taken: Sequence[Box]) -> Spot:
    """The nearest free spot for the name of a marker; the nearest one where none is free.

    Args:
        title: the name.
        x: of the marker, pixels from the left edge.
        y: of the marker, pixels from the upper edge.
        height: of the plot in pixels.
        taken: what may not be covered.
    """
    long = len(title) * LETTER
    tries = []
    for away in (AWAY, 2 * AWAY, 3 * AWAY):
        for down in (step * LINE for step in range(-3, 4)):
            for side in (1, -1):
                left = x + away if side > 0 else x - away - long
                box = Box(left, y + down - LINE / 2, left + long, y + down + LINE / 2)
                tries.append(Spot(side, away, down, box))
    # half a line below the axis is still above its labels; higher than the plot it would be cut
    half = LINE / 2
    inside = [
        one
        for one in tries
        if one.box.left >= 0 and -half <= one.box.top and one.box.bottom <= height + half
    ]
    near = sorted(inside or tries, key=lambda one: (one.away + abs(one.down), -one.side))
    return next((one for one in near if not any(one.box.meets(box) for box in taken)), near[0])
