"""JSON out of a model's answer, with limits: the text is not trusted."""

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

MAX_CHARACTERS = 100_000


def parse_object(text: str) -> Any:
    """The JSON value that an answer consists of; None when it is not JSON.

    A Markdown code fence around the whole answer is taken off: chat models put it there, and every
    caller strips it. Anything else around the JSON makes it invalid, as it would be in production.
    """
    text = text.strip()
    if text.startswith("```") and text.endswith("```") and len(text) > 6:
        text = text[3:-3].removeprefix("json").strip()
    if len(text) > MAX_CHARACTERS:
        return None
    try:
        return json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        return None


def follows_schema(value: Any, schema: str) -> bool:
    """True when a JSON Schema (2020-12) accepts the value."""
    return bool(_validator(schema).is_valid(value))


@lru_cache(maxsize=4)
def _validator(schema: str) -> Any:
    import jsonschema

    return jsonschema.Draft202012Validator(json.loads(schema or "{}"))


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """(path, value) of every leaf; list positions are left out, text is compared case-folded.

    Empty lists and objects are leaves too, so that leaving something out differs from nothing.
    """
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from leaves(inner, f"{path}/{key}")
    elif isinstance(value, list) and value:
        for inner in value:
            yield from leaves(inner, f"{path}[]")
    elif isinstance(value, str):
        yield path, json.dumps(" ".join(value.casefold().split()))
    else:
        yield path, json.dumps(value)
