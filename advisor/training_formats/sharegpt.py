"""Conversations from human and gpt, a line each, as ShareGPT's files have them."""

import json
from collections.abc import Sequence

from advisor.training_format import Row, TrainingFormat

SPEAKERS = ("system", "human", "gpt")


def write(rows: Sequence[Row]) -> bytes:
    """One JSON object a line: ``{"conversations": [{"from": …, "value": …}, …]}``."""
    lines = [
        {
            "conversations": [
                {"from": s, "value": text} for s, text in zip(SPEAKERS, row, strict=True)
            ]
        }
        for row in rows
    ]
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode()


def read(raw: bytes) -> list[Row]:
    """Rows of such a file."""
    rows = []
    for line in raw.decode().split("\n")[:-1]:
        said = {one["from"]: one["value"] for one in json.loads(line)["conversations"]}
        rows.append(Row(*(said[speaker] for speaker in SPEAKERS)))
    return rows


TRAINING_FORMAT = TrainingFormat(
    "sharegpt", "programs that take ShareGPT's files", ".jsonl", "application/jsonl", write, read
)
