"""Charts for the screen and for paper: pure functions of what was stored.

Each returns an Altair chart, or None where there is nothing to draw, and takes the theme it is
drawn with and the width of its plot in pixels. `svg` turns one into a picture.
"""

from advisor.charts.acceptability import acceptability
from advisor.charts.axes import axes
from advisor.charts.break_even import break_even
from advisor.charts.cost_quality import cost_quality
from advisor.charts.curve import curve
from advisor.charts.differences import differences
from advisor.charts.errors import Spotted, errors
from advisor.charts.ladder import ladder
from advisor.charts.learning import learning
from advisor.charts.losses import losses
from advisor.charts.style import DARK, LIGHT, PAGE, Style, Theme, style_of, svg
from advisor.charts.utilities import utilities

__all__ = [
    "DARK",
    "LIGHT",
    "PAGE",
    "Spotted",
    "Style",
    "Theme",
    "acceptability",
    "axes",
    "break_even",
    "cost_quality",
    "curve",
    "differences",
    "errors",
    "ladder",
    "learning",
    "losses",
    "style_of",
    "svg",
    "utilities",
]
