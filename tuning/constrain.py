"""What an answer may consist of, token by token: one of some labels, or JSON by a schema.

Both go through one door: a `Constraint` says for each answer on its way which tokens may come next,
and the decoder takes the likeliest of those.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tuning.errors import TuningError

Ids: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float32]
_Node: TypeAlias = "dict[int, _Node]"
_COMPILING, _IMPOSSIBLE = "failed to compile JSON schema: ", "Unsatisfiable schema: "
"""As llguidance words it."""


class Walk(Protocol):
    """One answer on its way."""

    def allowed(self) -> Ids:
        """Ids that may come next, stop tokens among them where the answer may end; never empty."""
        ...

    def leaning(self) -> Floats | None:
        """What to take off the logits of `allowed`, in its order; None for nothing."""
        ...

    def advance(self, token: int) -> None:
        """Go on with a token that is allowed and does not end the answer."""
        ...

    def rest(self) -> Sequence[int] | None:
        """What is left to say, without a stop token, once only one answer is; None before."""
        ...


class Constraint(Protocol):
    """A set of answers. Holds nothing of a single answer, so one serves any number of rows."""

    longest: int
    """Ids of the longest answer, its end token included; 0 where there is no longest one."""

    def start(self) -> Walk:
        """The way of a new answer, of which nothing is said yet."""
        ...


class LabelTrie:
    """Answers that can be listed, as a tree of their ids.

    Args:
        answers: ids of each, its end token included: without one, an answer that is the opening of
            another could not be told from it. The same ids may come twice.
        leaning: of each answer, how likely the model finds each of its ids before it is asked
            anything, as log-likelihoods. They are taken off, so that an answer counts by what the
            question adds to it (contextual calibration, Zhao et al. 2021, token by token). Empty
            takes nothing off.

    Raises:
        ValueError: there is no answer.
    """

    def __init__(
        self, answers: Sequence[Sequence[int]], leaning: Sequence[Sequence[float]] = ()
    ) -> None:
        self._root: _Node = {}
        self._leaning = {
            tuple(ids[: at + 1]): likelihood
            for ids, likelihoods in zip(answers, leaning, strict=bool(leaning))
            for at, likelihood in enumerate(likelihoods)
        }
        self.longest = 0
        for ids in answers:
            node = self._root
            for token in ids:
                node = node.setdefault(int(token), {})
            self.longest = max(self.longest, len(ids))
        if not self._root:
            raise ValueError("there is no answer to choose")

    def start(self) -> Walk:
        """See `Constraint`."""
        return _TrieWalk(self._root, self._leaning)


class _TrieWalk:
    def __init__(self, node: _Node, leaning: Mapping[tuple[int, ...], float]) -> None:
        self._node, self._leaning = node, leaning
        self._said: tuple[int, ...] = ()

    def allowed(self) -> Ids:
        return np.fromiter(self._node, np.int64)

    def leaning(self) -> Floats | None:
        if not self._leaning:
            return None
        return np.array([self._leaning[(*self._said, one)] for one in self._node], np.float32)

    def advance(self, token: int) -> None:
        self._node = self._node[token]
        self._said += (token,)

    def rest(self) -> Sequence[int] | None:
        left, node = [], self._node
        while node:
            if len(node) > 1:
                return None
            ((token, node),) = node.items()
            left.append(token)
        return left[:-1]


class JsonSchemaConstraint:
    """JSON that follows a schema, without a space between its parts; keys in the schema's order.

    Args:
        tokenizer: a fast transformers tokenizer.
        schema: a JSON Schema as text.
        stops: ids that end an answer.
        otherwise: a sentence that is allowed instead of JSON; empty for none.

    Raises:
        TuningError: the schema or the tokenizer is beyond llguidance; the reason is its own.
    """

    longest = 0

    def __init__(
        self, tokenizer: Any, schema: str, stops: Iterable[int], otherwise: str = ""
    ) -> None:
        from llguidance import LLMatcher
        from llguidance.hf import from_tokenizer

        try:
            vocabulary = from_tokenizer(tokenizer, eos_token=sorted(stops))
        except ValueError as error:
            raise TuningError(
                f"answers of this model cannot be held to a schema: {error}",
                "choose a model with a tokenizer.json, or leave the rung out",
            ) from error
        grammar = _grammar(schema, otherwise)
        failed, said = LLMatcher.validate_grammar_with_warnings(grammar, vocabulary)
        self._first = LLMatcher(vocabulary, grammar, log_level=0)
        why = said[0] if failed else self._first.get_error()
        if why:
            raise TuningError(
                f"answers cannot be held to this schema: {' '.join(why.split())}",
                "say it in simpler keywords of JSON Schema, or leave the rung out",
            )

    def start(self) -> Walk:
        """See `Constraint`."""
        return _JsonWalk(self._first.deep_copy())


class Obstacle(NamedTuple):
    """What stands between answers and a schema, whatever the model."""

    reason: str
    impossible: bool
    """No JSON value follows the schema; otherwise it only says what decoding cannot hold to."""


@cache
def obstacle(schema: str) -> Obstacle | None:
    """Why answers cannot be held to a schema; None where they can. Needs no model."""
    from llguidance import LLMatcher, LLTokenizer

    try:
        grammar = _grammar(schema, "")
    except TuningError as error:
        return Obstacle(error.reason, False)
    failed, said = LLMatcher.validate_grammar_with_warnings(grammar, LLTokenizer("byte"))
    if not failed:
        return None
    reason = said[0].splitlines()[0].partition(_COMPILING)[2] or said[0].splitlines()[0]
    impossible = reason.startswith(_IMPOSSIBLE)
    return Obstacle(reason.removeprefix(_IMPOSSIBLE), impossible)


def _grammar(schema: str, otherwise: str) -> str:
    """The schema in llguidance's language.

    Spaces are left out: a model may put any number of them, and each costs a token of its answer.
    What llguidance does not know stays an error: passed over, it would let wrong answers through.
    """
    whole = json.loads(schema)
    if not isinstance(whole, dict):
        raise TuningError(
            "answers cannot be held to a schema that is not a JSON object",
            'write the schema as { "type": "object", … }',
        )
    strict = {"whitespace_flexible": False, "lenient": False, "coerce_one_of": False}
    value = f"%json {json.dumps({**whole, 'x-guidance': strict})}"
    return f"start: {value}" + (f" | {json.dumps(otherwise)}" if otherwise else "")


class _JsonWalk:
    def __init__(self, matcher: Any) -> None:
        self._matcher = matcher

    def allowed(self) -> Ids:
        bits = np.frombuffer(self._matcher.compute_bitmask(), np.uint8)
        ids = np.flatnonzero(np.unpackbits(bits, bitorder="little"))
        self._must_go_on()
        return ids

    def leaning(self) -> Floats | None:
        return None

    def advance(self, token: int) -> None:
        self._matcher.consume_token(token)
        self._must_go_on()

    def rest(self) -> Sequence[int] | None:
        return [] if self._matcher.is_stopped() else None

    def _must_go_on(self) -> None:
        """Llguidance gives up on a schema that grows beyond its limits, and says so only here."""
        if self._matcher.is_error():
            why = " ".join(self._matcher.get_error().split())
            raise TuningError(
                f"an answer could not be held to the schema: {why}",
                "make the schema smaller, or leave the rung out",
            )
