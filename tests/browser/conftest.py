"""Headless Chromium, where there is one, and the app to show in it."""

from collections.abc import Callable, Iterator

import pytest

from tests.browser import driver
from tests.browser.driver import App, Browser, Visit


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    program = driver.chromium()
    if program is None:
        pytest.skip("there is no chromium on this machine")
    with driver.running_browser(program) as browser:
        yield browser


@pytest.fixture
def visit(chromium) -> Iterator[Callable[[], Visit]]:
    """Opens windows; all are shut at the end."""
    windows = []

    def opened() -> Visit:
        windows.append(Visit(chromium))
        return windows[-1]

    yield opened
    for window in windows:
        window.close()


@pytest.fixture(scope="module")
def app(chromium, tmp_path_factory) -> Iterator[App]:
    """The app with an empty folder of projects, started elsewhere than where it lies."""
    folder = tmp_path_factory.mktemp("app")
    with pytest.MonkeyPatch.context() as patch:
        # checks that the app starts keep converted models away from the user's
        patch.setenv("RUNGWISE_CACHE", str(folder / "cache"))
        with driver.running_app(folder / "elsewhere", folder / "projects") as app:
            yield app
