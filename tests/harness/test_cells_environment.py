"""What a cell's process finds in its environment."""

import subprocess
import sys

import pytest

from harness.executors.local import offline_environment

CARD = ("CUDA_DEVICE_ORDER", "PYTORCH_CUDA_ALLOC_CONF")


@pytest.fixture(autouse=True)
def unset(monkeypatch):
    for name in (*CARD, "PYTORCH_ALLOC_CONF"):
        monkeypatch.delenv(name, raising=False)


def test_the_first_card_is_the_drivers_first_and_its_memory_grows_in_place():
    found = offline_environment()
    assert [found[name] for name in CARD] == ["PCI_BUS_ID", "expandable_segments:True"]
    assert found["HF_HUB_OFFLINE"] == "1"


def test_what_the_user_decides_about_cards_stays(monkeypatch):
    monkeypatch.setenv("CUDA_DEVICE_ORDER", "FASTEST_FIRST")
    monkeypatch.setenv("PYTORCH_CUDA_ALLOC_CONF", "max_split_size_mb:128")
    found = offline_environment()
    assert [found[name] for name in CARD] == ["FASTEST_FIRST", "max_split_size_mb:128"]


def test_the_newer_name_of_a_setting_is_not_overruled_by_the_older_one(monkeypatch):
    monkeypatch.setenv("PYTORCH_ALLOC_CONF", "max_split_size_mb:128")
    found = offline_environment()
    assert "PYTORCH_CUDA_ALLOC_CONF" not in found
    assert found["PYTORCH_ALLOC_CONF"] == "max_split_size_mb:128"


def test_torch_without_a_card_takes_no_notice():
    command = [sys.executable, "-c", "import torch; print(torch.ones(2).sum().item())"]
    done = subprocess.run(
        command, env=offline_environment(), capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("2.0\n", "")
