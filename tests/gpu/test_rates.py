"""How near a card comes to what it can do: ``bench.gpu``, held to what it must reach."""

import pytest

from bench import gpu

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.timeout(1800),
    pytest.mark.filterwarnings("default"),
]


def test_lora_on_a_card_is_near_its_matmul_rate(card):
    found = gpu.measure(gpu.replace(gpu.CARD, repeats=2))
    goal = gpu.MUST
    assert {"LoRA", "generation"} <= found.keys(), found["skipped"]
    assert found["LoRA"]["share of the matmul rate"] >= goal["LoRA, share of the matmul rate"]
    assert found["generation"]["ratio"]["median"] >= goal["generation"]
