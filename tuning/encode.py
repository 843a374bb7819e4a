"""Chat messages to token ids, the same way for training and for answering.

The most common defect of fine-tuned models is a rendering that differs between the two. Here one
function renders prompts for both, and the completion's ids are what the same chat template adds
when the assistant's turn is appended. Where a template does not merely append, or does something to
the answer, the answer's own letters follow the prompt as answering sees it.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple
from weakref import WeakKeyDictionary

from tuning.errors import TuningError

CHAT_ENDS: Final = (
    "<|im_end|>", "<|eot_id|>", "<end_of_turn>", "<|end|>", "<|endoftext|>", "</s>",
)  # fmt: skip
"""Markers with which the usual chat templates end a turn."""

NO_THINKING: Final = {"enable_thinking": False}
"""What every template is told. Models that can think aloud first (Qwen3, SmolLM3) would else do so
in each answer, and be cut off before they come to it; templates without the switch pass it over."""

_SYSTEM, _ASKED, _SAID = (f"This stands for {one}." for one in ("a system", "a question", "words"))

_ROOM: WeakKeyDictionary[Any, tuple[Any, bool]] = WeakKeyDictionary()
"""Of each tokenizer its template, and whether that has room for a system message."""


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
    newline, in many) is never generated and so must not be learned. Marks of a template within the
    answer are learned as the letters they are written with.

    Raises:
        TuningError: the template refuses the messages or leaves the answer out; or no token ends
            an answer.
    """
    prompt, stops = encode_prompt(tokenizer, messages), stop_ids(tokenizer)
    whole = _answered(tokenizer, messages, completion)
    # not so where the system prompt stands with the last question only (Mistral), or a thought
    # that answering begins with is taken out again
    if whole[: len(prompt)] == prompt:
        learned = _to_the_end(tokenizer, whole[len(prompt) :], stops)
        # anything more, as an empty thought, would be said before each answer; anything less is
        # an answer with a mark in it, which ends the turn there or is not said
        if _text(tokenizer, learned).strip() == completion.strip():
            return Encoded(prompt, learned)
    letters = _letters(tokenizer, completion, stops)
    return Encoded(prompt, [*letters, _end_of_turn(tokenizer, messages, stops)])


def conversation(
    tokenizer: Any, messages: Sequence[Mapping[str, str]]
) -> Sequence[Mapping[str, str]]:
    """Messages as the tokenizer's template takes them.

    Where it has no room for a system message, that stands above the first question, an empty line
    between them.
    """
    if len(messages) < 2 or messages[0]["role"] != "system" or takes_system(tokenizer):
        return messages
    system, first, *rest = messages
    said = "\n\n".join(filter(None, (system["content"], first["content"])))
    return [{**first, "content": said}, *rest]


def takes_system(tokenizer: Any) -> bool:
    """Whether a tokenizer's template has room for a system message.

    Some refuse it (Gemma 2), others leave it out without a word. Found out once a template, so that
    every prompt is made in the same way.
    """
    template = tokenizer.chat_template
    found = _ROOM.get(tokenizer)
    if found is None or found[0] != template:
        found = _ROOM[tokenizer] = template, _has_room(tokenizer)
    return found[1]


def _has_room(tokenizer: Any) -> bool:
    from jinja2 import TemplateError

    asked = [{"role": "system", "content": _SYSTEM}, {"role": "user", "content": _ASKED}]
    for messages in (asked, asked[1:]):
        try:
            return _SYSTEM in _rendering(tokenizer, messages, tokenize=False)
        except TemplateError:
            continue
    return True  # it refuses more than that, as the conversation itself will tell


def _rendering(
    tokenizer: Any,
    messages: Sequence[Mapping[str, str]],
    *,
    assistant_next: bool = True,
    tokenize: bool = True,
) -> Any:
    return tokenizer.apply_chat_template(
        list(messages),
        add_generation_prompt=assistant_next,
        tokenize=tokenize,
        return_dict=False,
        **NO_THINKING,
    )


def _rendered(
    tokenizer: Any, messages: Sequence[Mapping[str, str]], *, assistant_next: bool
) -> list[int]:
    from jinja2 import TemplateError

    try:
        taken = conversation(tokenizer, messages)
        ids = _rendering(tokenizer, taken, assistant_next=assistant_next)
    except TemplateError as error:
        raise TuningError(
            f"the model's chat template refuses the conversation: {error}",
            "choose a model whose template takes turns in this order",
        ) from error
    return [int(token) for token in ids]


def _answered(tokenizer: Any, messages: Sequence[Mapping[str, str]], said: str) -> list[int]:
    turn = {"role": "assistant", "content": said}
    return _rendered(tokenizer, [*messages, turn], assistant_next=False)


def _to_the_end(tokenizer: Any, ids: list[int], stops: frozenset[int]) -> list[int]:
    """Ids up to the first that ends an answer; the tokenizer's own end after them if none does."""
    for at, token in enumerate(ids):
        if token in stops:
            return ids[: at + 1]
    if tokenizer.eos_token_id is None:
        raise TuningError(
            "the model's tokenizer names no token that ends an answer",
            "set eos_token in its tokenizer_config.json",
        )
    return [*ids, int(tokenizer.eos_token_id)]


def _end_of_turn(
    tokenizer: Any, messages: Sequence[Mapping[str, str]], stops: frozenset[int]
) -> int:
    """The id that ends an answer to these messages, read off an answer that the template keeps."""
    whole = _answered(tokenizer, messages, _SAID)
    if _SAID not in tokenizer.decode(whole):
        raise TuningError(
            "this model's chat template leaves out the assistant's answer",
            "use a model whose template renders every turn, or fix its chat_template.jinja",
        )
    # from behind: questions end with the same token
    ends = range(len(whole), -1, -1)
    own = next(whole[at:] for at in ends if _SAID in tokenizer.decode(whole[at:]))
    return _to_the_end(tokenizer, own, stops)[-1]


def _letters(tokenizer: Any, text: str, stops: frozenset[int]) -> list[int]:
    """Ids of a text in which no mark is taken for the token that it names."""
    split = {"add_special_tokens": False, "split_special_tokens": True}
    ids: list[int] = tokenizer(text, **split)["input_ids"]
    bare = getattr(tokenizer, "backend_tokenizer", None)
    if stops.isdisjoint(ids) or bare is None:
        return ids
    # ends that the tokenizer does not call special, as </s> of Phi-3: past all that were added
    if bare.normalizer is not None:
        text = bare.normalizer.normalize_str(text)
    split_up = bare.pre_tokenizer and bare.pre_tokenizer.pre_tokenize_str(text)
    pieces = [piece for piece, _ in split_up] if split_up else [text]
    return [token.id for piece in pieces for token in bare.model.tokenize(piece)]


def _text(tokenizer: Any, ids: list[int]) -> str:
    return str(tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False))


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
