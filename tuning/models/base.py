"""What the rest of the project may ask of a language model on this machine."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from tuning.constrain import Constraint
from tuning.encode import Encoded
from tuning.recipe import AdapterShape

if TYPE_CHECKING:
    import torch


class Generated(NamedTuple):
    """The continuation of one prompt."""

    row: int
    """Position of the prompt in the call."""
    ids: list[int]
    """New token ids, without the stop token."""
    truncated: bool
    """True when the token limit ended it rather than a stop token."""


class LanguageModel(Protocol):
    """A frozen base with at most one active adapter. Greedy decoding only.

    The base weights never change: training moves the adapter, and dropping it gives the base back.
    """

    path: str
    """Which implementation runs: ``engine`` or ``library``; recorded with every run."""
    tokenizer: Any
    context_length: int
    """Tokens of prompt and answer together that the model was built for."""
    n_parameters: int

    def generate(
        self,
        prompts: Sequence[Sequence[int]],
        max_new_tokens: int,
        constraint: Constraint | None = None,
    ) -> Iterator[Generated]:
        """Continue every prompt; yields as prompts finish, in waves that fit into memory.

        Args:
            prompts: ids of each.
            max_new_tokens: limit on each answer.
            constraint: what answers may be: of each step's tokens, the likeliest it allows is
                taken. None for anything.

        Raises:
            TuningError: the constraint gives up; see there.
        """
        ...

    def loss(self, rows: Sequence[Encoded]) -> "torch.Tensor":
        """Summed negative log-likelihood of all completion tokens, nats; differentiable."""
        ...

    def new_adapter(self, shape: AdapterShape, seed: int) -> None:
        """Attach a fresh adapter that changes nothing yet (B = 0)."""
        ...

    def adapter_parameters(self) -> "list[torch.Tensor]":
        """The adapter's float32 tensors, to be handed to an optimiser."""
        ...

    def adapter_changed(self) -> None:
        """Must follow every change of the adapter's tensors, before the model is used again."""
        ...

    def save_adapter(self, folder: Path) -> None:
        """Write the adapter in PEFT's format: adapter_config.json, adapter_model.safetensors."""
        ...

    def load_adapter(self, folder: Path | None) -> None:
        """Replace the active adapter by a saved one; None gives the base back."""
        ...
