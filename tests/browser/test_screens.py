"""Every page as a browser draws it: foreign text stays text, and everything fits the window."""

import time

import pytest

from tests.advisor.page_project import make_project, make_run
from tests.browser.driver import PAGES

pytestmark = pytest.mark.browser
TABS = ("Differences", "Items", "Judge", "Settings", "What if", "Cost", "Fair?")
SIDEWAYS = """() => [...document.querySelectorAll('[data-testid="stMain"], .stMainBlockContainer')]
    .map(one => one.scrollWidth - one.clientWidth)"""
CUT = """() => [...document.querySelectorAll('[data-testid="stMain"] *')].filter(one =>
    one.clientWidth && one.innerText && one.scrollWidth > one.clientWidth + 1 &&
    (getComputedStyle(one).overflowX === 'hidden' || one.getAttribute('role') === 'radiogroup' ||
     one.dataset.testid === 'stButtonGroup')).map(one => one.innerText)"""
"""Words that do not fit where they stand."""
BESIDE = """() => [...document.querySelectorAll('.stColumn .stVegaLiteChart canvas')].map(one =>
    one.getBoundingClientRect().right - one.closest('.stColumn').getBoundingClientRect().right)"""
"""Pixels by which each chart stands in what is beside it."""

MOST_ABOVE = 640
"""Pixels above what a tab of the result shows, in a window of 900."""


def test_foreign_text_runs_nothing_loads_nothing_and_every_page_fits(app, visit):
    root = make_project(app.projects / "desk")
    run = make_run(root)
    window = visit()
    window.open(app.address("Start", root, run.name), "Start")
    for name in PAGES:
        window.turn_to(name)
        fits(window, name)
        if name == "Compare":
            tabs = window.page.get_by_role("tablist").bounding_box()
            assert tabs["y"] + tabs["height"] <= MOST_ABOVE, "what is behind it begins too low"
            for tab in TABS:
                window.page.get_by_role("tab", name=tab).click()
                window.quiet()
                fits(window, tab)
    assert window.page.get_by_role("link", name="evil").count() == 0
    assert window.elsewhere() == []
    assert window.troubles == []


def after_a_moment(route):
    """A file that takes its time, as a large one does."""
    time.sleep(1)
    route.continue_()


def fits(window, name):
    """Nothing is cut or has to be moved sideways, in a wide window or a narrow one."""
    for width in (700, 900, 1400):  # the last one has the pages' names at the top
        window.page.set_viewport_size({"width": width, "height": 900})
        moment(window)
        assert max(window.page.evaluate(SIDEWAYS)) <= 1, f"{name} does not fit {width} pixels"
        assert window.page.evaluate(CUT) == [], f"words are cut on {name} at {width} pixels"
        assert max(window.page.evaluate(BESIDE), default=0) <= 1, f"{name} at {width} pixels"


def moment(window):
    """Charts are drawn anew after a window has become narrower, a moment later."""
    for _ in range(20):
        if max([*window.page.evaluate(SIDEWAYS), *window.page.evaluate(BESIDE)]) <= 1:
            return
        window.page.wait_for_timeout(100)


def test_files_that_are_dropped_become_a_project_with_its_questions(app, visit):
    window = visit()
    window.open(app.address(), "Start")
    window.page.route("**/upload_file/**", after_a_moment)
    window.page.get_by_label("Name of the project").fill("Müşteri hattı")
    table = "question,answer\n" + "".join(f"What is {i}?,Number {i}\n" for i in range(60))
    window.page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(
        {"name": "numbers.csv", "mimeType": "text/csv", "buffer": table.encode()}
    )
    window.text("numbers.csv")
    window.press("Make the project")  # at once: it waits for the file that is still on its way
    window.drawn("Ask")
    window.text("Müşteri hattı")
    window.turn_to("Data")
    window.text("held out; no documents.")
    assert (app.projects / "müşteri-hattı" / "data" / "numbers.csv").is_file()
    assert window.elsewhere() == []
    assert window.troubles == []
