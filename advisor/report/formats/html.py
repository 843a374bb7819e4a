"""HTML: one file that needs nothing else, for screens light and dark and for paper."""

from functools import cache
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from advisor.charts import PAGE, svg
from advisor.report.cutting import cut
from advisor.report.document import Figure, Report
from advisor.report.format import Format

if TYPE_CHECKING:
    import jinja2

NBSP = "\u00a0"


def render(report: Report) -> bytes:
    """One self-contained page; no script, no address, everything untrusted is text."""
    return _templates().get_template("report.html").render(report=report).encode()


@cache
def _templates() -> "jinja2.Environment":
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("advisor.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"picture": _picture, "cut": cut, "lighter": _lighter}
    environment.tests["kind"] = lambda block, name: type(block).__name__ == name
    return environment


def _picture(figure: Figure) -> Markup:
    """A figure as inline SVG in the page's colours; empty where there is nothing to draw."""
    chart = figure.draw(PAGE)
    # made by the chart library from our own numbers and titles, which it escapes
    return Markup(svg(chart)) if chart is not None else Markup("")


def _lighter(figures: str) -> Markup:
    """'71 % (62–79 %)' with the interval in a lighter hand."""
    number, bracket, interval = figures.partition(" (")
    number = number.replace(" ", NBSP)
    return Markup("{} <span>({}</span>").format(number, interval) if bracket else escape(number)


FORMAT = Format("html", ".html", "text/html", render)
