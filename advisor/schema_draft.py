"""A JSON Schema to start from, read off example objects; the user makes it stricter."""

from collections.abc import Mapping, Sequence
from typing import Any

from harness.types import Json

_TYPES: Mapping[type, str] = {
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
    type(None): "null",
}


def draft_schema(objects: Sequence[Mapping[str, Any]]) -> dict[str, Json]:
    """What all of them have in common: the keys, their types, which are always there.

    Every one of the objects is valid under the result, and none has a key that it does not list.
    """
    seen: dict[str, list[Any]] = {}
    for one in objects:
        for key, value in one.items():
            seen.setdefault(key, []).append(value)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {key: _values(values) for key, values in seen.items()},
        "required": [key for key, values in seen.items() if len(values) == len(objects)],
        "additionalProperties": False,
    }


def _values(values: Sequence[Any]) -> Json:
    types = list(dict.fromkeys(_TYPES[type(value)] for value in values))
    if {"integer", "number"} <= set(types):
        types.remove("integer")  # every integer is a number
    return {"type": types[0] if len(types) == 1 else list(types)}
