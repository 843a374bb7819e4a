"""What stands before a text that is embedded: for many models questions and passages differ.

A model that was trained with such prompts and is asked without them finds less, and nothing says
so. Most of today's models bring them along; the usual ones of before do not, and are known by name.
"""

import json
import re
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

Role = Literal["query", "passage"]
QUERY: Final = "query"
PASSAGE: Final = "passage"
ROLES: Final[tuple[Role, ...]] = (QUERY, PASSAGE)

_PASSAGE_NAMES: Final = ("document", "passage", "corpus")
"""Under which a model may bring what stands before a passage, the first counts."""


class Prompts(NamedTuple):
    """What stands before each text; empty where nothing does."""

    query: str = ""
    passage: str = ""
    routed: bool = False
    """The model has other layers for questions than for passages."""

    def of(self, role: Role) -> str:
        """Before a text in this role."""
        return self.query if role == QUERY else self.passage

    @property
    def apart(self) -> bool:
        """Whether a text has another vector as a question than as a passage."""
        return self.routed or self.query != self.passage

    @property
    def told(self) -> str:
        """For a record of how vectors were made; empty where a text is taken as it is."""
        parts = (self.query, self.passage, "routed" if self.routed else "")
        return json.dumps(parts) if any(parts) else ""


_BY_NAME: Final = (
    # before the next one, whose names its own ones hold
    (re.compile(r"(?<![a-z0-9])e5-.*instruct"), Prompts(
        "Instruct: Given a web search query, retrieve relevant passages that answer the query\n"
        "Query: ")),
    (re.compile(r"(?<![a-z0-9])e5-"), Prompts("query: ", "passage: ")),
    (re.compile(r"(?<![a-z0-9])bge-(?:small|base|large)-en"),
        Prompts("Represent this sentence for searching relevant passages: ")),
    (re.compile(r"nomic-embed-text"), Prompts("search_query: ", "search_document: ")),
)  # fmt: skip
"""As their authors' cards ask for them: E5 (arXiv 2212.03533), BGE (2309.07597), Nomic
(2402.01613)."""


def prompts_of(folder: Path, name: str) -> Prompts:
    """What a model wants before its texts.

    Args:
        folder: the model's; need not be there.
        name: of the model, with or without its revision.
    """
    brought = read_object(folder / "config_sentence_transformers.json")
    routed = any("Router" in kind or "Asym" in kind for kind in _modules(folder))
    prompts = brought.get("prompts") or {}
    query = prompts.get("query") or ""
    passage = next((prompts[one] or "" for one in _PASSAGE_NAMES if one in prompts), "")
    if query or passage:
        return Prompts(query, passage, routed)
    always = prompts.get(brought.get("default_prompt_name") or "") or ""
    if always:
        return Prompts(always, always, routed)
    trained_as = read_object(folder / "config.json").get("_name_or_path") or ""
    called = (name.partition("@")[0], folder.name, str(trained_as))
    for one in called:
        for pattern, usual in _BY_NAME:
            if pattern.search(one.rstrip("/").rsplit("/", 1)[-1].lower()):
                return usual._replace(routed=routed)
    return Prompts(routed=routed)


def first_module(folder: Path) -> Path:
    """Folder of the part of a model that reads text."""
    modules = _read(folder / "modules.json")
    first = modules[0] if isinstance(modules, list) and modules else {}
    return folder / str(first.get("path") or "")


def read_object(file: Path) -> dict[str, Any]:
    """A JSON object; empty where there is none."""
    found = _read(file)
    return found if isinstance(found, dict) else {}


def _modules(folder: Path) -> list[str]:
    modules = _read(folder / "modules.json")
    return [str(one.get("type")) for one in modules] if isinstance(modules, list) else []


def _read(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
