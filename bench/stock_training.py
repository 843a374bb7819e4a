"""TRL's SFTTrainer at the steps of ``bench.training``: by its defaults, and tuned by configuration.

Defaults: float32 weights, gradient checkpointing, and autocast to bfloat16 where the machine has
it. Tuned: weights in the machine's precision, eager attention, no checkpointing. Batch, learning
rate, rows and their order are given alike.
"""

import tempfile
import time
from typing import TYPE_CHECKING, Any

from bench.sides import Done, Work

if TYPE_CHECKING:
    from bench.training import Given


def trl_steps(given: "Given", tuned: bool) -> Work:
    """Steps of TRL; a new trainer a turn, whose making is not timed."""
    import torch
    from peft import PeftModel, set_peft_model_state_dict
    from safetensors.torch import load_file
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from bench.training import warm_up

    torch.set_num_threads(given.threads)
    tokenizer: Any = AutoTokenizer.from_pretrained(str(given.folder))
    dtype = getattr(torch, given.precision) if tuned else torch.float32
    chosen = {"attn_implementation": "eager"} if tuned and given.kind == "cpu" else {}
    base: Any = AutoModelForCausalLM.from_pretrained(str(given.folder), dtype=dtype, **chosen)
    model: Any = PeftModel.from_pretrained(
        base.to(given.kind), str(given.adapter), is_trainable=True
    )
    saved = load_file(given.adapter / "adapter_model.safetensors")

    def work(job: str) -> Done:
        set_peft_model_state_dict(model, saved)
        with tempfile.TemporaryDirectory() as folder:
            trainer, clock = _trainer(given, tuned, model, tokenizer, given.rows[job], folder)
            trainer.train()
        losses = [float(one["loss"]) for one in trainer.state.log_history if "loss" in one]
        return Done(losses, clock.seconds)

    warm_up(given, work)
    return work


def _trainer(
    given: "Given", tuned: bool, model: Any, tokenizer: Any, batches: Any, folder: str
) -> Any:
    """A trainer over these batches in their order, and the clock of its steps."""
    from datasets import Dataset, disable_progress_bars
    from transformers import PrinterCallback, TrainerCallback
    from trl import SFTConfig, SFTTrainer

    from bench.training import CLIP, RATE

    class Clock(TrainerCallback):
        """Seconds from the first step's beginning to the last one's end."""

        seconds = started = 0.0

        def on_step_begin(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
            self.started = self.started or time.perf_counter()

        def on_step_end(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
            self.seconds = time.perf_counter() - self.started

    disable_progress_bars()
    rows = [row for batch in batches for row in batch]
    data = Dataset.from_dict(
        {
            "input_ids": [[*row.prompt, *row.completion] for row in rows],
            "completion_mask": [[0] * len(row.prompt) + [1] * len(row.completion) for row in rows],
        }
    )
    changed: dict[str, Any] = {"gradient_checkpointing": False} if tuned else {}
    config = SFTConfig(
        output_dir=folder, per_device_train_batch_size=len(batches[0]), num_train_epochs=1,
        learning_rate=RATE, lr_scheduler_type="constant", max_grad_norm=CLIP, logging_steps=1,
        train_sampling_strategy="sequential", save_strategy="no", report_to=[], disable_tqdm=True,
        completion_only_loss=True, use_cpu=given.kind == "cpu",
        bf16=given.precision == "bfloat16" and not tuned, dataloader_pin_memory=False, **changed,
    )  # fmt: skip
    clock = Clock()
    trainer = SFTTrainer(
        model, args=config, train_dataset=data, processing_class=tokenizer, callbacks=[clock]
    )
    trainer.remove_callback(PrinterCallback)
    return trainer, clock
