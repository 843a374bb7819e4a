"""What a result was made with: versions, machine, commit."""

import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = (
    "rungwise", "torch", "transformers", "peft", "sentence-transformers", "faiss-cpu",
    "scikit-learn", "scipy", "numpy", "llguidance",
)  # fmt: skip


def environment() -> dict[str, str]:
    """Names to versions; what is not installed says so."""
    found = {"python": platform.python_version(), "system": platform.platform(terse=True)}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    commit = _commit()
    return {**found, "commit": commit} if commit else found


def _commit() -> str:
    """Commit of the checkout this code runs from; empty outside one."""
    try:
        done = subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            timeout=5,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
