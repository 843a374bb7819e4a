"""Turns of a conversation: who speaks, and what is said, as chat messages spell it.

Messages of OpenAI (role, content) and of ShareGPT (from, value). What is no text, and who is
nobody's known name, is told and not passed over: the question would be another one without it.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from harness.errors import Problem, UserError

USER, ASSISTANT, SYSTEM, TOOL = "User", "Assistant", "System", "Tool"
ROLES: Final = {
    USER: ("user", "human"),
    ASSISTANT: ("assistant", "gpt", "chatgpt", "model", "bot", "ai"),
    SYSTEM: ("system", "developer"),
    TOOL: ("tool", "function", "observation", "ipython"),
}
"""Names that the field's data sets give them. What a tool says is its result."""
CALLS: Final = ("function_call", "tool_call")
"""Turns that only call a tool: passed over, for its result says what came of it."""
TEXTS: Final = ("text", "input_text", "output_text")
"""Types of parts that hold text."""
SHOWN: Final = 40
"""Characters of a role or a type that is not known."""
_ROLE = {name: role for role, names in ROLES.items() for name in names}


class Turn(NamedTuple):
    """What one side says."""

    role: str
    """`USER`, `ASSISTANT`, `SYSTEM` or `TOOL`."""
    text: str


def turns_of(messages: Sequence[Any]) -> list[Turn]:
    """Chat messages as turns; those without a text are none, such as a call of a tool.

    Raises:
        UserError: all that is no text, and all roles that are not known.
    """
    turns: list[Turn] = []
    problems: list[Problem] = []
    for number, message in enumerate(messages, 1):
        if not isinstance(message, dict):
            fix = 'write {"role": "user", "content": "…"}'
            problems.append(Problem(f"turn {number} is no message", fix))
            break  # a list of words has hundreds
        name = str(message.get("role") or message.get("from") or "")
        role = _ROLE.get(name.strip().lower())
        if role is None and name not in CALLS:
            what = f"has the unknown role {name[:SHOWN]!r}" if name else "has no role"
            known = ", ".join(names[0] for names in ROLES.values())
            problems.append(Problem(f"turn {number} {what}", f"name it one of {known}"))
        content = message.get("content", message.get("value"))
        problems += [Problem(f"turn {number} {what}", fix) for what, fix in _no_text(content)]
        if role and content is not None:
            turns.append(Turn(role, _text(content)))
    if problems:
        raise UserError(*problems)
    return turns


def _no_text(content: Any) -> Iterator[tuple[str, str]]:
    """What of a message's content is no text, and what to do about it."""
    fix = "write in words what it holds, or leave the row out"
    if content is None or isinstance(content, str):
        return
    if not isinstance(content, list):
        yield "has a content that is no text", fix
        return
    for part in content:
        if not _is_text(part):
            kind = str(part.get("type") or "")[:SHOWN] if isinstance(part, dict) else ""
            named = f" of type {kind!r}" if kind else ""
            yield f"has a part{named} that is no text", fix


def _is_text(part: Any) -> bool:
    if isinstance(part, str):
        return True
    if not isinstance(part, dict) or not isinstance(part.get("text"), str):
        return False
    return part.get("type", "text") in TEXTS


def _text(content: Any) -> str:
    """A text, or the texts of its parts, each on a line of its own."""
    if not isinstance(content, list):
        return str(content)
    parts = (part if isinstance(part, str) else part["text"] for part in content if _is_text(part))
    return "\n".join(parts)


def labelled(turns: Sequence[Turn]) -> str:
    """One turn as it stands; several in their order, each behind who speaks. Empty ones fall away.

    A lone turn that is not the user's is labelled as well: it is no question.
    """
    said = [turn for turn in turns if turn.text.strip()]
    if len(said) == 1 and said[0].role == USER:
        return said[0].text
    return "\n".join(f"{turn.role}: {turn.text}" for turn in said)
