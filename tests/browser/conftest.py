"""Headless Chromium, where there is one, and small projects to show in it."""

from collections.abc import Callable, Iterator

import pytest

driver = pytest.importorskip("tests.browser.driver", reason="playwright is not installed")


@pytest.fixture(scope="session")
def chromium() -> Iterator["driver.Browser"]:
    program = driver.chromium()
    if program is None:
        pytest.skip("there is no chromium on this machine")
    with driver.running_browser(program) as browser:
        yield browser


@pytest.fixture
def visit(chromium) -> Iterator[Callable[..., "driver.Visit"]]:
    """Opens windows; all are shut at the end."""
    windows = []

    def opened(**size: int) -> "driver.Visit":
        windows.append(driver.Visit(chromium, **size))
        return windows[-1]

    yield opened
    for window in windows:
        window.close()


@pytest.fixture
def app(chromium, tmp_path) -> Iterator["driver.App"]:
    """The app with an empty folder of projects, started elsewhere than where it lies."""
    with driver.running_app(tmp_path / "elsewhere", tmp_path / "projects") as app:
        yield app
