"""The command as the tests run it."""

import contextlib
import io
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from advisor.cli import main

# A machine that does other work besides may need minutes for what takes seconds.
PATIENCE_S = 300


def rungwise(*arguments: object, **more) -> subprocess.CompletedProcess:
    """The command in a process of its own."""
    command = [sys.executable, "-m", "advisor", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, **more)


def here(*arguments: object) -> subprocess.CompletedProcess:
    """The same without a process of its own, where many commands are tried."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = main([str(argument) for argument in arguments])
        except SystemExit as end:
            status = end.code
    return subprocess.CompletedProcess(arguments, status, out.getvalue(), err.getvalue())


def importable() -> dict[str, str]:
    """An environment in which the command is found from any folder."""
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}


def killed_once(seen: Callable[[], bool], *arguments: object) -> None:
    """The command in a process of its own, killed as soon as something is seen."""
    command = [sys.executable, "-m", "advisor", *map(str, arguments)]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, env=importable(), stdout=quiet, stderr=quiet)
    until = time.monotonic() + PATIENCE_S
    while not seen():
        assert process.poll() is None, "it ended before that was seen"
        assert time.monotonic() < until, "it was not seen in time"
        time.sleep(0.02)
    process.kill()
    process.wait()


def said(done: subprocess.CompletedProcess) -> dict[str, str]:
    """Every error with its fix; they come in pairs, a line each, and nothing looks like a crash."""
    assert "Traceback" not in done.stderr, done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith(("error: ", "fix: "))]
    assert [line.split(": ")[0] for line in lines] == ["error", "fix"] * (len(lines) // 2)
    errors = [line.removeprefix("error: ") for line in lines[::2]]
    fixes = [line.removeprefix("fix: ") for line in lines[1::2]]
    assert len(set(errors)) == len(errors), "nothing is said twice"
    assert all(len(fix) > 8 for fix in fixes)
    return dict(zip(errors, fixes, strict=True))


def refused(done: subprocess.CompletedProcess) -> dict[str, str]:
    """The errors of a command that blames the user's input."""
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    return said(done)


def make_project(root: Path, config: str, **files: str) -> Path:
    """A project with these files under data; two underscores part folders, stem and ending."""
    (root / "data").mkdir(parents=True)
    (root / "rungwise.toml").write_text(config, encoding="utf-8")
    for name, text in files.items():
        *folders, stem, ending = name.split("__")
        file = root.joinpath("data", *folders, f"{stem}.{ending}")
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return root
