"""JSON out of a model's answer, with limits: the text is not trusted."""

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

MAX_CHARACTERS = 100_000


def parse_object(text: str) -> Any:
    """The JSON value that an answer consists of; None when it is not JSON.

    A Markdown code fence around the whole answer is taken off: chat models put it there, and every
    caller strips it. Anything else around the JSON makes it invalid, as it would be in production;
    so do NaN and Infinity, which Python reads and JSON does not have.
    """
    text = text.strip()
    if text.startswith("```") and text.endswith("```") and len(text) > 6:
        text = text[3:-3].removeprefix("json").strip()
    if len(text) > MAX_CHARACTERS:
        return None
    try:
        return json.loads(text, parse_constant=_not_json, parse_float=_number)
    except (ValueError, RecursionError):  # ValueError also for integers of thousands of digits
        return None


def canonical(value: Any) -> str:
    """Text that is equal for equal JSON values: unlike in Python, true is not 1."""
    return json.dumps(value, sort_keys=True)


def follows_schema(value: Any, schema: str) -> bool:
    """True when a JSON Schema (2020-12) accepts the value.

    False also where that cannot be said: the schema refers to a definition it does not have, or
    the value is nested beyond all measure.
    """
    import referencing.exceptions

    try:
        return bool(schema_validator(schema).is_valid(value))
    except (referencing.exceptions.Unresolvable, RecursionError):
        return False


@lru_cache(maxsize=4)
def schema_validator(schema: str) -> Any:
    """A `jsonschema` validator that fetches nothing, whatever the schema refers to."""
    import jsonschema
    import referencing

    whole = json.loads(schema or "{}")
    return jsonschema.Draft202012Validator(whole, registry=referencing.Registry())


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
    else:
        yield path, folded(value)


def folded(value: Any) -> str:
    """A value that is no object and no list as it is compared: text without case and spacing."""
    return json.dumps(" ".join(value.casefold().split()) if isinstance(value, str) else value)


def _not_json(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _number(text: str) -> int | float:
    """2.0 is the same JSON number as 2."""
    value = float(text)
    return int(value) if value.is_integer() else value
