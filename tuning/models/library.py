"""Any causal language model that transformers knows, with the tricks that an unmodified one takes.

The shared prefix is encoded once, prompts are sorted by length, finished rows are dropped and the
vocabulary head runs on completion tokens only. The adapter is PEFT's own.
"""

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, DynamicCache

from tuning.constrain import Constraint
from tuning.encode import Encoded, stop_ids
from tuning.errors import TuningError
from tuning.memory import Room
from tuning.models.base import ANSWERING, Generated
from tuning.models.greedy import Greedy
from tuning.models.likelihood import Likelihood, Predicting
from tuning.models.recomputing import each_layer_twice
from tuning.models.shared import (
    WAVE_TOKENS,
    common_prefix,
    known_targets,
    must_fit,
    read_adapter,
    waves_within,
)
from tuning.models.switching import Switching
from tuning.models.whole import Masters, is_whole, take_over, write_model
from tuning.recipe import AdapterShape


class LibraryModel(Likelihood, Switching):
    """A transformers model; see `tuning.models.base.LanguageModel`.

    Raises:
        TuningError: a recurrent architecture.
    """

    path = "library"

    def __init__(
        self, folder: Path, tokenizer: Any, dtype: torch.dtype, device: torch.device
    ) -> None:
        self._folder = folder
        self._masters: Masters | None = None
        self._changed = False
        """The weights are no longer the base's."""
        # Masked SDPA's backward was measured ten times slower than plain attention on the CPU.
        attention = "sdpa" if device.type == "cuda" else "eager"
        self._open: Callable[[], Any] = partial(
            AutoModelForCausalLM.from_pretrained,
            str(folder),
            dtype=dtype,
            attn_implementation=attention,
            use_safetensors=True,
            trust_remote_code=False,
            local_files_only=True,
        )
        base: Any = self._open()
        if base._is_stateful:
            raise TuningError(
                f"architecture {base.config.model_type!r} is recurrent, which is not supported: "
                "padding would change its state",
                "choose a model that has attention in every layer",
            )
        self.base: Any = base.to(device).eval().requires_grad_(False)
        self.tokenizer, self.device = tokenizer, device
        self.context_length = int(getattr(self.base.config, "max_position_embeddings", 2048))
        self.n_parameters = sum(p.numel() for p in self.base.parameters())
        self.room = Room()
        self._stops = stop_ids(tokenizer)
        # renamed in transformers 5.24; the old name warns there and the new one fails before
        named = inspect.signature(type(self.base).forward).parameters
        self._cache_name = "cache" if "cache" in named else "past_key_values"
        config = self.base.config.get_text_config()
        self._window: int | None = getattr(config, "sliding_window", None) or getattr(
            config, "attention_chunk_size", None
        )
        self._peft: Any = None

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
        cut = waves_within(lengths, WAVE_TOKENS, self._window, shared)

        def answers(wave: list[int]) -> list[tuple[list[int], bool]]:
            going = Greedy(len(wave), self._stops, constraint)
            self._decode(prefix, [rows[i] for i in wave], max_new_tokens, going)
            return going.answers()

        for wave, done in self.room.through(ANSWERING, cut, answers):
            for index, (ids, truncated) in zip(wave, done, strict=True):
                yield Generated(index, ids, truncated)

    def _predicting(self, rows: Sequence[Encoded]) -> Predicting:
        # a layer that is computed again for backward cannot read a cache, which it would fill twice
        twice = self.room.twice and torch.is_grad_enabled()
        shared = 0 if twice else common_prefix([row.prompt for row in rows])
        ids = [[*row.prompt[shared:], *row.completion] for row in rows]
        where: list[int] = []
        column: list[int] = []
        learned: list[int] = []
        for at, row in enumerate(rows):
            end = len(ids[at])
            where.extend([at] * len(row.completion))
            column.extend(range(end - len(row.completion) - 1, end - 1))
            learned.extend(row.completion)
        with each_layer_twice(self.base) if twice else nullcontext():
            cache = None if twice else DynamicCache()
            prefix = list(rows[0].prompt[:shared])
            logits, _ = self._prefill(prefix, ids, (where, column), cache)
        wanted, owner = torch.tensor([learned, where], device=self.device)
        return Predicting(logits.float(), wanted, owner)

    def new_adapter(self, shape: AdapterShape | None, seed: int) -> None:
        """A fresh PEFT adapter on every linear layer but the head; or all weights."""
        self.load_adapter(None)
        if shape is None:
            self._masters, self._changed = Masters(self._named()), True
            return
        from peft import LoraConfig, get_peft_model

        linear = [n for n, m in self.base.named_modules() if isinstance(m, torch.nn.Linear)]
        config = LoraConfig(
            r=shape.rank,
            lora_alpha=shape.alpha,
            lora_dropout=0.0,
            target_modules=known_targets(linear),
            task_type="CAUSAL_LM",
        )
        torch.manual_seed(seed)
        self._peft = get_peft_model(self.base, config)

    def continue_adapter(self, folder: Path) -> None:
        """A saved adapter's matrices, float32, or all weights."""
        self.load_adapter(folder)
        if self._peft is None:
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
        if self._changed and not whole:
            self.base = self._open().to(self.device).requires_grad_(False)
            self._changed = False
        try:
            if whole:
                self._changed = True
                take_over(whole, self._named())
            elif folder is not None:
                from peft import PeftModel

                must_fit(read_adapter(folder), dict(self.base.named_modules()), folder)
                self._peft = PeftModel.from_pretrained(self.base, str(folder), is_trainable=False)
        except TuningError:
            self.load_adapter(None)
            raise
        self.base.eval()

    def _named(self) -> dict[str, torch.Tensor]:
        """Weights by name; one that two layers share comes once."""
        return dict(self.base.named_parameters())

    def _prefill(
        self,
        prefix: list[int],
        rows: Sequence[Sequence[int]],
        chosen: tuple[Sequence[int], Sequence[int]],
        cache: Any,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits of chosen tokens of right-padded rows, and the mask of the cache.

        Args:
            prefix: ids that every row continues.
            rows: ids of each row.
            chosen: row of each token, and its position there.
            cache: empty; or None, and there is no prefix.
        """
        where, column = chosen
        if prefix:
            self.base.get_decoder()(
                input_ids=torch.tensor([prefix], device=self.device),
                **self._with(cache),
            )
            cache.batch_repeat_interleave(len(rows))
        longest = max(len(row) for row in rows)
        ids = torch.zeros(len(rows), longest, dtype=torch.long)
        mask = torch.ones(len(rows), len(prefix) + longest, dtype=torch.long)
        for at, row in enumerate(rows):
            ids[at, : len(row)] = torch.tensor(row)
            mask[at, len(prefix) + len(row) :] = 0
        positions = (len(prefix) + torch.arange(longest)).expand(len(rows), -1)
        mask = mask.to(self.device)
        logits = self._logits(
            lambda states: states[where, column],
            input_ids=ids.to(self.device),
            attention_mask=mask,
            position_ids=positions.to(self.device),
            **self._with(cache),
        )
        return logits, mask

    def _decode(
        self,
        prefix: list[int],
        rows: Sequence[Sequence[int]],
        max_new_tokens: int,
        going: Greedy,
    ) -> None:
        """Greedy continuation of every row; see `tuning.models.llama.decode.decode`."""
        if not going.open:
            return
        with torch.inference_mode():
            ends = [len(row) - 1 for row in rows]
            cache = DynamicCache()
            logits, mask = self._prefill(prefix, rows, (range(len(rows)), ends), cache)
            position = len(prefix) + 1 + torch.tensor(ends, device=self.device)
            for step in range(max_new_tokens):
                if not going.take(logits) or step + 1 == max_new_tokens:
                    break
                kept = going.drop()
                if kept is not None:
                    keep = torch.tensor(kept, device=self.device)
                    cache.batch_select_indices(keep)
                    mask, position = mask[keep], position[keep]
                mask = torch.cat([mask, mask.new_ones(len(mask), 1)], 1)
                logits = self._logits(
                    lambda states: states[:, 0],
                    input_ids=torch.tensor(going.tokens, device=self.device)[:, None],
                    attention_mask=mask,
                    position_ids=position[:, None],
                    **self._with(cache),
                )
                position = position + 1

    def _with(self, cache: Any) -> dict[str, Any]:
        """The cache under the name this release of transformers calls it by; None for none."""
        return {self._cache_name: cache, "use_cache": cache is not None}

    def _logits(self, pick: Callable[[torch.Tensor], torch.Tensor], **inputs: Any) -> torch.Tensor:
        """Logits (n, V) of the states that `pick` takes from (rows, length, H).

        The states are picked at the door of the head, so that whatever an architecture does to
        its logits afterwards (Gemma caps them, Granite divides them) is its own code's work.
        """
        head = self.base.get_output_embeddings()
        hook = head.register_forward_pre_hook(lambda _, states: (pick(states[0]),))
        try:
            logits: torch.Tensor = self.base(**inputs).logits
        finally:
            hook.remove()
        return logits
