"""Well-known record layouts, unpacked to flat columns.

Field names as documented by the projects that use them: Alpaca (instruction, input, output), chat
messages (role, content), ShareGPT conversations (from, value), SQuAD (paragraphs, qas).
"""

from collections.abc import Iterator
from typing import Any

ASSISTANT = {"assistant", "gpt", "model", "bot"}
USER = {"user", "human"}


def unpack_records(record: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Flat records out of one; a record of no known layout comes back as it is."""
    turns = record.get("messages") or record.get("conversations")
    if isinstance(turns, list):
        yield _chat(record, turns)
    elif isinstance(record.get("paragraphs"), list):
        yield from _squad(record)
    elif "instruction" in record and record.get("output") is not None:
        yield _alpaca(record)
    elif isinstance(record.get("answers"), dict) and "text" in record["answers"]:
        yield {**record, "answers": _distinct(record["answers"]["text"])}  # SQuAD's flat form
    else:
        yield record


def _chat(record: dict[str, Any], turns: list[Any]) -> dict[str, Any]:
    """The last question and its answer; earlier turns are put before the question."""
    rows = [
        (str(turn.get("role") or turn.get("from") or ""), turn.get("content", turn.get("value")))
        for turn in turns
        if isinstance(turn, dict)
    ]
    said = [(role, text) for role, text in rows if isinstance(text, str)]
    rest = {k: v for k, v in record.items() if k not in ("messages", "conversations")}
    if not said or said[-1][0] not in ASSISTANT:
        return {**rest, "question": "", "answer": None}
    earlier = [text for role, text in said[:-1] if role in USER or role in ASSISTANT]
    return {**rest, "question": "\n".join(earlier), "answer": said[-1][1]}


def _alpaca(record: dict[str, Any]) -> dict[str, Any]:
    """Instruction and input joined, as the format's own prompt does."""
    parts = [str(record["instruction"]), str(record.get("input") or "")]
    rest = {k: v for k, v in record.items() if k not in ("instruction", "input", "output")}
    question = "\n".join(part for part in parts if part.strip())
    return {**rest, "question": question, "answer": record["output"]}


def _squad(record: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """One record a question; an impossible question has no answers."""
    for paragraph in record["paragraphs"]:
        for asked in paragraph.get("qas", ()):
            answers = [answer.get("text", "") for answer in asked.get("answers", ())]
            yield {
                "id": asked.get("id"),
                "question": asked.get("question", ""),
                "answers": [] if asked.get("is_impossible") else _distinct(answers),
                "context": paragraph.get("context", ""),
                "doc": record.get("title", ""),
            }


def _distinct(texts: Any) -> list[str]:
    return list(dict.fromkeys(str(text) for text in texts if str(text).strip()))
