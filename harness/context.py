"""How many tokens a model takes in one go, told without opening it."""

from pathlib import Path
from typing import Any

from harness.disk import decode
from harness.errors import UserError
from harness.generators.endpoint import CONTEXT_TOKENS, PREFIX
from harness.models import EMBEDDED, local_folder, resolve


def context_of(name: str, project: Path, revision: str = "") -> int | None:
    """Tokens of prompt and answer together; None where that cannot be told.

    Args:
        name: as for `harness.models.resolve`.
        project: its folder.
        revision: the hub commit wanted.
    """
    if name.startswith(PREFIX):
        return CONTEXT_TOKENS
    if name in EMBEDDED:
        return EMBEDDED[name].context_tokens or None
    try:
        # a folder is not resolved: that reads all of its weights for their check sum
        found = local_folder(name, project) or resolve(name, "generator", revision=revision).folder
        config = decode((found / "config.json").read_bytes(), dict[str, Any], found)
    except (UserError, OSError):
        return None
    tokens = config.get("max_position_embeddings")
    return tokens if isinstance(tokens, int) else None
