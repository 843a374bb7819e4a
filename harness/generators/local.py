"""A language model on this machine."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from harness.device import Device
from harness.generators.base import Completion, Refusal
from harness.models import ModelRef
from harness.prompts import Prompt
from tuning.constrain import Constraint
from tuning.encode import Encoded, encode_example, encode_prompt
from tuning.exchange import Opening
from tuning.memory import Room, give_all_back
from tuning.models import LanguageModel, open_model
from tuning.pairs import Pair
from tuning.together import Together, together


class LocalGenerator:
    """See `harness.generators.base.Generator`; adapters are trained and loaded on `model`."""

    manner = ""

    def __init__(self, ref: ModelRef, device: Device, path: str = "auto") -> None:
        import torch

        torch.set_num_threads(device.threads)
        self._device, self._folder, self._path = device, ref.folder, path
        self.held_elsewhere = 0
        """Bytes that processes which learned with this one have held at most."""
        self._open: Callable[..., LanguageModel] = partial(
            open_model,
            ref.folder,
            dtype=getattr(torch, device.precision),
            device=torch.device(device.kind),
            path=path,
        )
        self.model: LanguageModel = self._open()
        self.tokenizer: Any = self.model.tokenizer
        self.name, self.revision, self.path = ref.name, ref.revision, self.model.path
        self.context_length = self.model.context_length

    @contextmanager
    def learning(self, method: str) -> Iterator[None]:
        """What `model` is while something is learned: by ``qlora`` the base in 4 bits.

        Whole again afterwards, without an adapter. It is opened twice, for where 4 bits are needed
        there is no room for the whole base beside them.

        Raises:
            TuningError: no 4 bits on this machine, or for this model.
        """
        if method != "qlora":
            yield
            return
        room = self.model.room  # what is known about this machine's memory holds on
        try:
            self._reopen(room, four_bit=True)
            yield
        finally:
            self._reopen(room, four_bit=False)

    @contextmanager
    def shared(self, method: str, processes: int) -> Iterator[Together | None]:
        """Other processes that learn with this one, each with the same base open.

        Args:
            method: what they learn by.
            processes: this one among them; on the CPU they share its cores.

        Yields:
            None where there is this one alone.

        Raises:
            TuningError: see `tuning.together.together`.
        """
        if processes == 1:
            yield None
            return
        device, threads = self._device, max(1, self._device.threads // processes)
        opening = Opening(
            str(self._folder),
            device.precision,
            device.kind,
            self._path,
            method == "qlora",
            threads if device.kind == "cpu" else device.threads,
        )
        with together(opening, processes) as group:
            try:
                yield group
            finally:
                self.held_elsewhere = max(self.held_elsewhere, sum(group.held))

    def _reopen(self, room: Room, *, four_bit: bool) -> None:
        vars(self).pop("model", None)
        give_all_back()
        self.model = self._open(four_bit=four_bit)
        self.model.room = room

    def complete(
        self,
        prompts: Sequence[Prompt],
        max_new_tokens: int,
        constraint: Constraint | None = None,
    ) -> Iterator[Completion | Refusal]:
        """Greedy answers; a prompt that leaves no room for its answer is refused by name.

        Args:
            prompts: to be answered.
            max_new_tokens: limit on each answer; a constraint with a longest answer lifts it to
                that, for half a label is none.
            constraint: what answers may be; None for anything.
        """
        if constraint is not None:
            max_new_tokens = max(max_new_tokens, constraint.longest)
        encoded = [encode_prompt(self.tokenizer, prompt.messages()) for prompt in prompts]
        room = self.context_length - max_new_tokens
        fits = [row for row, ids in enumerate(encoded) if len(ids) <= room]
        for row in sorted(set(range(len(encoded))) - set(fits)):
            yield Refusal(
                row,
                "prompt_too_long",
                f"the prompt has {len(encoded[row])} tokens; the model takes {room} and an answer",
            )
        asked = [encoded[row] for row in fits]
        for done in self.model.generate(asked, max_new_tokens, constraint):
            row = fits[done.row]
            text = self.tokenizer.decode(done.ids, skip_special_tokens=True).strip()
            yield Completion(row, text, len(encoded[row]), len(done.ids), done.truncated)

    def count_tokens(self, text: str) -> int:
        """Tokens of a piece of text, without special tokens."""
        return len(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    def count_prompt(self, prompt: Prompt) -> int:
        """Tokens of a prompt as it is read, markers of the conversation included."""
        return len(encode_prompt(self.tokenizer, prompt.messages()))

    def encode(self, prompt: Prompt, completion: str) -> Encoded:
        """A training row, rendered as answering renders it."""
        return encode_example(self.tokenizer, prompt.messages(), completion)

    def encode_pair(self, prompt: Prompt, chosen: str, rejected: str) -> Pair:
        """A preference pair, rendered in the same way."""
        messages = prompt.messages()
        better = encode_example(self.tokenizer, messages, chosen)
        worse = encode_example(self.tokenizer, messages, rejected)
        return Pair(better.prompt, better.completion, worse.completion)
