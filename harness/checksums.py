"""Check sums of weights, read once a file: gigabytes take a while."""

import contextlib
import hashlib
from pathlib import Path

import msgspec

from harness.disk import write_json
from harness.errors import JobError

KNOWN = "checksums.json"
"""File in the cache folder: what was read before, by path, size and times."""


def file_sha256(path: Path) -> str:
    """Checksum of a file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def folder_revision(folder: Path, cache: Path) -> str:
    """Short checksum of a model folder's config and weights.

    Args:
        folder: of a model.
        cache: folder in which check sums are kept.
    """
    files = sorted([folder / "config.json", *folder.glob("*.safetensors")])
    known = _known(cache)
    sums = {_mark(file): known.get(_mark(file)) or file_sha256(file) for file in files}
    if not sums.keys() <= known.keys():
        # a cache that cannot be written costs time and nothing else
        with contextlib.suppress(JobError):
            write_json(cache / KNOWN, {**known, **sums})
    digest = hashlib.sha256()
    for file, found in zip(files, sums.values(), strict=True):
        digest.update(file.name.encode())
        digest.update(found.encode())
    return digest.hexdigest()[:16]


def _mark(file: Path) -> str:
    """Of a file as it is now: another content has another one.

    The time of the last change of any kind is in it: copying tools set the other one back.
    """
    at = file.stat()
    return f"{file.resolve()} {at.st_size} {at.st_mtime_ns} {at.st_ctime_ns}"


def _known(cache: Path) -> dict[str, str]:
    try:
        return msgspec.json.decode((cache / KNOWN).read_bytes(), type=dict[str, str])
    except (OSError, msgspec.MsgspecError):
        return {}
