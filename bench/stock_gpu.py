"""Stock parts at the work of ``bench.gpu``: transformers, TRL by its defaults, QLoRA by PEFT."""

import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from bench.tiny import padded, tokens_of
from tuning.encode import Encoded

if TYPE_CHECKING:
    from bench.gpu import Sizes


class Rates(NamedTuple):
    """Tokens a second by repeat."""

    tokens_per_s: list[float]


class Generation(NamedTuple):
    """Batched `generate`, ready to go."""

    work: Callable[[], object]
    outputs: list[list[int]]
    """New ids of each prompt, after the work."""


TOGETHER = 64
"""Prompts of one batch of `generate`."""
SHAPE: dict[str, Any] = {
    "r": 16,
    "lora_alpha": 32,
    "target_modules": "all-linear",
    "task_type": "CAUSAL_LM",
}


def generate_rate(folder: Path, sizes: "Sizes", prompts: Sequence[Sequence[int]]) -> Generation:
    """Sorted batches, padded on the left."""
    import torch

    model = _opened(folder, sizes, getattr(torch, sizes.precision)).eval()
    order = sorted(range(len(prompts)), key=lambda row: len(prompts[row]))
    said: list[list[int]] = [[] for _ in prompts]

    def work() -> None:
        for at in range(0, len(order), TOGETHER):
            rows = order[at : at + TOGETHER]
            longest = max(len(prompts[row]) for row in rows)
            blanks = [longest - len(prompts[row]) for row in rows]
            ids = [[0] * n + list(prompts[row]) for n, row in zip(blanks, rows, strict=True)]
            mask = [[0] * n + [1] * (longest - n) for n in blanks]
            with torch.inference_mode():
                made = model.generate(
                    torch.tensor(ids, device=sizes.device),
                    attention_mask=torch.tensor(mask, device=sizes.device),
                    max_new_tokens=sizes.new_tokens, do_sample=False,
                )  # fmt: skip
            for row, one in zip(rows, made[:, longest:].tolist(), strict=True):
                said[row] = one

    work()
    return Generation(work, said)


def trl_rate(folder: Path, sizes: "Sizes", rows: Sequence[Encoded]) -> Rates:
    """SFTTrainer by its defaults: float32 weights, autocast to bfloat16, checkpointing."""
    import torch
    from datasets import Dataset
    from peft import LoraConfig, get_peft_model
    from transformers import PrinterCallback, TrainerCallback
    from trl import SFTConfig, SFTTrainer

    stamps: list[float] = []

    class Clock(TrainerCallback):
        """The time after every step."""

        def on_step_end(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
            if sizes.device == "cuda":
                torch.cuda.synchronize()
            stamps.append(time.perf_counter())

    model = get_peft_model(_opened(folder, sizes, torch.float32), LoraConfig(**SHAPE))
    data = Dataset.from_dict(
        {
            "input_ids": [[*row.prompt, *row.completion] for row in rows],
            "completion_mask": [[0] * len(row.prompt) + [1] * len(row.completion) for row in rows],
        }
    )
    with tempfile.TemporaryDirectory() as out:
        config = SFTConfig(
            output_dir=out, per_device_train_batch_size=sizes.batch,
            num_train_epochs=sizes.repeats + 1, completion_only_loss=True, disable_tqdm=True,
            use_cpu=sizes.device == "cpu", bf16=sizes.device == "cuda", report_to=[],
            save_strategy="no", train_sampling_strategy="sequential",
        )  # fmt: skip
        trainer = SFTTrainer(
            model, args=config, train_dataset=data, processing_class=_filler(folder),
            callbacks=[Clock()],
        )  # fmt: skip
        trainer.remove_callback(PrinterCallback)
        trainer.train()
    ends = stamps[sizes.steps - 1 :: sizes.steps]  # of the epochs; the first one warms up
    return Rates([tokens_of(rows) / (b - a) for a, b in pairwise(ends)])


def qlora_rate(folder: Path, sizes: "Sizes", rows: Sequence[Encoded]) -> Rates:
    """LoRA by PEFT on weights of 4 bits; padded batches; nothing computed twice, as in ours."""
    import torch
    from peft import LoraConfig, get_peft_model, prepare_model_for_kbit_training
    from transformers import BitsAndBytesConfig

    bits = BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )  # fmt: skip
    base = _opened(folder, sizes, torch.bfloat16, quantization_config=bits)
    model = get_peft_model(
        prepare_model_for_kbit_training(base, use_gradient_checkpointing=False), LoraConfig(**SHAPE)
    )
    model.train()
    optimiser = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-4)
    per_s: list[float] = []
    for _ in range(sizes.repeats + 1):
        torch.cuda.synchronize()
        started = time.perf_counter()
        for at in range(0, len(rows), sizes.batch):
            batch = padded(rows[at : at + sizes.batch])
            model(**{name: t.to(sizes.device) for name, t in batch.items()}).loss.backward()
            optimiser.step()
            optimiser.zero_grad()
        torch.cuda.synchronize()
        per_s.append(tokens_of(rows) / (time.perf_counter() - started))
    return Rates(per_s[1:])


def _opened(folder: Path, sizes: "Sizes", dtype: Any, **more: Any) -> Any:
    from transformers import AutoModelForCausalLM

    model: Any = AutoModelForCausalLM.from_pretrained(str(folder), dtype=dtype, **more)
    return model if more else model.to(sizes.device)


def _filler(folder: Path) -> Any:
    """A tokenizer for a trainer that insists on one: rows are ids already."""
    from tokenizers import Tokenizer, models
    from transformers import PreTrainedTokenizerFast

    made = Tokenizer(models.WordLevel({"<pad>": 0}, unk_token="<pad>"))
    return PreTrainedTokenizerFast(tokenizer_object=made, pad_token="<pad>", eos_token="<pad>")
