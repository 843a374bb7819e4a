"""Instruction, input and output, as Stanford Alpaca's file has them.

Programs that join instruction and input into one message train another layout than the rungs use;
where the layout has to stay the same, take one of the chat formats.
"""

import json
from collections.abc import Sequence

from advisor.training_format import Row, TrainingFormat

KEYS = ("instruction", "input", "output")


def write(rows: Sequence[Row]) -> bytes:
    """One JSON list; the system prompt is the instruction, the question the input."""
    listed = [dict(zip(KEYS, row, strict=True)) for row in rows]
    return (json.dumps(listed, ensure_ascii=False, indent=1) + "\n").encode()


def read(raw: bytes) -> list[Row]:
    """Rows of such a file."""
    return [Row(*(one[key] for key in KEYS)) for one in json.loads(raw)]


TRAINING_FORMAT = TrainingFormat(
    "alpaca", "programs that take Alpaca's file", ".json", "application/json", write, read
)
