"""The card that these tests want. What they import is torch, and transformers where it is there.

``RUNGWISE_GPU_TESTS_ON=cpu`` runs them without a card, as far as they can be: whoever changes one
sees that it works before a machine is at hand.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

import pytest
import torch

ON = os.environ.get("RUNGWISE_GPU_TESTS_ON", "cuda")
collect_ignore = []
if find_spec("transformers") is None:  # what these hold the engine against, and write models with
    collect_ignore = ["test_engine_on_card.py", "test_rates.py"]


def pytest_report_header() -> list[str]:
    """Which files are left out."""
    return [f"without transformers: {name} is left out" for name in collect_ignore]


@pytest.fixture(scope="session")
def device() -> torch.device:
    """Where the models go; products in float32 stay in float32."""
    if ON == "cuda" and not torch.cuda.is_available():
        pytest.fail("torch sees no CUDA device; RUNGWISE_GPU_TESTS_ON=cpu does without one")
    if ON == "cuda":
        torch.set_num_threads(os.cpu_count() or 1)  # for other tests it is one
        torch.set_float32_matmul_precision("highest")
    return torch.device(ON)


@pytest.fixture
def card(device) -> torch.device:
    """A card and nothing else."""
    if device.type != "cuda":
        pytest.skip("only a card can show it")
    return device


@pytest.fixture
def never_waits(device):
    """A block in which it is an error to wait for the card."""

    @contextmanager
    def block() -> Iterator[None]:
        if device.type != "cuda":
            yield
            return
        torch.cuda.set_sync_debug_mode("error")
        try:
            yield
        finally:
            torch.cuda.set_sync_debug_mode("default")

    return block
