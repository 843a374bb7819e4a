"""Seconds until each page of the app is drawn, in a real browser: `python -m bench.pages [DIR]`.

DIR is a project with a finished check; it is copied first. Without it a small one is made. Prints
JSON: `start_s` until the app answers, then for each page `opened` by its address, as after a reload
(the first one pays for what later ones share), `complete` when nothing is missing that it looks up
beside itself, such as the findings on the data, and `turned` to from the page before it.

`--shot FILE` also saves the first screen of the result, as docs/app.png was made.
"""

import json
import shutil
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Callable
from functools import partial
from pathlib import Path

from harness.types import Json
from tests.advisor.page_project import make_project, make_run
from tests.browser.driver import PAGES, App, Visit, chromium, running_app, running_browser

ROUNDS = 3
"""Of turning the pages; the median counts."""


def timed(work: Callable[[], object]) -> float:
    """Seconds that something takes."""
    start = time.perf_counter()
    work()
    return round(time.perf_counter() - start, 2)


def drawn(app: App, window: Visit, root: Path) -> dict[str, dict[str, float]]:
    """Each page opened by its address, then turned to."""
    seconds = {}
    for name in PAGES:
        opened = timed(partial(window.open, app.address(name, root), name))
        seconds[name] = {"opened": opened, "complete": round(opened + timed(window.settled), 2)}
    rounds = [{name: timed(partial(window.turn_to, name)) for name in PAGES} for _ in range(ROUNDS)]
    for name in PAGES:
        seconds[name]["turned"] = sorted(one[name] for one in rounds)[ROUNDS // 2]
    return seconds


def picture(app: App, window: Visit, root: Path, file: Path) -> None:
    """The first screen of the result, down to the tabs."""
    window.open(app.address("Compare", root), "Compare")
    window.page.wait_for_timeout(1000)  # charts are drawn after the script has ended
    tabs = window.page.get_by_role("tablist").bounding_box()
    height = tabs["y"] + tabs["height"] + 12 if tabs else 900
    window.page.screenshot(path=file, clip={"x": 0, "y": 0, "width": 1400, "height": height})


def measure(project: Path | None = None, shot: Path | None = None) -> dict[str, Json]:
    """Seconds until the app answers and until each page is drawn.

    Args:
        project: with a finished check; None makes a small one.
        shot: where to save the first screen of the result.
    """
    program = chromium()
    if program is None:
        raise SystemExit("there is no chromium on this machine")
    if project and not any((project / "runs").glob("*/experiment.json")):
        raise SystemExit(f"error: no finished check in {project}\nfix: name a project folder")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "projects" / "measured"
        if project:
            shutil.copytree(project, root)
        else:
            make_run(make_project(root))
        start = time.perf_counter()
        with running_app(Path(folder) / "elsewhere", root.parent) as app:
            started = round(time.perf_counter() - start, 2)
            with running_browser(program) as browser:
                window = Visit(browser)
                pages = drawn(app, window, root)
                if shot:
                    picture(app, window, root, shot)
                window.close()
    return {"start_s": started, "pages_s": pages}


def main() -> None:
    """Measure and print."""
    parser = ArgumentParser(prog="python -m bench.pages")
    parser.add_argument("dir", nargs="?", type=Path, help="a project with a finished check")
    parser.add_argument("--shot", type=Path, help="where to save the first screen of the result")
    given = parser.parse_args()
    print(json.dumps(measure(given.dir, given.shot), indent=1))


if __name__ == "__main__":
    main()
