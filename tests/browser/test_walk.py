"""From the start page to the downloaded report, in a real browser and with a real check."""

import json

import pytest

from harness.store import Run
from tests.advisor.page_project import make_project

pytestmark = pytest.mark.browser


def test_a_check_is_walked_from_start_to_report_and_outlives_the_app(
    app, visit, tiny_model, chromium, tmp_path
):
    root = make_project(app.projects / "desk", generator=tiny_model.as_posix())
    settings = root / "rungwise.toml"
    text = settings.read_text(encoding="utf-8")
    wanted = '"prompt", "few_shot", "rag", "finetune"'
    assert wanted in text
    settings.write_text(text.replace(wanted, '"prompt", "rag"'), encoding="utf-8")
    window = visit()
    start_ask_data(app, window)
    run = check_outlives(app, window, root)
    compare(window)
    decide(window)
    page, record = report(window, tmp_path)
    assert record["run"] == run.name
    assert record["report"]["decisions"][-1]["by"] == "Ada, desk"
    opens_offline(visit, page)
    assert window.elsewhere() == []
    assert window.troubles == []


def start_ask_data(app, window):
    """Open the project, answer a question, look over the data."""
    window.open(app.address(), "Start")
    window.press("Desk ")
    window.drawn("Ask")
    window.page.get_by_role("radiogroup").get_by_role("radio").first.check(force=True)
    window.page.get_by_role("radiogroup").get_by_role("radio", checked=True).wait_for()
    window.press("Next question")
    window.text("Question 2 of")
    window.press("Look over the data")
    window.drawn("Data")
    window.text("40 held out, 40 documents.")
    window.text("Should know")


def check_outlives(app, window, root):
    """The check is seen again after a reload, and after the app was killed and started anew."""
    window.press("Go to the check")
    window.drawn("Check")
    window.press("Start the check")
    going = window.page.get_by_text("is running. You may close this page.")
    going.wait_for()
    run = Run(next(folder for folder in (root / "runs").iterdir() if folder.name[0] != "."))
    first = window.page.get_by_text("index: started").first
    first.wait_for(state="attached")
    window.page.reload()
    going.wait_for()
    first.wait_for(state="attached")

    app.kill()
    assert not (run.folder / "experiment.json").exists(), "the check ended before the app did"
    app.start()
    window.open(app.address("Check", root, run.name), "Check")
    going.wait_for()
    first.wait_for(state="attached")
    # the page follows to the end by itself
    window.page.get_by_text("is finished:").wait_for()
    return run


def compare(window):
    """The result, its tabs, the items one by one with what was read."""
    window.press("See the result")
    window.drawn("Compare")
    window.text("What it costs")
    window.page.get_by_role("tab", name="Items").click()
    window.text("1 of ")
    window.press("Next")
    window.text("2 of ")
    assert window.page.locator(".rw-said").count() == 2
    assert "takes" in window.page.locator(".rw-passage").first.inner_text()


def decide(window):
    """A weight is moved, the decision recorded, and both are there after a reload."""
    window.press("Weigh and decide")
    window.drawn("Decide")
    window.text("With these weights")
    window.page.get_by_role("slider").first.press("ArrowLeft")
    window.text("The weights are those in rungwise.toml.")
    window.quiet()  # a page that is drawn anew shuts an open list, and so does scrolling
    window.page.get_by_label("What is decided").scroll_into_view_if_needed()
    window.page.wait_for_timeout(500)
    window.page.get_by_label("What is decided").click()
    window.page.get_by_role("option", name="Retrieval").click()
    window.page.get_by_label("Who decides").fill("Ada, desk")
    window.page.get_by_label("Why, in your own words").fill("It reads the pages.")
    window.press("Record the decision")
    # the reason alone also stands in the form, before anything is written
    window.text("Nothing that would reopen it is known")
    window.page.reload()
    window.drawn("Decide")
    window.text("It reads the pages.")
    window.text("The weights are those in rungwise.toml.")


def report(window, tmp_path):
    """Both files, downloaded."""
    window.press("Make the report")
    window.drawn("Report")
    files = []
    for form in ("HTML", "JSON"):
        with window.page.expect_download() as coming:
            window.press(f"Download {form}")
        files.append(tmp_path / coming.value.suggested_filename)
        coming.value.save_as(files[-1])
    page, record = files
    return page, json.loads(record.read_text(encoding="utf-8"))


def opens_offline(visit, page):
    """The report needs no network, and holds its picture."""
    window = visit()
    window.context.set_offline(True)
    window.page.goto(page.as_uri())
    assert "Desk" in window.page.locator("body").inner_text()
    assert window.page.locator("figure svg").first.is_visible()
    assert [url for url in window.asked if not url.startswith(("file:", "data:"))] == []
    assert window.troubles == []
