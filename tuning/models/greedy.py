"""Answers of a wave on their way: which token each row takes, and which rows still go on."""

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from tuning.card import moved, sent
from tuning.constrain import Constraint, Floats, Ids

if TYPE_CHECKING:
    import torch

_NONE: Final[Ids] = np.zeros(0, np.int64)


class Continuation(NamedTuple):
    """What one row was continued by."""

    ids: list[int]
    """New token ids, without the stop token."""
    truncated: bool
    """True when the token limit ended it rather than a stop token."""


class Greedy:
    """The likeliest tokens of every row; with a constraint, the likeliest that it allows.

    Args:
        rows: of the wave.
        stops: ids that end a row.
        constraint: what answers may be; None for anything.
    """

    def __init__(self, rows: int, stops: frozenset[int], constraint: Constraint | None) -> None:
        self._stops = stops
        self._walks = [constraint.start() for _ in range(rows)] if constraint else None
        self._live = list(range(rows))
        self._ids: list[list[int]] = [[] for _ in range(rows)]
        self._ended = [False] * rows
        self.tokens: list[int] = []
        """The last token of every row that is still computed."""
        for row in range(rows):
            self._end_where_settled(row)

    @property
    def open(self) -> bool:
        """Whether a row has to go on."""
        return not all(self._ended)

    def take(self, logits: "torch.Tensor") -> bool:
        """Take the next token of every row that is still computed.

        Args:
            logits: (rows still computed, V).

        Returns:
            Whether a row has to go on.
        """
        if self._walks is not None:
            logits = self._only_allowed(logits)
        # max, not argmax: in bfloat16 on the CPU it is several times as fast
        self.tokens = logits.max(-1).indices.tolist()
        for row, token in zip(self._live, self.tokens, strict=True):
            if self._ended[row]:
                continue
            if token in self._stops:
                self._ended[row] = True
                continue
            self._ids[row].append(token)
            if self._walks is not None:
                self._walks[row].advance(token)
                self._end_where_settled(row)
        return self.open

    def drop(self) -> list[int] | None:
        """Drop ended rows once they are many.

        Returns:
            Places, among the rows computed so far, of those to keep; None to keep all, for copying
            a cache costs more than a few idle rows.
        """
        going = [at for at, row in enumerate(self._live) if not self._ended[row]]
        if len(going) > 0.85 * len(self._live):
            return None
        self._live = [self._live[at] for at in going]
        self.tokens = [self.tokens[at] for at in going]
        return going

    def answers(self) -> list[Continuation]:
        """Of every row, in order; those that have not ended count as cut by the limit."""
        return [
            Continuation(ids, not ended) for ids, ended in zip(self._ids, self._ended, strict=True)
        ]

    def _end_where_settled(self, row: int) -> None:
        """Say what is left without asking the model, once only one answer is."""
        rest = self._walks[row].rest() if self._walks is not None else None
        if rest is not None:
            self._ids[row].extend(rest)
            self._ended[row] = True

    def _only_allowed(self, logits: "torch.Tensor") -> "torch.Tensor":
        """The logits (rows still computed, V) with -inf for whatever may not come next.

        Of each row what is less goes to the device: the ids that may come or those that may not.
        """
        assert self._walks is not None
        rows, vocabulary = logits.shape
        free = np.zeros(rows, np.int64)
        """1 for rows in which all may come but what is named."""
        may, may_not, leaning = list[Ids](), list[Ids](), list[tuple[Ids, Floats]]()
        for at, row in enumerate(self._live):
            if self._ended[row]:
                free[at] = 1
                continue
            allowed, less = self._walks[row].allowed(), self._walks[row].leaning()
            if less is not None:
                leaning.append((at * vocabulary + allowed, less))
            if 2 * len(allowed) > vocabulary:
                free[at] = 1
                may_not.append(at * vocabulary + _others(allowed, vocabulary))
            else:
                may.append(at * vocabulary + allowed)
        if leaning:
            logits = _less(logits, leaning)
        some = [np.concatenate(places) if places else _NONE for places in (may, may_not)]
        all_may, allowed_at, barred_at = sent((free, *some), logits.device)
        barred = (all_may == 0)[:, None].repeat(1, vocabulary)
        barred.view(-1).index_fill_(0, allowed_at, False).index_fill_(0, barred_at, True)
        return logits.masked_fill(barred, float("-inf"))


def _others(ids: Ids, vocabulary: int) -> Ids:
    """All ids but these."""
    others = np.ones(vocabulary, dtype=bool)
    others[ids] = False
    return np.flatnonzero(others)


def _less(logits: "torch.Tensor", leaning: list[tuple[Ids, Floats]]) -> "torch.Tensor":
    """The logits (R, V), float32, less something at some places of all of them."""
    import torch

    flat = logits.float().flatten()  # in bfloat16 the difference would be rounded away
    places, values = zip(*leaning, strict=True)
    (where,) = sent((np.concatenate(places),), logits.device)
    flat[where] -= moved(torch.from_numpy(np.concatenate(values)), logits.device)
    return flat.view(logits.shape)
