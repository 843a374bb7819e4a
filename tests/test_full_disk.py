"""A disk that is really full: said with a way out, whatever a library calls that."""

import subprocess
import sys

import pytest

from tests.command import importable, said
from tests.harness.test_models import write_gguf
from tests.small_disk import LACKING, own_mounts

ON_A_SMALL_DISK = """
mount -t tmpfs -o size=40k tmpfs "$1" || exit 99
exec "$2" "$3/inside.py" "$1" "$3"
"""
"""The mount is seen by this shell alone and gone with it."""

INSIDE = """
import os, sys
from pathlib import Path

disk, given = map(Path, sys.argv[1:])
os.environ["RUNGWISE_CACHE"] = str(disk / "cache")
sys.path.insert(0, str(given))

from advisor.cli import main
from advisor.settings_file import change
from harness.errors import JobError
from harness.models import EMBEDDED
from tests.harness.test_models import entry

EMBEDDED["tiny"] = entry(given / "tiny_package" / "tiny.gguf")
(disk / "rungwise.toml").write_text("[check]\\nseeds = 1\\n")
status = main(["models", "pull", "tiny"])
with (disk / "filler").open("wb", buffering=0) as filler:
    try:
        while filler.write(b"0" * 512):
            pass
    except OSError:
        pass
try:
    change(disk, {("check", "note"): "long " * 2000})
except JobError as error:
    print(error.problems[0].message)
print((disk / "rungwise.toml").read_text() == "[check]\\nseeds = 1\\n")
print(sorted(file.name for file in disk.iterdir()))
sys.exit(status)
"""


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """An embedded model unpacked, and a setting changed, on a disk without room for either."""
    given = tmp_path_factory.mktemp("disk")
    (given / "tiny_package").mkdir()
    (given / "tiny_package" / "__init__.py").touch()
    write_gguf(given / "tiny_package" / "tiny.gguf")
    (given / "inside.py").write_text(INSIDE, encoding="utf-8")
    (given / "small").mkdir()
    if not own_mounts():
        pytest.skip(LACKING)
    shell = [*own_mounts(), "sh", "-c", ON_A_SMALL_DISK, "sh"]
    command = [*shell, str(given / "small"), sys.executable, str(given)]
    return subprocess.run(command, env=importable(), capture_output=True, text=True, check=False)


def test_a_model_that_finds_no_room_to_be_unpacked_is_an_error_with_a_fix(done):
    assert done.returncode == 1
    ((error, fix),) = said(done).items()
    assert error.endswith("cannot write (No space left on device)")
    assert fix.startswith("free disk space")


def test_a_setting_that_finds_no_room_leaves_the_file_as_it_was(done):
    message, same, names = done.stdout.splitlines()
    assert message == "cannot write (No space left on device)" and same == "True"
    assert names == str(["cache", "filler", "rungwise.toml"])
