"""Chat messages a line, as OpenAI's fine-tuning and most hosted services take them."""

import json
from collections.abc import Sequence

from advisor.training_format import Row, TrainingFormat

ROLES = ("system", "user", "assistant")


def write(rows: Sequence[Row]) -> bytes:
    """One JSON object a line: ``{"messages": [system, user, assistant]}``."""
    lines = [
        {"messages": [{"role": r, "content": text} for r, text in zip(ROLES, row, strict=True)]}
        for row in rows
    ]
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode()


def read(raw: bytes) -> list[Row]:
    """Rows of such a file."""
    rows = []
    for line in raw.decode().split("\n")[:-1]:
        said = {message["role"]: message["content"] for message in json.loads(line)["messages"]}
        rows.append(Row(*(said[role] for role in ROLES)))
    return rows


TRAINING_FORMAT = TrainingFormat(
    "openai", "OpenAI's fine-tuning (chat)", ".jsonl", "application/jsonl", write, read
)
