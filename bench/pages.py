"""Seconds until each page of the app is drawn, in a real browser: `python -m bench.pages [DIR]`.

DIR is a project with a finished check; it is copied first. Without it a small one is made. Prints
JSON: `start` until the app answers, then for each page `opened` by its address, as after a reload
(the first one pays for what later ones share), and `turned` to from the page before it.
"""

import json
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.advisor.page_project import make_project, make_run
from tests.browser.driver import PAGES, App, Visit, chromium, running_app, running_browser

ROUNDS = 3
"""Of turning the pages; the median counts."""


def timed(work: Callable[[], object]) -> float:
    """Seconds that something takes."""
    start = time.perf_counter()
    work()
    return round(time.perf_counter() - start, 2)


def measure(app: App, window: Visit, root: Path) -> dict[str, dict[str, float]]:
    """Each page opened by its address, then turned to."""
    seconds = {
        name: {"opened": timed(lambda name=name: window.open(app.address(name, root), name))}
        for name in PAGES
    }
    rounds = [
        {name: timed(lambda name=name: window.turn_to(name)) for name in PAGES}
        for _ in range(ROUNDS)
    ]
    for name in PAGES:
        seconds[name]["turned"] = sorted(one[name] for one in rounds)[ROUNDS // 2]
    return seconds


def main(given: list[str]) -> None:
    """Measure and print."""
    program = chromium()
    if program is None:
        raise SystemExit("there is no chromium on this machine")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "projects" / "measured"
        if given:
            shutil.copytree(given[0], root)
        else:
            make_run(make_project(root))
        start = time.perf_counter()
        with running_app(Path(folder) / "elsewhere", root.parent) as app:
            started = round(time.perf_counter() - start, 2)
            with running_browser(program) as browser:
                window = Visit(browser)
                pages = measure(app, window, root)
                window.close()
    found = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "load": round(os.getloadavg()[0], 1),
        "start": started,
        "pages": pages,
    }
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main(sys.argv[1:])
