"""JSON and JSON Lines as readable lines, one paragraph a record."""

import json
from collections.abc import Iterator
from typing import Final

from rag.reading.encoding import decode
from rag.reading.file import Extract, File, Loader, Page

_LINES: Final = (".jsonl", ".ndjson")
_LONGEST_PATH: Final = 10_000
"""Letters; it stands before every value below it."""


def recognises(file: File) -> bool:
    """Never: a text may begin with a brace, so only the name leads here."""
    return False


def read(file: File) -> Extract:
    """Read records; a value deep inside is named by its path, as in `address.city: Ankara`."""
    text = decode(file)
    records = _lines(file, text) if file.suffix in _LINES else _whole(file, text)
    paragraphs = ("\n".join(_render(record, "", file)) for record in records)
    return Extract((Page("\n\n".join(paragraph for paragraph in paragraphs if paragraph)),))


def _whole(file: File, text: str) -> list[object]:
    try:
        value = json.loads(text)
    except ValueError as error:
        if text.lstrip().startswith("{") and "\n" in text.strip():
            return _lines(file, text)  # JSON Lines under the name of JSON
        raise file.malformed(f"it is not JSON ({error})") from error
    return value if isinstance(value, list) else [value]


def _lines(file: File, text: str) -> list[object]:
    records = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                records.append(json.loads(line))
            except ValueError as error:
                raise file.malformed(f"line {number} is not JSON ({error})") from error
    return records


def _render(value: object, path: str, file: File) -> Iterator[str]:
    """Lines for a value; what is null or blank has none."""
    if len(path) > _LONGEST_PATH:
        raise file.error("too_large", "its names are too long", "shorten them, or nest them less")
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _render(inner, f"{path}.{key}" if path else str(key), file)
    elif isinstance(value, list):
        if any(isinstance(inner, dict | list) for inner in value):
            for number, inner in enumerate(value, 1):
                yield from _render(inner, f"{path} {number}".strip(), file)
        elif value:
            yield from _render(", ".join(_word(inner) for inner in value), path, file)
    elif value is not None and (word := _word(value).strip()):
        yield file.letters.take(f"{path}: {word}" if path else word)


def _word(value: object) -> str:
    """A string as it is; numbers, true and false as JSON writes them."""
    return value if isinstance(value, str) else json.dumps(value)


LOADER = Loader("JSON files", (".json", *_LINES), recognises, read)
