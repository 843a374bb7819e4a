"""Texts that are longer than an embedder reads, which would lose their end without a word."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from rag.roles import first_module, read_object

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

_MARKS = 8
"""Tokens that no model puts more of around a text."""
_BACK = 4
"""A window may end by one of so many of its tokens early, so that no word is cut."""


class Windows:
    """Cuts texts at the length that a model reads.

    The model itself is not opened, only its tokenizer, and that only for texts of more bytes than
    the model reads tokens. Where the folder does not say how many it reads, or has no
    tokenizer.json, no text is taken for too long.

    Args:
        folder: the model's; need not be there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = first_module(folder)
        self._at = self._folder / "tokenizer.json"
        if not self._at.is_file():
            self._at = folder / "tokenizer.json"

    @cached_property
    def limit(self) -> int | None:
        """Tokens that the model reads, those around a text and before it included."""
        if not self._at.is_file():
            return None
        said = read_object(self._folder / "sentence_bert_config.json").get("max_seq_length")
        if isinstance(said, int) and said > 0:
            return said
        places = read_object(self._folder / "config.json").get("max_position_embeddings")
        most = read_object(self._at.with_name("tokenizer_config.json")).get("model_max_length")
        limits = [int(one) for one in (places, most) if isinstance(one, int | float) and one > 0]
        return min(limits, default=None)

    def too_long(self, texts: Sequence[str], prompt: str = "") -> list[bool]:
        """Whether each text, behind a prompt, is longer than the model reads."""
        found = [False] * len(texts)
        if self.limit is None:
            return found
        room = self.limit - len(prompt.encode()) - _MARKS
        # a token is a byte at the least
        maybe = [at for at, text in enumerate(texts) if len(text.encode()) > room]
        if maybe:
            read = self._tokenizer.encode_batch([prompt + texts[at] for at in maybe])
            for at, one in zip(maybe, read, strict=True):
                found[at] = len(one.ids) > self.limit
        return found

    def parts(self, text: str, prompt: str = "") -> list[str]:
        """A text that is too long, in parts that fit, about equally long, cut between words."""
        read, room = self._tokenizer.encode(text, add_special_tokens=False), self._room(prompt)
        found, start, n = [], 0, len(read.ids)
        while start < n:
            left = n - start
            size = -(-left // -(-left // room))  # of equal parts, as few as there can be
            end = n if size == left else _between_words(read, start + size, size // _BACK)
            found.append(_cut(text, read, start, end))
            start = end
        return found

    def ends(self, text: str, prompt: str = "") -> str:
        """A text that is too long without its middle: as much of its beginning as of its end."""
        read, room = self._tokenizer.encode(text, add_special_tokens=False), self._room(prompt)
        head, tail = room // 2, len(read.ids) - (room - room // 2)
        first = _cut(text, read, 0, _between_words(read, head, head // _BACK))
        last = _cut(text, read, _between_words(read, tail, head // _BACK, 1), len(read.ids))
        return f"{first} {last}"

    def _room(self, prompt: str) -> int:
        """Tokens of a text that fit behind a prompt; at least one."""
        assert self.limit is not None  # who asks has found a text too long
        return max(1, self.limit - len(self._tokenizer.encode(prompt).ids))

    @cached_property
    def _tokenizer(self) -> "Tokenizer":
        from tokenizers import Tokenizer

        found = Tokenizer.from_file(str(self._at))
        found.no_truncation()  # a file may bring both along
        found.no_padding()
        return found


def _between_words(read: "Encoding", at: int, most: int, step: int = -1) -> int:
    """The beginning of a word at a token or at most so many from it; the token itself if none."""
    words = read.word_ids
    for moved in range(at, at + step * (most + 1), step):
        if 0 < moved < len(words) and words[moved] != words[moved - 1]:
            return moved
    return at


def _cut(text: str, read: "Encoding", start: int, end: int) -> str:
    return text[read.offsets[start][0] : read.offsets[end - 1][1]]
