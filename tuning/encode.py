"""Chat messages to token ids, the same way for training and for answering.

The most common defect of fine-tuned models is a rendering that differs between the two. Here one
function renders prompts for both, and the completion's ids are what the same chat template adds
when the assistant's turn is appended.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from tuning.errors import TuningError

CHAT_ENDS: Final = (
    "<|im_end|>", "<|eot_id|>", "<end_of_turn>", "<|end|>", "<|endoftext|>", "</s>",
)  # fmt: skip
"""Markers with which the usual chat templates end a turn."""


class Encoded(NamedTuple):
    """One training row."""

    prompt: list[int]
    """Ids that are read but not learned."""
    completion: list[int]
    """Ids that are learned, the end-of-turn token included."""


def encode_prompt(tokenizer: Any, messages: Sequence[Mapping[str, str]]) -> list[int]:
    """Ids of a conversation up to the point where the assistant speaks.

    Args:
        tokenizer: a transformers tokenizer with a chat template.
        messages: ``{"role": ..., "content": ...}`` in order; the last one is the user's.

    Raises:
        TuningError: the tokenizer has no chat template, or the template refuses the messages.
    """
    if not tokenizer.chat_template:
        raise TuningError(
            "the model's tokenizer has no chat template",
            "choose an instruction-tuned model (its name usually ends in Instruct or Chat)",
        )
    return _rendered(tokenizer, messages, assistant_next=True)


def encode_example(
    tokenizer: Any, messages: Sequence[Mapping[str, str]], completion: str
) -> Encoded:
    """Prompt ids and completion ids of one training row.

    The completion ends with the first end-of-turn token: whatever a template adds after it (a
    newline, in many) is never generated and so must not be learned.

    Raises:
        TuningError: the chat template renders the prompt differently once an answer follows, so
            that training and answering would not see the same text, or leaves the answer out; or
            no token ends an answer.
    """
    prompt = encode_prompt(tokenizer, messages)
    turn = {"role": "assistant", "content": completion}
    whole = _rendered(tokenizer, [*messages, turn], assistant_next=False)
    if whole[: len(prompt)] != prompt:
        raise TuningError(
            "this model's chat template renders a prompt differently once an answer follows",
            "use a model whose template only appends, or fix its chat_template.jinja",
        )
    learned = whole[len(prompt) :]
    said = tokenizer.decode(learned, skip_special_tokens=True).strip()
    # an answer may be nothing but a special token's letters
    if completion.strip() and not said and completion.strip() not in tokenizer.decode(learned):
        raise TuningError(
            "this model's chat template leaves out the assistant's answer",
            "use a model whose template renders every turn, or fix its chat_template.jinja",
        )
    stops = stop_ids(tokenizer)
    for at, token in enumerate(learned):
        if token in stops:
            return Encoded(prompt, learned[: at + 1])
    if tokenizer.eos_token_id is None:
        raise TuningError(
            "the model's tokenizer names no token that ends an answer",
            "set eos_token in its tokenizer_config.json",
        )
    return Encoded(prompt, [*learned, int(tokenizer.eos_token_id)])


def _rendered(
    tokenizer: Any, messages: Sequence[Mapping[str, str]], *, assistant_next: bool
) -> list[int]:
    from jinja2 import TemplateError

    try:
        ids = tokenizer.apply_chat_template(
            list(messages), add_generation_prompt=assistant_next, tokenize=True, return_dict=False
        )
    except TemplateError as error:  # many templates raise on a system prompt, for instance
        raise TuningError(
            f"the model's chat template refuses the conversation: {error}",
            "choose a model whose template takes a system prompt and turns in this order",
        ) from error
    return [int(token) for token in ids]


def stop_ids(tokenizer: Any) -> frozenset[int]:
    """Ids that end the assistant's turn: the tokenizer's own and those of `CHAT_ENDS` it has."""
    found: set[int] = set()
    for marker in CHAT_ENDS:
        # not get_vocab: it copies the whole vocabulary, and every row to learn from asks
        token = tokenizer.convert_tokens_to_ids(marker)
        # a marker that it does not have is given the id of its unknown token, or None
        if token is not None and tokenizer.convert_ids_to_tokens(token) == marker:
            found.add(int(token))
    if tokenizer.eos_token_id is not None:
        found.add(int(tokenizer.eos_token_id))
    return frozenset(found)
