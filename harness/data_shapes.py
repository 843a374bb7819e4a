"""Well-known record layouts, unpacked to flat columns.

Field names as documented by the projects that use them: Alpaca (instruction, input, output), chat
messages (role, content), ShareGPT conversations (from, value), SQuAD (paragraphs, qas), preference
pairs (chosen, rejected).

What such a row tells the model to do, a system message or Alpaca's instruction to an input, stands
before its question. Where it is the same in all rows it belongs into the system prompt instead;
that cannot be told from one row, so both halves also come in columns of their own.

A question that is one turn stands as it is. Of several turns each is labelled with who speaks, for
a reader that is not told takes what it said itself for what it is asked.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from harness.data_turns import ASSISTANT, SYSTEM, USER, Turn, labelled, turns_of

ALONE, BEFORE = "question alone", "instruction before it"
"""Columns of the two halves of a question with an instruction."""


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
    """The last question and its answer; a system message and earlier turns stand before it."""
    said = turns_of(turns)
    rest = {k: v for k, v in record.items() if k not in (*CHAT_COLUMNS, "system")}
    # without an answer "", not None, which would stand for a question that has none
    answer = said.pop().text if said and said[-1].role == ASSISTANT else ""
    told = [record.get("system"), *(turn.text for turn in said if turn.role == SYSTEM)]
    asked = labelled([turn for turn in said if turn.role != SYSTEM])
    return {**rest, **_question(told, [asked]), "answer": answer}


def _question(told: Sequence[Any], asked: Sequence[Any]) -> dict[str, str]:
    """What stands before a question, and the question, joined; and each alone if both are there."""
    texts = [[str(text or "") for text in half] for half in (told, asked)]
    before, alone = ("\n".join(text for text in half if text.strip()) for half in texts)
    if not (before and alone):
        return {"question": before or alone}
    return {"question": f"{before}\n{alone}", ALONE: alone, BEFORE: before}


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
    above = {"system": record.get("system")}
    # a side that is missing, or plain text beside a list of turns, is told of as a missing one
    turns = ([said] if isinstance(said, dict) else said for said in (chosen, rejected))
    sides = [_chat(above, [*before, *(said if isinstance(said, list) else ())]) for said in turns]
    if sides[0]["question"] != sides[1]["question"]:
        raise TypeError("chosen and rejected differ before their last turn")
    used = ("prompt", "messages", "conversations", "system", "chosen", "rejected")
    rest = {k: v for k, v in record.items() if k not in used}
    answers = {"chosen": sides[0].pop("answer"), "rejected": sides[1]["answer"]}
    return {**rest, **sides[0], **answers}


def _alpaca(record: dict[str, Any]) -> dict[str, Any]:
    """Instruction and input joined, as the format's own prompt does; earlier turns before them.

    An instruction without an input is itself the question.
    """
    answer = "output" if "output" in record else "response"
    earlier = _history(record.get("history") or [])
    told, asked = [record.get("system")], [record["instruction"]]
    if str(record.get("input") or "").strip():
        # behind earlier turns an instruction is part of the conversation
        asked = [*asked, record["input"]] if earlier else [record["input"]]
        told += [] if earlier else [record["instruction"]]
    if earlier:
        last = "\n".join(str(text or "") for text in asked)
        asked = [labelled([*earlier, Turn(USER, last)])]
    used = ("instruction", "input", "history", "system", answer)
    rest = {k: v for k, v in record.items() if k not in used}
    return {**rest, **_question(told, asked), "answer": record[answer]}


def _history(rounds: Sequence[Any]) -> list[Turn]:
    """Earlier turns: rounds of a question and its answer, with or without a list around each."""
    said = [text for one in rounds for text in (one if isinstance(one, list) else [one])]
    return [Turn((USER, ASSISTANT)[at % 2], str(text or "")) for at, text in enumerate(said)]


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
