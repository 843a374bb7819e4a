"""Batches and attention on a card: those of the CPU, and nothing that waits. Torch alone."""

import pytest
import torch

from tests.tuning.heads import HEADS, LENGTHS, batch_of, config, mixed
from tuning.card import prepare
from tuning.models.llama.attention import fused, grouped

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.timeout(300),
    pytest.mark.filterwarnings("default"),
]
FLAT = ("ids", "positions", "last")


@pytest.mark.parametrize("prefix", [0, 23])
@pytest.mark.parametrize("lengths", LENGTHS.values(), ids=LENGTHS)
def test_a_batch_is_laid_out_as_on_the_cpu_without_waiting(device, never_waits, prefix, lengths):
    batch_of(lengths, prefix, torch.float32, device)  # memory to be pinned is found now
    with never_waits():
        found = batch_of(lengths, prefix, torch.float32, device)
    wanted = batch_of(lengths, prefix, torch.float32)
    for name in FLAT:
        assert getattr(found, name).cpu().equal(getattr(wanted, name)), name
    assert found.lengths == wanted.lengths and len(found.buckets) == len(wanted.buckets)
    for mine, theirs in zip(found.buckets, wanted.buckets, strict=True):
        assert mine[:2] == theirs[:2]
        for name in ("gather", "scatter", "mask"):
            assert getattr(mine, name).cpu().equal(getattr(theirs, name)), name
    if prefix:
        assert found.prefix_mask.cpu().equal(wanted.prefix_mask)


@pytest.mark.parametrize("heads", HEADS.values(), ids=HEADS)
@pytest.mark.parametrize("prefix", [0, 1, 23, 130])
@pytest.mark.parametrize("lengths", LENGTHS.values(), ids=LENGTHS)
def test_the_fused_kernel_gives_values_and_gradients_of_plain_softmax(
    device, heads, prefix, lengths
):
    prepare(device)
    c, batch = config(*heads), batch_of(lengths, prefix, torch.float32, device)
    way = mixed(fused, c, batch, torch.float32)
    plain = mixed(grouped, c, batch_of(lengths, prefix), torch.float64)
    for mine, theirs in zip(way, plain, strict=True):
        torch.testing.assert_close(mine.cpu().double(), theirs, atol=5e-5, rtol=1e-4)


@pytest.mark.parametrize("heads", HEADS.values(), ids=HEADS)
def test_in_bfloat16_it_is_as_near_as_its_rounding(device, heads):
    prepare(device)
    if device.type == "cuda" and not torch.cuda.is_bf16_supported(including_emulation=False):
        pytest.skip("this card has no bfloat16")
    c, lengths = config(*heads), LENGTHS["very different lengths"]
    low = mixed(fused, c, batch_of(lengths, 23, torch.bfloat16, device), torch.bfloat16)
    plain = mixed(grouped, c, batch_of(lengths, 23))
    for mine, theirs in zip(low, plain, strict=True):
        off = (mine.cpu().double() - theirs).abs()
        assert float(off.mean()) < 0.02 and float(off.max()) < 0.3
