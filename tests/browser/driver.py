"""The real app in a process of its own, and a real browser in front of it."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from playwright.sync_api import Browser, BrowserContext, Locator, Page, Request, sync_playwright

HERE = "127.0.0.1"
WAIT_S = 120
"""Two busy cores can make a page wait long; a page that is broken fails all the same."""
ARGUMENTS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
OWN_SCHEMES = ("data", "blob", "file", "about")
"""Addresses that ask nobody for anything."""
PAGES = ("Start", "Ask", "Data", "Check", "Compare", "Decide", "Report")


def chromium() -> str | None:
    """The browser's program; None where there is none."""
    usual = Path("/usr/bin/chromium")
    return str(usual) if usual.is_file() else shutil.which("chromium")


class App:
    """`python -m advisor app`, started in a folder that is not the program's."""

    def __init__(self, folder: Path, projects: Path):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.projects = projects
        with socket.socket() as probe:
            probe.bind((HERE, 0))
            self.port = probe.getsockname()[1]
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        environment = {**os.environ, "RUNGWISE_PROJECTS": str(self.projects)}
        environment.pop("RUNGWISE_PROJECT", None)
        command = [sys.executable, "-m", "advisor", "app", "--port", str(self.port)]
        with (self.folder / "app.log").open("ab") as log:
            self.process = subprocess.Popen(
                command,
                cwd=self.folder,
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,  # so that launcher and server can be killed at a blow
            )
        until = time.monotonic() + WAIT_S
        while time.monotonic() < until:
            if self.process.poll() is not None:
                raise RuntimeError(f"the app ended:\n{self.said()}")
            if self._answers():
                return
            time.sleep(0.1)
        raise RuntimeError(f"the app does not answer:\n{self.said()}")

    def _answers(self) -> bool:
        connection = HTTPConnection(HERE, self.port, timeout=5)
        try:
            connection.request("GET", "/_stcore/health")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def kill(self) -> None:
        """As when the machine kills it: no chance to tidy up."""
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def said(self) -> str:
        """What it wrote to the terminal."""
        return (self.folder / "app.log").read_text(encoding="utf-8", errors="replace")

    def address(self, page: str = "Start", project: Path | None = None, run: str = "") -> str:
        """Of a page with this project and run open."""
        path = "" if page == "Start" else page.lower()
        given = {"project": str(project or ""), "run": run}
        query = urlencode({name: value for name, value in given.items() if value})
        return f"http://{HERE}:{self.port}/{path}" + (f"?{query}" if query else "")


@contextmanager
def running_app(folder: Path, projects: Path) -> Iterator[App]:
    """The app, gone at the end."""
    app = App(folder, projects)
    app.start()
    try:
        yield app
    finally:
        app.kill()


@contextmanager
def running_browser(program: str) -> Iterator[Browser]:
    """Headless Chromium."""
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=program, args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


class Visit:
    """One person's window, and everything its pages asked for or complained about."""

    def __init__(self, browser: Browser, width: int = 1400, height: int = 900):
        self.context: BrowserContext = browser.new_context(
            viewport={"width": width, "height": height}, accept_downloads=True
        )
        self.context.set_default_timeout(WAIT_S * 1000)
        self.asked: list[str] = []
        self.troubles: list[str] = []
        self.context.on("request", self._asked)
        self.context.on("weberror", lambda error: self.troubles.append(str(error.error)))
        self.context.on("dialog", self._dialog)
        self.page: Page = self.context.new_page()
        self.page.on("websocket", lambda socket: self.asked.append(socket.url))

    def _asked(self, request: Request) -> None:
        self.asked.append(request.url)

    def _dialog(self, dialog) -> None:
        self.troubles.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def elsewhere(self) -> list[str]:
        """Addresses beyond this machine that were asked for."""
        parts = [(url, urlsplit(url)) for url in self.asked]
        return [
            url
            for url, part in parts
            if part.scheme not in OWN_SCHEMES and part.hostname not in (HERE, "localhost")
        ]

    def open(self, address: str, name: str) -> None:
        """Open an address and wait until that page is drawn."""
        self.page.goto(address)
        self.drawn(name)

    def turn_to(self, name: str) -> None:
        """Choose a page at the top."""
        self.page.get_by_test_id("stTopNavLink").filter(has_text=name).click()
        self.drawn(name)

    def drawn(self, name: str) -> None:
        """Wait until a page names itself and its script has come to its end."""
        title = "Prompt, retrieval" if name == "Start" else name
        self.page.locator("h1.rw-where", has_text=title).wait_for()
        self.quiet()

    def settled(self) -> None:
        """Wait until what a page looks up beside itself is on it."""
        waiting = self.page.locator(".st-key-waiting")
        self.quiet()
        while waiting.count():  # a page drawn anew may have something else to wait for
            waiting.first.wait_for(state="detached")
            self.quiet()

    def quiet(self) -> None:
        """Wait until no script runs; errors of the page's script are not looked over."""
        self.page.locator('[data-test-script-state="notRunning"]').wait_for()
        errors = self.page.get_by_test_id("stException")
        assert errors.count() == 0, errors.first.inner_text()

    def press(self, label: str) -> None:
        """A button, by the words on it."""
        self.page.get_by_role("button", name=label).first.click()

    def text(self, words: str) -> Locator:
        """Wait for words on the page."""
        found = self.page.get_by_text(words).first
        found.wait_for()
        return found

    def close(self) -> None:
        """Shut the window."""
        self.context.close()
