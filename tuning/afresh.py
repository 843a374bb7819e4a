"""An exported folder as a stranger loads it: transformers, PEFT for an adapter, nothing of ours."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tuning.card import prepare
from tuning.encode import NO_THINKING, conversation

if TYPE_CHECKING:
    import torch

ROWS = 8
"""Prompts that go through the model together."""
CANDIDATES = 50
"""Tokens that are looked at where two answers part."""


class Spoken(NamedTuple):
    """One answer of the stock libraries."""

    row: int
    """Position of the conversation in the call."""
    text: str
    prompt_tokens: int
    ids: list[int]
    """New ids, without the one that ended it."""


class Afresh:
    """A model, its tokenizer and its generation settings, all from the exported folder.

    Args:
        folder: a merged model, or an adapter.
        base: folder of the base that an adapter goes on; None for a merged model.
        dtype: the base's; a merged model says its own.
        device: where it is to run.
    """

    def __init__(
        self, folder: Path, base: Path | None, dtype: "torch.dtype", device: "torch.device"
    ) -> None:
        from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig
        from transformers.utils import logging

        prepare(device)
        logging.disable_progress_bar()  # it would stand among our own lines
        safe = {"trust_remote_code": False, "local_files_only": True}
        self.tokenizer: Any = AutoTokenizer.from_pretrained(str(folder), **safe)
        model: Any = AutoModelForCausalLM.from_pretrained(
            str(base or folder), dtype=dtype if base else "auto", use_safetensors=True, **safe
        )
        if base is not None:
            from peft import PeftModel

            with warnings.catch_warnings():  # of one library to the other, not to the user
                warnings.simplefilter("ignore", FutureWarning)
                model = PeftModel.from_pretrained(model, str(folder), is_trainable=False)
        self.model: Any = model.to(device).eval()
        self.device = device
        self.generation: Any = GenerationConfig.from_pretrained(str(folder))
        # else what a base's own file asks for (a penalty, sampling) fills what is not said here
        self.model.generation_config = self.generation

    def answer(
        self, conversations: Sequence[Sequence[Mapping[str, str]]], rows: int = ROWS
    ) -> Iterator[Spoken]:
        """Greedy answers, those to short prompts first.

        Args:
            conversations: chat messages, the user's last.
            rows: prompts at once; with 1 no prompt is padded.
        """
        ids = [self._ids(one) for one in conversations]
        order = sorted(range(len(ids)), key=lambda row: len(ids[row]))
        for start in range(0, len(order), rows):
            together = order[start : start + rows]
            said = self._continue([ids[row] for row in together])
            for row, new in zip(together, said, strict=True):
                yield Spoken(row, self._text(new), len(ids[row]), new)

    def release(self) -> None:
        """Give the memory back; nothing can be asked any more."""
        self.model = None

    def behind(
        self, messages: Sequence[Mapping[str, str]], said: Spoken, other: str
    ) -> float | None:
        """How far behind another answer was where it parts from the one that was given.

        Args:
            messages: what was asked.
            said: what was answered.
            other: another answer to it.

        Returns:
            The likeliest token's lead over the likeliest with which `other` goes on, as a share of
            its logit (of 1 where that is smaller), for rounding grows with it; None where no token
            among the `CANDIDATES` likeliest does.
        """
        import torch

        shared = next(
            ids
            for ids in (said.ids[:at] for at in range(len(said.ids), -1, -1))
            if other.startswith(self._text(ids))
        )
        ids = torch.tensor([[*self._ids(messages), *shared]], device=self.device)
        with torch.inference_mode():
            logits = self.model(ids, attention_mask=torch.ones_like(ids)).logits[0, -1].float()
        best, tokens = logits.topk(min(CANDIDATES, len(logits)))
        have = self._text(shared)
        for value, token in zip(best, tokens.tolist(), strict=True):
            ended = token in self.generation.eos_token_id
            longer = have if ended else self._text([*shared, token])
            if other == have if ended else len(longer) > len(have) and other.startswith(longer):
                return float(best[0] - value) / max(1.0, abs(float(best[0])))
        return None

    def _ids(self, messages: Sequence[Mapping[str, str]]) -> list[int]:
        # as the model card tells a stranger to: without thinking, and the system text in its place
        found: list[int] = self.tokenizer.apply_chat_template(
            list(conversation(self.tokenizer, messages)),
            add_generation_prompt=True,
            tokenize=True,
            return_dict=False,
            **NO_THINKING,
        )
        return found

    def _continue(self, prompts: Sequence[Sequence[int]]) -> list[list[int]]:
        """New ids of each, up to where it ended."""
        import torch

        longest, filler = max(map(len, prompts)), int(self.generation.pad_token_id)
        blanks = [longest - len(prompt) for prompt in prompts]
        ids = [[filler] * blank + list(p) for blank, p in zip(blanks, prompts, strict=True)]
        mask = [[0] * blank + [1] * (longest - blank) for blank in blanks]
        made = self.model.generate(
            torch.tensor(ids, device=self.device),
            attention_mask=torch.tensor(mask, device=self.device),
        )
        return [self._ended(row[longest:].tolist()) for row in made]

    def _ended(self, ids: list[int]) -> list[int]:
        ends = set(self.generation.eos_token_id)
        return next((ids[:at] for at, token in enumerate(ids) if token in ends), ids)

    def _text(self, ids: Sequence[int]) -> str:
        return str(self.tokenizer.decode(list(ids), skip_special_tokens=True)).strip()
