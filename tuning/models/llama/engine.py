"""The engine behind the common door."""

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch

from tuning.at_once import at_once
from tuning.card import KIND, prepare, sent
from tuning.constrain import Constraint
from tuning.encode import Encoded, stop_ids
from tuning.errors import TuningError
from tuning.memory import Room, give_back_of_opening
from tuning.models.base import ANSWERING, Generated
from tuning.models.greedy import Continuation
from tuning.models.likelihood import Likelihood, Predicting
from tuning.models.llama.adapter import Adapter
from tuning.models.llama.batch import filled, pack
from tuning.models.llama.decode import decode
from tuning.models.llama.model import Llama
from tuning.models.llama.projection import Projection
from tuning.models.shared import (
    SavedAdapter,
    common_prefix,
    lora_key,
    must_be_known,
    must_fit,
    read_adapter,
    refuse_unless_addable,
    waves,
    write_adapter,
)
from tuning.models.whole import Masters, is_whole, take_over, write_model
from tuning.recipe import AdapterShape


class EngineModel(Likelihood):
    """A Llama served by the small engine; see `tuning.models.base.LanguageModel`."""

    path = "engine"

    def __init__(
        self, folder: Path, tokenizer: Any, dtype: torch.dtype, device: torch.device
    ) -> None:
        prepare(device)
        self.tokenizer, self.device = tokenizer, device
        self.model = Llama(folder, dtype, device)
        give_back_of_opening(device.type == KIND)
        self.context_length = self.model.config.context_length
        self.n_parameters = self.model.n_parameters
        self.room = Room()
        self.even = dtype == torch.bfloat16 and device.type == "cpu"
        """Rows to learn from are filled up to sizes that come again; see `batch.EVEN`."""
        self._stops = stop_ids(tokenizer)
        self._folder = folder
        self._added: tuple[str, ...] = ()
        """Names of the adapters that stand side by side."""
        self._masters: Masters | None = None
        """The weights, while all of them are learned."""
        self._base_changed = False
        """The weights are no longer the base's."""

    def generate(
        self,
        prompts: Sequence[Sequence[int]],
        max_new_tokens: int,
        constraint: Constraint | None = None,
    ) -> Iterator[Generated]:
        """Continue every prompt; shared leading tokens are computed once a wave."""
        yield from self._generate(prompts, (), max_new_tokens, constraint)

    def add_adapter(self, name: str, folder: Path) -> None:
        """Put an adapter beside those that are there; see `tuning.models.llama.many`."""
        refuse_unless_addable(name, self._added, is_whole(folder), folder)
        saved = read_adapter(folder)
        self._must_fit(saved, folder)
        if not self._added:
            self.load_adapter(None)
        self.model.unpack()
        for projection in self._projections():
            factors = projection.factors_of(saved)
            projection.add(name, factors, saved.shape.scale, self.model.route)
        self._added = (*self._added, name)

    def generate_with(
        self,
        prompts: Sequence[Sequence[int]],
        adapters: Sequence[str | None],
        max_new_tokens: int,
        constraint: Constraint | None = None,
    ) -> Iterator[Generated]:
        """Continue every prompt through its own adapter, all in one batch."""
        must_be_known(adapters, self._added, len(prompts))
        yield from self._generate(prompts, adapters, max_new_tokens, constraint)

    def _generate(
        self,
        prompts: Sequence[Sequence[int]],
        adapters: Sequence[str | None],
        max_new_tokens: int,
        constraint: Constraint | None,
    ) -> Iterator[Generated]:
        # what an adapter makes of a prefix is of no use to another one
        shared = common_prefix(prompts) if len(set(adapters)) < 2 else 0
        rows = [list(prompt[shared:]) for prompt in prompts]
        sizes = at_once(self.device.type)
        cut = waves([len(row) + max_new_tokens for row in rows], sizes.answered, sizes.answers)
        prefix = list(prompts[0][:shared]) if prompts else []
        route = self.model.route

        def answers(wave: list[int]) -> list[Continuation]:
            own = [rows[i] for i in wave]
            route.choose([adapters[i] for i in wave] if adapters else ())
            try:
                return decode(self.model, prefix, own, max_new_tokens, self._stops, constraint)
            finally:
                route.choose(())

        # gradients and moments of all weights leave no room for a second copy of them
        with nullcontext() if self._masters is not None else self.model.laid_out():
            for wave, done in self.room.through(ANSWERING, cut, answers):
                for index, (ids, truncated) in zip(wave, done, strict=True):
                    yield Generated(index, ids, truncated)

    def _predicting(self, rows: Sequence[Encoded]) -> Predicting:
        """See `Likelihood`; the last layer too runs on these tokens only, keys and values apart."""
        at = sorted(range(len(rows)), key=lambda i: len(rows[i].prompt) + len(rows[i].completion))
        order = [rows[i] for i in at]
        shared = common_prefix([row.prompt for row in order])
        ids = [[*row.prompt[shared:], *row.completion] for row in order]
        predicting: list[int] = []
        end = shared
        for row, own in zip(order, ids, strict=True):
            end += len(own)
            # the state before each completion token predicts it
            predicting.extend(range(end - len(row.completion) - 1, end - 1))
        learned = [token for row in order for token in row.completion]
        owners = [i for i, row in zip(at, order, strict=True) for _ in row.completion]
        if self.even:  # nobody reads what these say
            predicting += predicting[-1:] * (filled(len(predicting)) - len(predicting))
        # all that has to be sent goes before the forward pass, which nothing then waits for
        where, wanted, owner = sent((predicting, learned, owners), self.model.device)
        batch = pack(
            order[0].prompt[:shared], ids, self.model.dtype, self.model.device, even=self.even
        )
        states = self.model.forward(batch, only=where, recompute=self.room.recompute)
        logits = self.model.logits(states)[: len(learned)].float()
        return Predicting(logits, wanted, owner)

    def new_adapter(self, shape: AdapterShape | None, seed: int) -> None:
        """A fresh adapter on every projection; without a shape all weights are to be learned."""
        self.load_adapter(None)
        if shape is None:
            self._masters, self._base_changed = Masters(self.model.learnable()), True
            return
        generator = torch.Generator().manual_seed(seed)
        for projection in self._projections():
            projection.attach(shape).draw(generator)

    def continue_adapter(self, folder: Path) -> None:
        """A saved adapter's matrices are learned as fresh ones are; or all weights."""
        self.load_adapter(folder)
        if self._base_changed:
            self._masters = Masters(self.model.learnable())

    def adapter_parameters(self) -> list[torch.Tensor]:
        """A and B of every projection, float32; or all weights."""
        if self._masters is not None:
            return self._masters.learned
        learned = [(adapter.a, adapter.b) for _, adapter in self._adapted()]
        return [tensor for pair in learned for tensor in pair]

    def adapter_changed(self) -> None:
        """Bring the matmuls' operands up to date."""
        self.model.unpack()
        if self._masters is not None:
            self._masters.sync()
        for _, adapter in self._adapted():
            adapter.sync()

    def save_adapter(self, folder: Path) -> None:
        """Write PEFT's files, or the whole model where all weights are learned.

        Raises:
            RuntimeError: there is nothing to save.
        """
        if self._masters is not None:
            write_model(folder, self._folder, self.model.named())
            return
        adapted = list(self._adapted())
        if not adapted:
            raise RuntimeError("no adapter is attached")
        tensors = {}
        for projection, adapter in adapted:
            for name, (a, b) in zip(projection.names, adapter.factors(), strict=True):
                tensors[lora_key(name, "A")], tensors[lora_key(name, "B")] = a, b
        write_adapter(folder, adapted[0][1].shape, tensors)

    def load_adapter(self, folder: Path | None) -> None:
        """Replace the adapter by a saved one, or drop it.

        Raises:
            TuningError: the adapter cannot be read or does not fit this base; the base is left
                without one.
        """
        self.model.unpack()
        for projection in self._projections():
            projection.detach()
        self._added = ()
        if self._masters is not None:
            self._masters.release()
            self._masters = None
        whole = folder is not None and is_whole(folder)
        if self._base_changed and not whole:
            take_over(self._folder, self.model.named())
            self._base_changed = False
        if folder is None:
            return
        try:
            if whole:
                self._base_changed = True
                take_over(folder, self.model.named())
                return
            saved = read_adapter(folder)
            self._must_fit(saved, folder)
            for projection in self._projections():
                projection.attach(saved.shape).fill(projection.factors_of(saved))
        except TuningError:
            self.load_adapter(None)
            raise

    def _must_fit(self, saved: SavedAdapter, folder: Path) -> None:
        """Raises TuningError where an adapter was made for another base."""
        places: dict[str, tuple[int, int]] = {}
        for projection in self._projections():
            places |= projection.places()
        must_fit(saved, places, folder)

    def _projections(self) -> Iterator[Projection]:
        for layer in self.model.layers:
            yield from layer.projections()

    def _adapted(self) -> Iterator[tuple[Projection, Adapter]]:
        """Projections with the adapter that is learned or answers alone; none without one."""
        for projection in self._projections():
            if isinstance(projection.adapter, Adapter):
                yield projection, projection.adapter
