"""Prompt and completion, both as chat messages, as TRL's trainer takes them.

With this shape the loss is on the completion only, as in the rungs' own training.
"""

import json
from collections.abc import Sequence

from advisor.training_format import Row, TrainingFormat


def write(rows: Sequence[Row]) -> bytes:
    """One JSON object a line: ``{"prompt": [system, user], "completion": [assistant]}``."""
    lines = [
        {
            "prompt": [
                {"role": "system", "content": row.system},
                {"role": "user", "content": row.user},
            ],
            "completion": [{"role": "assistant", "content": row.answer}],
        }
        for row in rows
    ]
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode()


def read(raw: bytes) -> list[Row]:
    """Rows of such a file."""
    rows = []
    for line in raw.decode().split("\n")[:-1]:
        one = json.loads(line)
        system, user = one["prompt"]
        rows.append(Row(system["content"], user["content"], one["completion"][0]["content"]))
    return rows


TRAINING_FORMAT = TrainingFormat(
    "trl", "TRL's SFTTrainer (prompt and completion)", ".jsonl", "application/jsonl", write, read
)
