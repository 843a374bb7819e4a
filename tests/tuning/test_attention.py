"""The three ways to compute attention say the same: CUDA's is held to the CPU's, on the CPU."""

import pytest
import torch
from torch.autograd.graph import saved_tensors_hooks

from tests.tuning.heads import HEADS, LENGTHS, batch_of, config, mixed
from tuning import card
from tuning.footprint import Load, footprint
from tuning.models.llama import attention as module
from tuning.models.llama import batch as batches
from tuning.models.llama.attention import FAR_LONGER, fused, grouped
from tuning.sizes import ModelSizes


@pytest.mark.parametrize("heads", HEADS.values(), ids=HEADS)
@pytest.mark.parametrize("prefix", [0, 1, 23])
@pytest.mark.parametrize("lengths", LENGTHS.values(), ids=LENGTHS)
def test_the_fused_kernel_of_cards_gives_values_and_gradients_of_plain_softmax(
    heads, prefix, lengths, monkeypatch
):
    monkeypatch.setattr(module, "FAR_LONGER", 10_000)  # as on a card, where no prefix lies apart
    c, batch = config(*heads), batch_of(lengths, prefix)
    for mine, theirs in zip(mixed(fused, c, batch), mixed(grouped, c, batch), strict=True):
        torch.testing.assert_close(mine, theirs, atol=1e-10, rtol=1e-10)


@pytest.mark.parametrize("heads", HEADS.values(), ids=HEADS)
def test_a_long_prefix_that_is_read_where_it_lies_gives_what_its_copies_give(heads, monkeypatch):
    c, batch = config(*heads), batch_of([2, 3, 5, 5], 5 * FAR_LONGER + 1)
    apart = mixed(grouped, c, batch)
    monkeypatch.setattr(module, "FAR_LONGER", 10_000)
    for copied in (mixed(fused, c, batch), mixed(grouped, c, batch)):
        for mine, theirs in zip(apart, copied, strict=True):
            torch.testing.assert_close(mine, theirs, atol=1e-10, rtol=1e-10)


def test_in_float32_and_with_the_masks_of_a_card_it_is_the_same(monkeypatch):
    monkeypatch.setattr(module, "FAR_LONGER", 10_000)
    c, lengths = config(6, 2), LENGTHS["very different lengths"]
    plain = mixed(grouped, c, batch_of(lengths, 23, torch.float32), torch.float32)
    a_card = torch.device("cuda")
    monkeypatch.setattr(batches, "aligned", lambda n, device: card.aligned(n, a_card))
    batch = batch_of(lengths, 23, torch.float32)
    assert batch.prefix_mask.stride(2) == 24 and batch.prefix_mask.shape[-1] == 23
    for bucket in batch.buckets:
        strides = [s for s, n in zip(bucket.mask.stride(), bucket.mask.shape, strict=True) if n > 1]
        assert strides[-1] == 1 and not any(stride % 8 for stride in strides[:-1])
    for mine, theirs in zip(mixed(fused, c, batch, torch.float32), plain, strict=True):
        torch.testing.assert_close(mine, theirs, atol=2e-5, rtol=1e-5)


@pytest.mark.parametrize("prefix", [0, 3])
def test_a_token_sees_the_prefix_and_its_own_row_up_to_itself_and_filler_sees_something(prefix):
    batch = batch_of([2, 3, 6, 40], prefix)
    assert [bucket.rows for bucket in batch.buckets] == [3, 1]
    first, rows = batch.buckets[0], [2, 3, 6]
    assert first.scatter.tolist() == [0, 1, 6, 7, 8, *range(12, 18)]
    assert first.gather.tolist() == [0, 1, 0, 0, 0, 0, 2, 3, 4, 0, 0, 0, *range(5, 11)]
    for row, length in enumerate(rows):
        for slot in range(6):
            seen = {at for at in range(prefix + 6) if first.mask[row, 0, slot, 0, at] == 0}
            own = {prefix + at for at in range(slot + 1)}
            if slot < length:
                assert seen == {*range(prefix)} | own
            else:
                assert seen == {*range(max(1, prefix))}
    assert batch.positions.tolist()[: prefix + 5] == [
        *range(prefix), prefix, prefix + 1, prefix, prefix + 1, prefix + 2
    ]  # fmt: skip
    assert batch.lengths == (2, 3, 6, 40) and batch.last.tolist() == [
        prefix + end for end in (1, 4, 10, 50)
    ]


@pytest.mark.parametrize("heads", HEADS.values(), ids=HEADS)
@pytest.mark.parametrize(("prefix", "rows", "length"), [(0, 5, 16), (24, 5, 16), (96, 12, 8)])
def test_what_the_forecast_counts_for_a_card_is_what_the_fused_kernel_keeps(
    heads, prefix, rows, length, monkeypatch
):
    monkeypatch.setattr(module, "FAR_LONGER", 10_000)
    c, batch = config(*heads), batch_of([length] * rows, prefix, torch.float32)
    tokens, kept = prefix + rows * length, {}

    def keep(tensor):
        kept[tensor.untyped_storage().data_ptr()] = tensor
        return tensor

    qkv = torch.randn(tokens, c.heads + 2 * c.kv_heads, c.head_dim).requires_grad_()
    with monkeypatch.context() as patch, saved_tensors_hooks(keep, lambda tensor: tensor):
        patch.setattr(module, "_attend", fused)
        module.attention(c, batch, qkv * 1.0)
    masks = [bucket.mask for bucket in batch.buckets]
    masks += [] if batch.prefix_mask is None else [batch.prefix_mask]
    for mask in masks:  # all layers have the same
        kept.pop(mask.untyped_storage().data_ptr())
    found = sum(one.untyped_storage().nbytes() for one in kept.values())
    sizes = ModelSizes(1, 1, 1, c.heads, c.kv_heads, c.head_dim, 1, True)
    load = Load(tokens, 0, prefix + length, 0, 4, shared=prefix)
    with_heads = footprint("lora", sizes, load).activations
    without = footprint("lora", sizes._replace(heads=0, head_dim=0), load).activations
    after = 4 * tokens * c.heads * c.head_dim  # the input of the next product, counted there
    assert found + after == pytest.approx(with_heads - without)
    bare = 2 + 3 + 2  # norms, inputs and gate, of one value each
    assert without == pytest.approx(4 * (tokens * bare + sum(mask.numel() for mask in masks)))
