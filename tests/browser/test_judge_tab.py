"""Looking at answers with the keyboard, then a judge that is asked from the page, in a browser."""

import time

import pytest

from advisor.judging import labelling
from harness.judge.labels import NEEDED, add_label, in_turn, labels_of
from harness.judge.material import material_of
from harness.judge.measure import judged_of
from tests.advisor.page_project import make_project, make_run
from tests.browser.driver import WAIT_S
from tests.harness.chat_server import chat_server

pytestmark = pytest.mark.browser


def press(window, run, key):
    """A key, and wait until what it means is on disk and on the page."""
    before = labels_of(run)
    window.page.keyboard.press(key)
    until = time.monotonic() + WAIT_S
    while labels_of(run) == before and time.monotonic() < until:
        time.sleep(0.05)
    shown = f"Looked at: {labelling(run).done}"
    window.text(shown)
    window.quiet()


def open_tab(window, app, root, run):
    window.open(app.address("Compare", root, run.name), "Compare")
    window.page.get_by_role("tab", name="Judge").click()
    window.text("Look at answers yourself")
    window.quiet()


def test_thirty_keys_then_one_button_and_nothing_is_sent_in_between(app, visit):
    root = make_project(app.projects / "judged")
    run = make_run(root)
    with chat_server() as server:
        with (root / "rungwise.toml").open("a", encoding="utf-8") as out:
            out.write(f'[judge]\nendpoint = "{server.endpoint}"\n')
        for one in in_turn(material_of(run).said)[: NEEDED - 2]:
            add_label(run, one, "right" if one.reference in one.answer else "wrong", "Ada")
        window = visit()
        open_tab(window, app, root, run)
        window.text(f"A judge needs {NEEDED} answers that people have looked at")
        for expected in ("1", "b", "3", "b"):
            press(window, run, expected)
        for _ in range(2):
            one = labelling(run).next
            press(window, run, "1" if one.reference in one.answer else "2")
        window.text(f"To be sent to {server.host}")
        # digits in a name are letters, not labels
        field = window.page.get_by_label("Who looks")
        field.fill("")
        field.press_sequentially("Ada 123")
        field.press("Enter")
        window.quiet()
        assert len(labels_of(run)) == NEEDED and server.requests == []
        open_tab(window, app, root, run)
        window.text(f"Looked at: {NEEDED}, enough for a judge")
        window.press("Send 110 answers to")
        window.text("has seen everything")
        window.text("The judge against people")
    assert len(server.requests) == 110 and judged_of(run).rungs["rag"].judged.n == 39
    assert window.elsewhere() == [] and window.troubles == []
