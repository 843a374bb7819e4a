"""Shared fixtures: a tiny real model, the real data sets where they are, a cache of its own."""

import json
import os
import sys
from pathlib import Path

import pytest

try:
    from hypothesis import settings
except ImportError:  # on a machine with a card there may be little beside torch (tests/gpu)
    settings = None

ROOT = Path(__file__).parents[1]

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
# One thread: tests may run beside each other, and threads that wait for a shared core stall.
os.environ.setdefault("OMP_NUM_THREADS", "1")

if settings is not None:
    # A busy machine makes single examples slow; the time limit of each test still holds.
    settings.register_profile("here", deadline=None)
    settings.load_profile("here")


def pytest_configure(config):
    """Names the marker that pytest-timeout would name, which may be missing beside a card, too."""
    config.addinivalue_line("markers", "timeout(seconds): time limit of a test (pytest-timeout)")


CHAT_TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data sets; they are not part of the project."""
    folder = Path(os.environ.get("RUNGWISE_REAL_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("the real data sets are not on this machine (RUNGWISE_REAL_DATA)")
    return folder


@pytest.fixture(autouse=True)
def own_cache(request, monkeypatch, tmp_path_factory):
    """Converted models of the user's cache stay untouched, but for tests that need the real one."""
    if "slow" not in request.keywords:
        monkeypatch.setenv("RUNGWISE_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))


@pytest.fixture(autouse=True)
def own_main(monkeypatch):
    """AppTest leaves its page as `__main__`, and a process that is spawned later would run it."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])


def make_tokenizer(folder: Path) -> int:
    """A byte-level tokenizer with ChatML markers, trained on a few lines; returns its size."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    lines = [path.read_text(encoding="utf-8") for path in ROOT.glob("advisor/samples/*/data/*.md")]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=600,
        special_tokens=["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([*lines, "system user assistant"], trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="<|im_end|>", pad_token="<|im_end|>"
    )
    fast.chat_template = CHAT_TEMPLATE
    fast.save_pretrained(str(folder))
    return tokenizer.get_vocab_size()


def make_llama(folder: Path, **changes) -> Path:
    """A small Llama with random weights, large enough for its logits to differ."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    size = {
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 16,
        "max_position_embeddings": 2048,
        "tie_word_embeddings": True,
        "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0},
    }
    folder.mkdir(parents=True, exist_ok=True)
    size["vocab_size"] = make_tokenizer(folder)
    model = LlamaForCausalLM(LlamaConfig(**{**size, **changes})).eval()
    for parameter in model.parameters():
        if parameter.dim() > 1:
            parameter.data.mul_(3)
        else:
            parameter.data.uniform_(0.5, 1.5)
    model.save_pretrained(str(folder))
    return folder


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory) -> Path:
    """Folder of a two-layer Llama that any code path can open and train in seconds."""
    return make_llama(tmp_path_factory.mktemp("models") / "tiny")


LABELS = ("billing", "delivery", "login")
WORDS = {
    "billing": ("invoice", "charged twice", "refund", "price", "receipt"),
    "delivery": ("parcel", "courier", "late", "tracking", "box"),
    "login": ("password", "account", "locked out", "code", "email"),
}


def label_rows(n: int) -> list[dict[str, str]]:
    """n short messages of three labels, no two alike."""
    openings = ("Hello,", "Hi", "Please help,", "Urgent:", "Good morning,", "I wonder:")
    rows = []
    for i in range(n):
        label = LABELS[i % 3]
        word = WORDS[label][i // 3 % 5]
        rows.append(
            {"text": f"{openings[i // 15 % 6]} something about {word}, case {i}", "label": label}
        )
    return rows


def write_label_project(root: Path, model: Path, rungs: list[str]) -> Path:
    """A small label project: ninety messages, thirty of them held out."""
    (root / "data").mkdir(parents=True)
    lines = (json.dumps(row) for row in label_rows(90))
    (root / "data" / "examples.jsonl").write_text("\n".join(lines), encoding="utf-8")
    (root / "rungwise.toml").write_text(
        f"""
[project]
name = "Small desk"
[model]
generator = "{model.as_posix()}"
[data]
examples = "data/examples.jsonl"
heldout = 30
[task]
kind = "label"
[check]
rungs = {json.dumps(rungs)}
effort = "quick"
""",
        encoding="utf-8",
    )
    return root


@pytest.fixture
def label_project(tmp_path, tiny_model) -> Path:
    """A small label project on the tiny model."""
    return write_label_project(tmp_path / "project", tiny_model, ["prompt", "few_shot", "finetune"])
