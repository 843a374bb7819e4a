"""rungwise app: the same in the browser."""

import os
import platform
import signal
import socket
import subprocess
import sys
import time
from argparse import ArgumentParser, Namespace
from pathlib import Path
from urllib.parse import urlencode

from advisor.project import open_project
from advisor.terminal import note, out
from advisor.verb import Verb
from harness.errors import JobError, Problem, UserError

ADDRESS = "127.0.0.1"
PORT = 8501
START_S = 60.0

# As in .streamlit/config.toml, which counts only where the server is started from this folder.
OPTIONS: dict[str, str | bool] = {
    "server.address": ADDRESS,
    "server.showEmailPrompt": False,
    "browser.gatherUsageStats": False,
    "client.toolbarMode": "minimal",
    "runner.magicEnabled": False,
    "server.fileWatcherType": "none",
    "theme.primaryColor": "#0072b2",
    "theme.baseFontSize": "16",
    "theme.light.backgroundColor": "#ffffff",
    "theme.light.secondaryBackgroundColor": "#f3f5f8",
    "theme.light.textColor": "#1f2933",
    "theme.dark.primaryColor": "#1f80c4",
    "theme.dark.backgroundColor": "#12171d",
    "theme.dark.secondaryBackgroundColor": "#1d242c",
    "theme.dark.textColor": "#e8ecf1",
}
HOSTS = ("127.0.0.1", "localhost")
"""Names the server answers to: a page from elsewhere cannot reach it under a name of its own."""


def configure(parser: ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("dir", nargs="?", type=Path, help="a project to open")
    parser.add_argument("--port", type=int, default=PORT, help=f"default {PORT}")


def run(given: Namespace) -> int:
    """Serve until interrupted."""
    if given.dir is not None:
        open_project(given.dir)
    _check_free(given.port)
    environment = dict(os.environ)
    address = f"http://{ADDRESS}:{given.port}"
    if given.dir is not None:
        root = str(given.dir.resolve())
        environment["RUNGWISE_PROJECT"] = root
        address += f"/?{urlencode({'project': root})}"
    signal.signal(signal.SIGTERM, _stopped)
    server = subprocess.Popen(command(given.port), env=environment)
    try:
        _wait(server, given.port)
        out(address)
        note("Ctrl+C ends the app; a check that runs goes on.")
        return server.wait()
    except KeyboardInterrupt:
        note("the app has ended; a check that runs goes on")
        return 0
    finally:
        server.terminate()
        server.wait()


def _stopped(signum: int, frame: object) -> None:
    """A request to end takes the server along."""
    raise KeyboardInterrupt


def command(port: int) -> list[str]:
    """The command line of the server."""
    script = Path(__file__).resolve().parents[2] / "app.py"
    options = {**OPTIONS, "server.port": str(port), "server.headless": not _has_screen()}
    options["logger.hideWelcomeMessage"] = True
    shown = [f"--{name}={str(value).lower()}" for name, value in options.items()]
    shown += [f"--server.allowedHosts={host}" for host in HOSTS]
    return [sys.executable, "-m", "advisor.page_parts.serve", str(script), *shown]


def _has_screen() -> bool:
    """Whether a browser could be opened here."""
    if platform.system() == "Linux":
        return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    return not os.environ.get("SSH_CONNECTION")


def _check_free(port: int) -> None:
    """Refuse a port that something else listens on.

    Raises:
        UserError: it is taken, or no port at all.
    """
    if not 0 < port < 65536:
        raise UserError(Problem(f"{port} is no port", "give a number from 1 to 65535", "--port"))
    with socket.socket() as probe:
        # as the server will: a port that was left a moment ago is free
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ADDRESS, port))
        except OSError as error:
            raise UserError(
                Problem(
                    f"port {port} cannot be used ({error.strerror})",
                    f"choose another, for instance --port {_free_port()}; if the app runs "
                    f"already, open http://{ADDRESS}:{port}",
                    "--port",
                )
            ) from None


def _free_port() -> int:
    """A port that is free now."""
    with socket.socket() as probe:
        probe.bind((ADDRESS, 0))
        port: int = probe.getsockname()[1]
        return port


def _wait(server: subprocess.Popen[bytes], port: int) -> None:
    """Until the server answers.

    Raises:
        JobError: it ended, or does not answer.
    """
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        if server.poll() is not None:
            raise JobError(
                Problem("the server ended at once", "see its message above", "rungwise app")
            )
        with socket.socket() as probe:
            if probe.connect_ex((ADDRESS, port)) == 0:
                return
        time.sleep(0.1)
    raise JobError(Problem(f"no answer within {START_S:.0f} s", "try again", "rungwise app"))


VERB = Verb(
    name="app",
    example="rungwise app support-desk",
    configure=configure,
    run=run,
)
