"""A stock script of the ladder: ``python -m bench.stock_script TASK.json MODEL EMBEDDER``.

What one writes from the libraries' first examples: transformers' pipeline for the prompt rung,
sentence-transformers and FAISS before it for retrieval, TRL (PEFT by hand where it is missing) for
LoRA, then the pipeline again. No part of this project's engine, prompts come ready from the file.
Prints JSON: seconds by step and answers by rung.
"""

import json
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

NEW_TOKENS = 48
RATE, BATCH = 1e-3, 8


def main(task_file: str, model: str, embedder: str) -> None:
    """The whole ladder."""
    task = json.loads(Path(task_file).read_text(encoding="utf-8"))
    clock: dict[str, float] = {}
    began = time.perf_counter()
    said = {"prompt": _answered(model, task, task["asked"])}
    clock["prompt"] = time.perf_counter() - began
    said["rag"] = _answered(model, task, _with_passages(embedder, task))
    clock["rag"] = time.perf_counter() - began - sum(clock.values())
    with tempfile.TemporaryDirectory() as folder:
        _trained(model, task, folder)
        clock["training"] = time.perf_counter() - began - sum(clock.values())
        said["finetune"] = _answered(folder, task, task["asked"])
    clock["finetune"] = time.perf_counter() - began - sum(clock.values())
    print(json.dumps({"seconds": clock, "answers": said}))


def _answered(model: str, task: Any, questions: list[str]) -> list[str]:
    from transformers import pipeline

    ask: Any = pipeline("text-generation", model=model, dtype=task["precision"])
    said = []
    for question in questions:
        made = ask(_messages(task, question), max_new_tokens=NEW_TOKENS, do_sample=False)
        said.append(str(made[0]["generated_text"][-1]["content"]))
    return said


def _messages(task: Any, question: str) -> list[dict[str, str]]:
    return [{"role": "system", "content": task["system"]}, {"role": "user", "content": question}]


def _with_passages(embedder: str, task: Any) -> list[str]:
    import faiss
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(embedder)
    vectors = model.encode(task["passages"], normalize_embeddings=True, show_progress_bar=False)
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    asked = model.encode(task["asked"], normalize_embeddings=True, show_progress_bar=False)
    found = index.search(asked, 2)[1].tolist()
    return [
        "\n\n".join(task["passages"][row] for row in reversed(rows)) + f"\n\nQuestion: {question}"
        for question, rows in zip(task["asked"], found, strict=True)
    ]


def _trained(model: str, task: Any, folder: str) -> None:
    """One epoch of LoRA, the adapter saved."""
    from peft import LoraConfig

    shape = LoraConfig(
        r=task["rank"], lora_alpha=2 * task["rank"],
        target_modules="all-linear", task_type="CAUSAL_LM",
    )  # fmt: skip
    rows = [
        {"prompt": _messages(task, question),
         "completion": [{"role": "assistant", "content": answer}]}
        for question, answer in task["train"]
    ]  # fmt: skip
    by = _by_trl if find_spec("trl") else _by_hand
    by(model, shape, rows, folder)


def _by_trl(model: str, shape: Any, rows: list[Any], folder: str) -> None:
    import torch
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    config = SFTConfig(
        output_dir=folder, per_device_train_batch_size=BATCH, num_train_epochs=1,
        learning_rate=RATE, use_cpu=not torch.cuda.is_available(),
        bf16=torch.cuda.is_available(), save_strategy="no", report_to=[], disable_tqdm=True,
    )  # fmt: skip
    trainer = SFTTrainer(
        model, args=config, train_dataset=Dataset.from_list(rows), peft_config=shape
    )
    trainer.train()
    trainer.save_model(folder)


def _by_hand(model: str, shape: Any, rows: list[Any], folder: str) -> None:
    import torch
    from peft import get_peft_model
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(model)
    base: Any = AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32)
    learning: Any = get_peft_model(base, shape)
    optimiser = torch.optim.AdamW([p for p in learning.parameters() if p.requires_grad], lr=RATE)
    for at in range(0, len(rows), BATCH):
        texts = [
            tokenizer.apply_chat_template([*one["prompt"], *one["completion"]], tokenize=False)
            for one in rows[at : at + BATCH]
        ]
        tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
        batch = tokenizer(texts, padding=True, return_tensors="pt")
        labels = batch["input_ids"].masked_fill(batch["attention_mask"] == 0, -100)
        learning(**batch, labels=labels).loss.backward()
        optimiser.step()
        optimiser.zero_grad()
    learning.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


if __name__ == "__main__":
    main(*sys.argv[1:4])
