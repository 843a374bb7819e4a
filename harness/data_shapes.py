"""Well-known record layouts, unpacked to flat columns.

Field names as documented by the projects that use them: Alpaca (instruction, input, output), chat
messages (role, content), ShareGPT conversations (from, value), SQuAD (paragraphs, qas), preference
pairs (chosen, rejected).
"""

from collections.abc import Iterator
from typing import Any

ASSISTANT = {"assistant", "gpt", "model", "bot"}
USER = {"user", "human"}


def unpack_records(record: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Flat records out of one; a record of no known layout comes back as it is."""
    turns = _turns(record)
    if "chosen" in record and "rejected" in record:
        yield _pair(record)
    elif turns:
        yield _chat(record, turns)
    elif isinstance(record.get("paragraphs"), list):
        yield from _squad(record)
    elif "instruction" in record and ("output" in record or "response" in record):
        yield _alpaca(record)
    elif isinstance(record.get("answers"), dict) and "text" in record["answers"]:
        yield {**record, "answers": _distinct(record["answers"]["text"])}  # SQuAD's flat form
    else:
        yield record


CHAT_COLUMNS = ("messages", "conversations", "text", "prompt", "completion")
"""Where chat messages stand: all in one column, or the last one apart as ``completion``."""


def _turns(record: dict[str, Any]) -> list[Any]:
    """The messages of a chat record; none where its columns hold plain text."""
    for name in CHAT_COLUMNS[:-2]:
        if isinstance(record.get(name), list):
            return list(record[name])
    prompt, completion = record.get("prompt"), record.get("completion")
    if isinstance(prompt, list) and isinstance(completion, list):
        return [*prompt, *completion]
    return []


def _chat(record: dict[str, Any], turns: list[Any]) -> dict[str, Any]:
    """The last question and its answer; earlier turns are put before the question."""
    rows = [
        (str(turn.get("role") or turn.get("from") or ""), turn.get("content", turn.get("value")))
        for turn in turns
        if isinstance(turn, dict)
    ]
    said = [(role, text) for role, text in rows if isinstance(text, str)]
    rest = {k: v for k, v in record.items() if k not in CHAT_COLUMNS}
    # without an answer "", not None, which would stand for a question that has none
    answer = said.pop()[1] if said and said[-1][0] in ASSISTANT else ""
    earlier = [text for role, text in said if role in USER or role in ASSISTANT]
    return {**rest, "question": "\n".join(earlier), "answer": answer}


def _pair(record: dict[str, Any]) -> dict[str, Any]:
    """A preference pair; one of plain text stays as it is.

    Answers stand as a turn or a list of turns, behind their prompt or with the whole conversation
    in each (TRL), or as one turn beside a list of earlier ones (ShareGPT).
    """
    chosen, rejected = record["chosen"], record["rejected"]
    if isinstance(chosen, str) and isinstance(rejected, str):
        if "instruction" not in record:
            return record
        asked = _alpaca({**record, "output": ""})
        return {k: v for k, v in asked.items() if k not in ("answer", "output")}
    before = record.get("prompt") or record.get("messages") or record.get("conversations") or []
    before = before if isinstance(before, list) else [{"role": "user", "content": str(before)}]
    sides = [
        _chat({}, [*before, *(said if isinstance(said, list) else [said])])
        for said in (chosen, rejected)
    ]
    if sides[0]["question"] != sides[1]["question"]:
        raise TypeError("chosen and rejected differ before their last turn")
    used = ("prompt", "messages", "conversations", "chosen", "rejected")
    rest = {k: v for k, v in record.items() if k not in used}
    answers = {"chosen": sides[0]["answer"], "rejected": sides[1]["answer"]}
    return {**rest, "question": sides[0]["question"], **answers}


def _alpaca(record: dict[str, Any]) -> dict[str, Any]:
    """Earlier turns, instruction and input joined, as the format's own prompt does."""
    answer = "output" if "output" in record else "response"
    turns = record.get("history") or []
    earlier = [text for turn in turns for text in (turn if isinstance(turn, list) else [turn])]
    parts = [str(part or "") for part in (*earlier, record["instruction"], record.get("input"))]
    used = ("instruction", "input", "history", answer)
    rest = {k: v for k, v in record.items() if k not in used}
    question = "\n".join(part for part in parts if part.strip())
    return {**rest, "question": question, "answer": record[answer]}


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
