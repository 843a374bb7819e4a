"""The one place that turns (task, question, passages, demonstrations) into chat messages.

Every rung, in training and in answering, goes through `render`: same system prompt, same layout.
"""

import hashlib
import re
from collections.abc import Sequence
from typing import NamedTuple

from harness.manner import sentences_of
from harness.text import tokens
from harness.types import Context, Example, TaskSpec

LAST, FIRST = "closest last", "closest first"
HINT = "closest last, with its most fitting sentence above all"
LAYOUTS = (LAST, HINT, FIRST)
"""How passages may stand before a question; the first needs no reason."""

APART = "\u200b"
"""A zero-width space, which breaks a mark up."""


def _marks(broken_by: str) -> re.Pattern[str]:
    behind = r"\|[\w ]{1,40}\|>|/?(?:start|end)_of_turn>|/?s>"
    return re.compile(rf"<{broken_by}(?={behind})|\[{broken_by}(?=/?INST\])")


MARKER, BROKEN = _marks(""), _marks(APART)
"""Where a mark of a chat template begins, ChatML and Llama 3, Gemma, Mistral; and a broken one."""


class Demonstration(NamedTuple):
    """A worked example shown before the question."""

    question: str
    answer: str


class Prompt(NamedTuple):
    """What is put before the model."""

    system: str
    turns: tuple[Demonstration, ...]
    user: str

    def messages(self) -> list[dict[str, str]]:
        """As chat messages; the system prompt is always given, so no template adds its own."""
        rows = [("system", self.system)]
        for question, answer in self.turns:
            rows += [("user", question), ("assistant", answer)]
        rows.append(("user", self.user))
        return [{"role": role, "content": unmarked(text)} for role, text in rows]


def unmarked(text: str) -> str:
    """A text in which no mark of a chat template is whole.

    Tokenisers read such a mark as a control token wherever it stands: a document with a few of them
    in it could end the user's turn and speak as the system. A zero-width space after the first
    letter keeps the text legible and leaves the mark mere letters.
    """
    return MARKER.sub(lambda found: f"{found[0]}{APART}", text)


def marked_again(text: str) -> str:
    """A model's answer as it was meant: marks that it copied from what it read are whole again.

    Nobody sees the space that breaks them up, and no reference holds it.
    """
    return BROKEN.sub(lambda found: found[0].removesuffix(APART), text)


ONE_LABEL = "Answer with exactly one of these labels and nothing else:"


def system_prompt(spec: TaskSpec) -> str:
    """The instruction made explicit for the kind of task; the same text for every rung.

    Only a prompt search (`harness.instructions`) writes another one, for its own rung.
    """
    return "\n".join(system_parts(spec).values())


def system_parts(spec: TaskSpec) -> dict[str, str]:
    """What the system prompt is made of, in its order: instruction, form, meaning, abstention."""
    parts = {"instruction": spec.instruction.strip()}
    if spec.kind == "label":
        parts["form"] = "\n".join((ONE_LABEL, *spec.labels))
        if spec.descriptions:
            meant = (f"{label}: {words}" for label, words in spec.descriptions)
            parts["meaning"] = "\n".join(("What they mean:", *meant))
    elif spec.kind == "json":
        parts["form"] = (
            "Answer with one JSON object that follows this JSON Schema and nothing else:\n"
            f"{spec.schema}"
        )
    if spec.abstention:
        parts["abstention"] = f"If the answer is not known, reply: {spec.abstention}"
    return parts


def rendering(spec: TaskSpec) -> str:
    """Check sum of everything that `render` adds to a question, by one of each kind."""
    shown = Demonstration("An earlier question", "Its answer")
    read = Context("A source", "A passage.", 1.0, "A title")
    messages = render(spec, "A question", (read,), (shown,)).messages()
    return hashlib.sha256(repr(messages).encode()).hexdigest()[:16]


def render(
    spec: TaskSpec,
    question: str,
    contexts: Sequence[Context] = (),
    demonstrations: Sequence[Demonstration] = (),
    layout: str = LAST,
) -> Prompt:
    """The prompt for one question.

    Passages go before the question, the closest one last: small readers use what stands nearest
    to the question best. A rung that reads may choose another layout on dev.
    """
    user = with_passages(question, contexts, layout, spec.language)
    return Prompt(system_prompt(spec), tuple(demonstrations), user)


def with_passages(
    question: str, contexts: Sequence[Context], layout: str = LAST, language: str = "en"
) -> str:
    """A question below its passages, which come closest first and stand as the layout says."""
    if not contexts:
        return question
    return f"{above(question, contexts, layout, language)}\n\nQuestion: {question}"


def above(
    question: str, contexts: Sequence[Context], layout: str = LAST, language: str = "en"
) -> str:
    """What stands above a question: its passages as the layout says; empty without any."""
    ordered = contexts if layout == FIRST else reversed(contexts)
    parts = [passage(context) for context in ordered]
    if layout == HINT and contexts:
        parts.insert(0, f"Hint: {_hint(question, contexts[0].text, language)}")
    return "\n\n".join(parts)


def _hint(question: str, text: str, language: str) -> str:
    """The sentence that has most words in common with the question; the first of equals."""
    asked = set(tokens(question, language))
    found = sentences_of(text) or [" ".join(text.split())]
    return max(found, key=lambda sentence: len(asked & set(tokens(sentence, language))))


def passage(context: Context) -> str:
    """One passage as the reader sees it: where it comes from, then its text."""
    return f"[{context.title}]\n{context.text}" if context.title else context.text


def target(spec: TaskSpec, example: Example) -> str:
    """The answer a tuned model should learn to give: the first reference, or the abstention.

    Raises:
        ValueError: the example has no reference and the task has no abstention sentence; such
            rows are refused at import.
    """
    if example.references:
        return example.references[0]
    if not spec.abstention:
        raise ValueError(f"example {example.id} has no answer and the task has no abstention")
    return spec.abstention
