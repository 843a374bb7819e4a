"""What the rest of the project may ask of a language model on this machine."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from tuning.constrain import Constraint
from tuning.encode import Encoded
from tuning.memory import Room
from tuning.recipe import AdapterShape

if TYPE_CHECKING:
    import torch


ANSWERING: Final = "answering"
"""What `tuning.memory.Room` counts the rows of a wave under."""


class Generated(NamedTuple):
    """The continuation of one prompt."""

    row: int
    """Position of the prompt in the call."""
    ids: list[int]
    """New token ids, without the stop token."""
    truncated: bool
    """True when the token limit ended it rather than a stop token."""


class Reading(NamedTuple):
    """How likely a model finds one completion, token by token."""

    nll: list[float]
    """Negative log-likelihood of each completion token, nats."""
    likeliest: list[bool]
    """Whether the token is the one that greedy decoding would have taken there. Where that holds
    from some token to the end, greedy decoding gives back the rest word for word."""


class LanguageModel(Protocol):
    """A base with at most one active adapter, or several by name. Greedy decoding only.

    Training moves the adapter or, on request, all weights; dropping what was learned gives the base
    back.
    """

    path: str
    """Which implementation runs: ``engine`` or ``library``; recorded with every run."""
    tokenizer: Any
    device: "torch.device"
    """Where the weights live."""
    context_length: int
    """Tokens of prompt and answer together that the model was built for."""
    n_parameters: int
    room: Room
    """How many rows go together, once memory has run out."""

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
            TuningError: the constraint gives up, see there; or memory has no room for one prompt.
        """
        ...

    def add_adapter(self, name: str, folder: Path) -> None:
        """Put a saved adapter beside others on the one base, under a name of its own.

        What `load_adapter` or `new_adapter` attached is dropped; either of them drops all of these.
        Where no adapter is named (`generate`, `loss`, `read`) the base alone is asked.

        Raises:
            TuningError: it cannot be read, does not fit this base, or is a whole model; those that
                are there stay.
        """
        ...

    def generate_with(
        self,
        prompts: Sequence[Sequence[int]],
        adapters: Sequence[str | None],
        max_new_tokens: int,
        constraint: Constraint | None = None,
    ) -> Iterator[Generated]:
        """Continue every prompt through its own adapter, by name; None for the base alone.

        The engine takes rows with different adapters in one batch, the library path one adapter
        after the other; neither loads the base again. Other arguments and errors as `generate`.

        Raises:
            TuningError: there is no adapter of that name.
        """
        ...

    def loss(self, rows: Sequence[Encoded]) -> "torch.Tensor":
        """Summed negative log-likelihood of all completion tokens, nats; differentiable."""
        ...

    def read(self, rows: Sequence[Encoded]) -> list[Reading]:
        """What the model makes of every row's completion, in the order given; no gradients."""
        ...

    def log_likelihoods(self, rows: Sequence[Encoded]) -> "torch.Tensor":
        """(rows,) log-likelihood of each completion, nats; differentiable."""
        ...

    def new_adapter(self, shape: AdapterShape | None, seed: int) -> None:
        """Attach a fresh adapter that changes nothing yet (B = 0).

        Without a shape there is no adapter: all weights of the base are to be learned.
        """
        ...

    def continue_adapter(self, folder: Path) -> None:
        """Attach a saved adapter, or take over saved weights, to be learned further.

        Raises:
            TuningError: see `load_adapter`.
        """
        ...

    def adapter_parameters(self) -> "list[torch.Tensor]":
        """The float32 tensors that are learned, to be handed to an optimiser."""
        ...

    def adapter_changed(self) -> None:
        """Must follow every change of the adapter's tensors, before the model is used again."""
        ...

    def save_adapter(self, folder: Path) -> None:
        """Write the adapter in PEFT's format: adapter_config.json, adapter_model.safetensors.

        Where all weights are learned, a model folder: config.json, tokenizer, model.safetensors.
        """
        ...

    def load_adapter(self, folder: Path | None) -> None:
        """Replace the active adapter by a saved one; None gives the base back.

        A model folder that `save_adapter` wrote takes the place of the base's weights.
        """
        ...
