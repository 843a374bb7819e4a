import os
import sys

import psutil
import pytest

from harness.device import (
    Card,
    find_card,
    free_cores,
    peak_memory_bytes,
    pick_device,
    usable_cores,
)
from tests.fake_card import machine_with


@pytest.fixture
def machine(monkeypatch):
    """Makes torch report another machine: its CUDA device, or the flags of its CPU."""
    import torch

    def pretend(*, cuda: bool = False, bfloat16: bool = False, **flags) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
        monkeypatch.setattr(torch.cuda, "get_device_name", lambda index: "NVIDIA Test")

        def supported(including_emulation: bool = True) -> bool:
            return bfloat16 or including_emulation  # torch emulates it where it is missing

        monkeypatch.setattr(torch.cuda, "is_bf16_supported", supported)
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: flags, raising=False)

    return pretend


@pytest.mark.parametrize("flag", ["amx_bf16", "avx512_bf16"])
def test_a_processor_with_bfloat16_instructions_works_in_bfloat16(machine, flag):
    machine(**{flag: True, "cpu_name": "Test CPU"})
    device = pick_device()
    assert (device.kind, device.precision) == ("cpu", "bfloat16")
    assert {"amx_bf16": "AMX", "avx512_bf16": "AVX512-BF16"}[flag] in device.why
    assert device.name.startswith("Test CPU, ")


@pytest.mark.parametrize(
    "flags", [{}, {"amx_bf16": False, "avx512_bf16": False}, {"avx2": True, "avx512_f": True}]
)
def test_a_processor_without_them_works_in_float32(machine, flags):
    machine(**flags)
    device = pick_device()
    assert (device.kind, device.precision) == ("cpu", "float32")
    assert device.why == "no CUDA device; the CPU has neither AMX nor AVX512-BF16"


@pytest.mark.parametrize(
    ("bfloat16", "precision", "why"),
    [
        (True, "bfloat16", "a CUDA device with bfloat16"),
        (False, "float32", "a CUDA device without bfloat16"),
    ],
)
def test_cuda_goes_first_and_emulated_bfloat16_does_not_count(machine, bfloat16, precision, why):
    machine(cuda=True, bfloat16=bfloat16, amx_bf16=True)
    device = pick_device()
    assert device[:4] == ("cuda", "NVIDIA Test", precision, why)


@pytest.mark.parametrize(("amx", "avx512"), [(True, False), (False, True), (False, False)])
def test_an_older_torch_is_asked_under_its_older_names(machine, monkeypatch, amx, avx512):
    import torch

    machine()
    monkeypatch.delattr(torch.cpu, "get_capabilities")
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx, raising=False)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: avx512, raising=False)
    assert pick_device().precision == ("bfloat16" if amx or avx512 else "float32")


def test_a_torch_that_cannot_tell_gets_the_safe_precision(machine, monkeypatch):
    import torch

    machine()
    for name in ("get_capabilities", "_is_amx_tile_supported", "_is_avx512_bf16_supported"):
        monkeypatch.delattr(torch.cpu, name, raising=False)
    assert pick_device().precision == "float32"


@pytest.mark.parametrize(
    ("capability", "number", "bfloat16"),
    [("7.5", 7.5, False), ("8.0", 8.0, True), ("12.0", 12.0, True), ("[N/A]", None, None),
     ("", None, None)],
)  # fmt: skip
def test_a_card_is_found_with_its_generation_where_the_driver_tells_it(
    tmp_path, monkeypatch, capability, number, bfloat16
):
    machine_with(tmp_path, monkeypatch, "15360, Tesla T4, of two", capability=capability)
    card = find_card()
    assert card == Card("Tesla T4, of two", 15360 * 2**20, number) and card.bfloat16 is bfloat16


# Threads


def test_the_user_decides_how_many_threads(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert free_cores() == 3


@pytest.mark.parametrize("given", ["", "0", "many", "-2"])
@pytest.mark.parametrize(
    ("busy", "free"), [([0, 0, 0, 0], 4), ([100, 0, 0, 30], 3), ([100, 100, 100, 100], 1)]
)
def test_a_core_that_is_in_use_is_left_to_its_user(monkeypatch, given, busy, free):
    monkeypatch.setenv("OMP_NUM_THREADS", given)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1, 2, 3}, raising=False)
    monkeypatch.setattr(psutil, "cpu_percent", lambda interval, percpu: [float(b) for b in busy])
    assert usable_cores() == 4
    assert free_cores() == free


def test_where_affinity_is_not_known_all_cores_are_usable(monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    assert usable_cores() == 6
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert usable_cores() == 1


@pytest.mark.skipif(sys.platform == "win32", reason="measured another way on Windows")
def test_the_peak_of_memory_covers_what_is_held_and_never_falls():
    before = peak_memory_bytes()
    block = bytearray(64 * 2**20)
    for at in range(0, len(block), 4096):
        block[at] = 1
    held = psutil.Process().memory_info().rss
    slack = 8 * 2**20  # the kernel counts pages in batches
    assert peak_memory_bytes() >= held - slack > 64 * 2**20
    del block
    assert peak_memory_bytes() >= before
