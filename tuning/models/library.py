"""Any causal language model that transformers knows, with the tricks that an unmodified one takes.

The shared prefix is encoded once, prompts are sorted by length, finished rows are dropped and the
vocabulary head runs on completion tokens only. The adapter is PEFT's own.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import torch
from transformers import DynamicCache
from transformers.utils import logging

from tuning.at_once import at_once
from tuning.card import KIND, prepare, sent
from tuning.constrain import Constraint
from tuning.encode import Encoded, stop_ids
from tuning.errors import TuningError
from tuning.memory import Room, give_back_of_opening
from tuning.models.base import ANSWERING, Generated
from tuning.models.greedy import Continuation
from tuning.models.likelihood import Likelihood, Predicting
from tuning.models.opening import open_by_library
from tuning.models.padded import Chosen, decode, read_rows
from tuning.models.recomputing import recomputing_layers
from tuning.models.shared import (
    adapted_layers,
    common_prefix,
    linear_layers,
    must_be_known,
    must_fit,
    read_adapter,
    refuse_unless_addable,
    waves_within,
)
from tuning.models.whole import Masters, is_whole, take_over, write_model
from tuning.recipe import AdapterShape


class LibraryModel(Likelihood):
    """A transformers model; see `tuning.models.base.LanguageModel`.

    Args:
        folder: of the model.
        tokenizer: its own.
        dtype: of the weights, or of what weights in 4 bits are unpacked to.
        device: where they live.
        four_bit: hold the linear layers in 4 bits; see `tuning.four_bits`.

    Raises:
        TuningError: a recurrent architecture; or no 4 bits here, or for this model.
    """

    path = "library"

    def __init__(
        self,
        folder: Path,
        tokenizer: Any,
        dtype: torch.dtype,
        device: torch.device,
        *,
        four_bit: bool = False,
    ) -> None:
        prepare(device)
        self._folder = folder
        logging.disable_progress_bar()  # it would stand among our own lines
        self._open = partial(open_by_library, folder, dtype, device, four_bit=four_bit)
        base: Any = self._open()
        if base._is_stateful:
            raise TuningError(
                f"architecture {base.config.model_type!r} is recurrent, which is not supported: "
                "padding would change its state",
                "choose a model that has attention in every layer",
            )
        self.base: Any = (base if four_bit else base.to(device)).eval().requires_grad_(False)
        give_back_of_opening(device.type == KIND)
        self.tokenizer, self.device = tokenizer, device
        config = self.base.config.get_text_config()  # of a model that sees, its reader's
        self.context_length = int(getattr(config, "max_position_embeddings", 2048))
        self.n_parameters = int(self.base.num_parameters())  # two of 4 bits lie in one byte
        self.room = Room()
        self._stops = stop_ids(tokenizer)
        self._window: int | None = getattr(config, "sliding_window", None) or getattr(
            config, "attention_chunk_size", None
        )
        self._peft: Any = None
        """PEFT's wrapping of the base, while there is an adapter."""
        self._added: tuple[str, ...] = ()
        """Names of the adapters that stand side by side, in the order in which they came."""
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
        shared = common_prefix(prompts)
        rows = [list(prompt[shared:]) for prompt in prompts]
        prefix = list(prompts[0][:shared]) if prompts else []
        lengths = [len(row) + max_new_tokens for row in rows]
        sizes = at_once(self.device.type)
        cut = waves_within(lengths, sizes.answered, self._window, shared, sizes.answers)

        def answers(wave: list[int]) -> list[Continuation]:
            own = [rows[i] for i in wave]
            return decode(self.base, prefix, own, max_new_tokens, self._stops, constraint)

        for wave, done in self.room.through(ANSWERING, cut, answers):
            for index, (ids, truncated) in zip(wave, done, strict=True):
                yield Generated(index, ids, truncated)

    def _predicting(self, rows: Sequence[Encoded]) -> Predicting:
        # a layer that is computed again for backward cannot read a cache, which it would fill twice
        recompute = self.room.recompute and torch.is_grad_enabled()
        shared = 0 if recompute else common_prefix([row.prompt for row in rows])
        ids = [[*row.prompt[shared:], *row.completion] for row in rows]
        where: list[int] = []
        column: list[int] = []
        learned: list[int] = []
        for at, row in enumerate(rows):
            end = len(ids[at])
            where.extend([at] * len(row.completion))
            column.extend(range(end - len(row.completion) - 1, end - 1))
            learned.extend(row.completion)
        # before the forward pass, which nothing then waits for
        wanted, owner = sent((learned, where), self.device)
        with recomputing_layers(self.base) if recompute else nullcontext():
            cache = None if recompute else DynamicCache()
            prefix = list(rows[0].prompt[:shared])
            logits, _ = read_rows(self.base, prefix, ids, Chosen(where, column), cache)
        return Predicting(logits.float(), wanted, owner)

    def new_adapter(self, shape: AdapterShape | None, seed: int) -> None:
        """A fresh PEFT adapter on every linear layer of the decoder; or all weights."""
        self.load_adapter(None)
        if shape is None:
            self._masters, self._base_changed = Masters(self._named()), True
            return
        from peft import LoraConfig, get_peft_model

        config = LoraConfig(
            r=shape.rank,
            lora_alpha=shape.alpha,
            lora_dropout=0.0,
            target_modules=adapted_layers(self.base),
            task_type="CAUSAL_LM",
        )
        torch.manual_seed(seed)
        self._peft = get_peft_model(self.base, config)

    def continue_adapter(self, folder: Path) -> None:
        """A saved adapter's matrices, float32, or all weights."""
        self.load_adapter(folder)
        if self._base_changed:
            self._masters = Masters(self._named())
            return
        for parameter in self.adapter_parameters():
            parameter.requires_grad_()

    def adapter_parameters(self) -> list[torch.Tensor]:
        """PEFT's float32 matrices, or all weights."""
        if self._masters is not None:
            return self._masters.learned
        return [p for n, p in self.base.named_parameters() if "lora_" in n]

    def adapter_changed(self) -> None:
        """The layers read the parameters of an adapter themselves."""
        if self._masters is not None:
            self._masters.sync()

    def save_adapter(self, folder: Path) -> None:
        """PEFT's files, or the whole model; RuntimeError where there is nothing to save."""
        if self._masters is not None:
            write_model(folder, self._folder, self._named())
            return
        if self._peft is None:
            raise RuntimeError("no adapter is attached")
        self._peft.save_pretrained(str(folder), safe_serialization=True)

    def load_adapter(self, folder: Path | None) -> None:
        """Replace the adapter by a saved one, or drop it.

        Raises:
            TuningError: the adapter cannot be read or does not fit this base; the base is left
                without one.
        """
        if self._peft is not None:
            self.base = self._peft.unload()
            self._peft, self._added = None, ()
        if self._masters is not None:
            self._masters.release()
            self._masters = None
        whole = folder if folder is not None and is_whole(folder) else None
        if self._base_changed and not whole:
            self.base = self._open().to(self.device).requires_grad_(False)
            self._base_changed = False
        try:
            if whole:
                self._base_changed = True
                take_over(whole, self._named())
            elif folder is not None:
                from peft import PeftModel

                must_fit(read_adapter(folder), linear_layers(self.base), folder)
                self._peft = PeftModel.from_pretrained(self.base, str(folder), is_trainable=False)
        except TuningError:
            self.load_adapter(None)
            raise
        self.base.eval()

    def add_adapter(self, name: str, folder: Path) -> None:
        """Put an adapter beside those that are there."""
        from peft import PeftModel

        refuse_unless_addable(name, self._added, is_whole(folder), folder)
        saved = read_adapter(folder)
        if not self._added:
            self.load_adapter(None)
        must_fit(saved, linear_layers(self.base), folder)
        if self._added:
            self._peft.load_adapter(str(folder), adapter_name=name)
        else:
            self._peft = PeftModel.from_pretrained(self.base, str(folder), adapter_name=name)
        # PEFT would let the first of them answer where none is named
        self._peft.base_model.disable_adapter_layers()
        self._added = (*self._added, name)
        self.base.eval()

    def generate_with(
        self,
        prompts: Sequence[Sequence[int]],
        adapters: Sequence[str | None],
        max_new_tokens: int,
        constraint: Constraint | None = None,
    ) -> Iterator[Generated]:
        """Continue every prompt through its own adapter, one adapter after the other.

        PEFT can also take several in one batch (`adapter_names`), but then computes them one after
        the other in every layer; here rows of one adapter go together and share their prefix.
        """
        must_be_known(adapters, self._added, len(prompts))
        for name in dict.fromkeys(adapters):
            own = [at for at, one in enumerate(adapters) if one == name]
            with self._through(name):
                for done in self.generate([prompts[at] for at in own], max_new_tokens, constraint):
                    yield done._replace(row=own[done.row])

    @contextmanager
    def _through(self, name: str | None) -> Iterator[None]:
        """Of the adapters side by side this one answers; without a name none of them."""
        if name is None:
            yield
            return
        self._peft.set_adapter(name)
        self._peft.base_model.enable_adapter_layers()
        try:
            yield
        finally:
            self._peft.base_model.disable_adapter_layers()

    def _named(self) -> dict[str, torch.Tensor]:
        """Weights by name; one that two layers share comes once."""
        return dict(self.base.named_parameters())
