"""Preference pairs as other trainers take them, a line a pair, in the rungs' own prompt."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple


class PairRow(NamedTuple):
    """One pair as the rung `preference` renders it. Untrusted text."""

    system: str
    user: str
    chosen: str
    rejected: str


class PairFormat(NamedTuple):
    """How a pair is written, and read again."""

    title: str
    """Who takes it, in words."""
    line: Callable[[PairRow], Mapping[str, Any]]
    row: Callable[[Mapping[str, Any]], PairRow]

    def write(self, rows: Sequence[PairRow]) -> bytes:
        """One JSON object a line."""
        lines = (json.dumps(self.line(row), ensure_ascii=False) + "\n" for row in rows)
        return "".join(lines).encode()

    def read(self, raw: bytes) -> list[PairRow]:
        """Pairs of such a file."""
        return [self.row(json.loads(line)) for line in raw.decode().split("\n")[:-1]]


def _asked(row: PairRow) -> list[dict[str, str]]:
    return [{"role": "system", "content": row.system}, {"role": "user", "content": row.user}]


def _said(text: str) -> list[dict[str, str]]:
    return [{"role": "assistant", "content": text}]


def _trl(row: PairRow) -> dict[str, Any]:
    answers = {"chosen": _said(row.chosen), "rejected": _said(row.rejected)}
    return {"prompt": _asked(row), **answers}


def _from_trl(line: Mapping[str, Any]) -> PairRow:
    system, user = line["prompt"]
    chosen, rejected = line["chosen"][0], line["rejected"][0]
    return PairRow(system["content"], user["content"], chosen["content"], rejected["content"])


def _openai(row: PairRow) -> dict[str, Any]:
    return {
        "input": {"messages": _asked(row)},
        "preferred_output": _said(row.chosen),
        "non_preferred_output": _said(row.rejected),
    }


def _from_openai(line: Mapping[str, Any]) -> PairRow:
    system, user = line["input"]["messages"]
    chosen, rejected = line["preferred_output"][0], line["non_preferred_output"][0]
    return PairRow(system["content"], user["content"], chosen["content"], rejected["content"])


PAIR_FORMATS: Mapping[str, PairFormat] = {
    "trl_dpo": PairFormat("TRL's DPOTrainer", _trl, _from_trl),
    "openai_dpo": PairFormat("OpenAI's fine-tuning on preferences", _openai, _from_openai),
}
