"""What the user decides about prompts, search and decoding, where dev would decide otherwise."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from harness.generators.endpoint import is_endpoint
from rag.retrievers import RETRIEVERS
from rag.widen import CONTEXTS

ON_DEV, ALWAYS, NEVER = "dev", "always", "never"
MOST_PASSAGES: Final = 50
FEWEST_WORDS, MOST_WORDS = 10, 1000
"""Of the longest passage."""
FEWEST_TOKENS: Final = 50
"""Of passages: with fewer not even a short one fits."""
MOST_EXAMPLES: Final = 50


@dataclass(frozen=True, slots=True)
class RetrievalSettings:
    """Section ``[retrieval]``; what is empty or 0 is chosen on dev."""

    retriever: str = ""
    passages: int = 0
    """Before each question."""
    passage_words: int = 0
    """Longest passage."""
    reranker: str = ""
    """A folder or hub id of a cross-encoder; empty: there is no second look at what is found."""
    reranker_revision: str = ""
    """The hub commit wanted; empty takes what is cached."""
    context: str = ""
    """What is shown of a passage found: itself, with its neighbours, or its section."""
    rerank: str = ON_DEV
    """Whether it is used only where dev is clearly better with it, or always."""
    context_tokens: int = 0
    """Most tokens of passages before a question, titles included; 0: what the model has room for
    beside the question, the worked examples and the answer."""


@dataclass(frozen=True, slots=True)
class PromptSettings:
    """Section ``[prompt]``."""

    examples: int = 0
    """Worked examples that few_shot shows and searched_prompt tries; 0: dev chooses the number."""
    proposer: str = ""
    """A stronger model's endpoint, which is asked for instructions to try; empty: none is.
    Its key, if any, is in a variable of its own: `harness.proposing.KEY`."""


@dataclass(frozen=True, slots=True)
class DecodingSettings:
    """Section ``[decoding]``."""

    constrained: str = ON_DEV
    """Whether rungs write allowed answers only. `prompt` is always free, `constrained` never."""
    answer_tokens: int = 0
    """Most tokens of an answer; 0: a quarter more than the longest training answer has."""


@dataclass(frozen=True, slots=True)
class Given:
    """The three together, as a plan keeps them."""

    retrieval: RetrievalSettings = RetrievalSettings()
    prompt: PromptSettings = PromptSettings()
    decoding: DecodingSettings = DecodingSettings()

    def among(self, settings: Iterable[str]) -> list[str]:
        """Those of a rung's settings that the user decided."""
        decided = {
            "retriever": bool(self.retrieval.retriever),
            "passages": bool(self.retrieval.passages),
            "passage_words": bool(self.retrieval.passage_words),
            "context": bool(self.retrieval.context),
            "context_tokens": bool(self.retrieval.context_tokens),
            "reranker": self.retrieval.rerank == ALWAYS,
            "demonstrations": bool(self.prompt.examples),
            "decoding": self.decoding.constrained != ON_DEV,
        }
        return [name for name in settings if decided.get(name)]


NOTHING: Final = Given()

SET_BY_USER: Final = "set_by_user"
"""In a rung's effort: those of its settings that the user decided."""

WANTED: Final = "wanted"
"""In a rung's effort: of these, what was decided where there is less of it."""

Wrong = list[tuple[str, str, str]]
"""Key, what is wrong, and what to write."""


def wrong_retrieval(settings: RetrievalSettings) -> Wrong:
    """What cannot be in section ``[retrieval]``."""
    name, passages, words = settings.retriever, settings.passages, settings.passage_words
    rules = (
        (name not in ("", *RETRIEVERS), "retriever", f"there is no retriever {name!r}",
         f'write one of {", ".join(RETRIEVERS)}, or "" to choose on dev'),
        (not 0 <= passages <= MOST_PASSAGES, "passages",
         f"passages must be from 1 to {MOST_PASSAGES}, or 0",
         "write passages = 3, or 0 to choose on dev"),
        (words != 0 and not FEWEST_WORDS <= words <= MOST_WORDS, "passage_words",
         f"passage_words must be from {FEWEST_WORDS} to {MOST_WORDS}, or 0",
         "write passage_words = 80, or 0 to choose on dev"),
        (settings.context_tokens != 0 and settings.context_tokens < FEWEST_TOKENS, "context_tokens",
         f"context_tokens must be {FEWEST_TOKENS} or more, or 0",
         "write context_tokens = 400, or 0 for what the model has room for"),
        (settings.context not in ("", *CONTEXTS), "context",
         f"context cannot be {settings.context!r}",
         f'write one of {", ".join(CONTEXTS)}, or "" to choose on dev'),
        (settings.rerank not in (ON_DEV, ALWAYS), "rerank",
         f"rerank cannot be {settings.rerank!r}", f"write {ON_DEV} or {ALWAYS}"),
        (settings.rerank == ALWAYS and not settings.reranker, "rerank",
         "there is no reranker to use always", 'add reranker = "its folder or hub id"'),
    )  # fmt: skip
    return [(key, said, fix) for wrong, key, said, fix in rules if wrong]


def wrong_prompt(settings: PromptSettings) -> Wrong:
    """What cannot be in section ``[prompt]``."""
    wrong: Wrong = []
    if not 0 <= settings.examples <= MOST_EXAMPLES:
        said = f"examples must be from 1 to {MOST_EXAMPLES}, or 0"
        wrong.append(("examples", said, "write examples = 3, or 0 to choose on dev"))
    if settings.proposer and not is_endpoint(settings.proposer):
        said = f"{settings.proposer!r} is not an endpoint"
        wrong.append(("proposer", said, "write openai:http://host:port/v1#model-name"))
    return wrong


def wrong_decoding(settings: DecodingSettings) -> Wrong:
    """What cannot be in section ``[decoding]``."""
    words, wrong = (ON_DEV, ALWAYS, NEVER), Wrong()
    if settings.constrained not in words:
        said = f"constrained cannot be {settings.constrained!r}"
        wrong.append(("constrained", said, f"write one of {', '.join(words)}"))
    if settings.answer_tokens < 0:
        fix = "write answer_tokens = 900, or 0 to go by the training answers"
        wrong.append(("answer_tokens", "answer_tokens must be 1 or more, or 0", fix))
    return wrong
