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


@pytest.fixture(scope="module")
def app(chromium, tmp_path_factory) -> Iterator["driver.App"]:
    """The app with an empty folder of projects, started elsewhere than where it lies."""
    folder = tmp_path_factory.mktemp("app")
    with pytest.MonkeyPatch.context() as patch:
        # checks that the app starts keep converted models away from the user's
        patch.setenv("RUNGWISE_CACHE", str(folder / "cache"))
        with driver.running_app(folder / "elsewhere", folder / "projects") as app:
            yield app
