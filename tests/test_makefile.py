"""What `make` says where it cannot begin."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

MAKEFILE = Path(__file__).parents[1] / "Makefile"


@pytest.mark.skipif(not shutil.which("make"), reason="make is not here")
def test_a_python_that_cannot_make_environments_is_an_error_with_a_fix_and_leaves_nothing(
    tmp_path,
):
    python = tmp_path / "python"  # as Debian's is without python3-venv
    refusing = f'case "$2" in *ensurepip*) exit 1;; esac\nexec "{sys.executable}" "$@"\n'
    python.write_text(f"#!/bin/sh\n{refusing}", encoding="utf-8")
    python.chmod(0o755)
    command = [
        "make",
        "--no-print-directory",
        "-f",
        MAKEFILE,
        ".venv/bin/python",
        f"PYTHON={python}",
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    error, fix = done.stdout.splitlines()
    assert error == f"error: {python} cannot make environments: its venv module is not whole"
    assert "apt install python3-venv" in fix
    assert not (tmp_path / ".venv").exists()
