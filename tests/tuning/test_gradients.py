"""The hand-written gradients against finite differences in float64, or against autograd."""

import random

import pytest
import torch

from tests.tuning.oracle import some_ids, some_rows
from tuning.models.llama.adapter import Adapter
from tuning.models.llama.batch import pack
from tuning.models.llama.ops import adapted_linear, from_slots, rms_norm, rotate, to_slots
from tuning.recipe import AdapterShape


def random_tensors(*shapes, dtype=torch.float64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(shape, generator=generator, dtype=dtype) for shape in shapes]


@pytest.mark.parametrize("sizes", [(7,), (5, 3, 3), (6, 6)], ids=["one", "q k v", "gate up"])
def test_adapted_linear_has_the_gradient_of_finite_differences(sizes):
    x, a, b, *weights = random_tensors(
        (4, 5), (2 * len(sizes), 5), (sum(sizes), 2), *((size, 5) for size in sizes)
    )
    adapter = Adapter(torch.cat(weights), sizes, AdapterShape(2, 3))

    def layer(x, a, b):
        adapter.a, adapter.b = a, b
        adapter.sync()
        return adapted_linear(x, a, b, adapter)

    inputs = [tensor.requires_grad_() for tensor in (x, a, b)]
    # the gradients of A and B are kept in float32, hence the tolerance
    assert torch.autograd.gradcheck(layer, inputs, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("sizes", [(7,), (5, 3, 3)], ids=["one", "q k v"])
def test_adapted_linear_is_the_textbook_formula_piece_by_piece(sizes):
    rank, shape = 2, AdapterShape(2, 3)
    x, a, b, *weights = random_tensors(
        (4, 5), (rank * len(sizes), 5), (sum(sizes), rank), *((size, 5) for size in sizes)
    )
    adapter = Adapter(torch.cat(weights), sizes, shape)
    adapter.a, adapter.b = a, b
    adapter.sync()
    wanted, start = [], 0
    for i, (size, weight) in enumerate(zip(sizes, weights, strict=True)):
        low = x @ a[i * rank : (i + 1) * rank].t()
        wanted.append(x @ weight.t() + 1.5 * low @ b[start : start + size].t())
        start += size
    torch.testing.assert_close(adapter(x), torch.cat(wanted, 1))


def test_a_small_adapter_is_not_lost_in_the_rounding_of_bfloat16():
    """A term far below half a unit in the last place must still move the outputs on average."""
    shift, n_out = 2.0**-11, 20_000
    x = torch.randn(1, 64, generator=torch.Generator().manual_seed(0)).bfloat16()
    weight = torch.randn(n_out, 64, generator=torch.Generator().manual_seed(1)) / 64
    weight = (weight + 1.5 * x.float() / x.float().square().sum()).bfloat16()  # outputs about 1.5
    adapter = Adapter(weight, [n_out], AdapterShape(1, 1))
    before = adapter(x).detach().float()
    with torch.no_grad():
        adapter.a.copy_(x.float() / x.float().square().sum())  # x A^T is 1
        adapter.b.fill_(shift)
    adapter.sync()
    moved = adapter(x).detach().float() - before
    unit = 2.0**-7  # of bfloat16 between 1 and 2
    assert before.mean() == pytest.approx(1.5, abs=0.05)
    assert set(moved.unique().tolist()) >= {0.0, unit}
    assert float(moved.mean()) == pytest.approx(shift, rel=0.15)
    rounded_first = (before.bfloat16() + torch.tensor(shift).bfloat16()).float() - before
    assert abs(float(rounded_first.mean())) < shift / 4, "added after rounding it is lost"


def test_the_first_layer_gives_its_matrices_gradients_without_one_for_the_input():
    x, a, b, weight, upstream = random_tensors((4, 5), (2, 5), (7, 2), (7, 5), (4, 7))
    gradients = []
    for wanted in (False, True):
        adapter = Adapter(weight, [7], AdapterShape(2, 4))
        adapter.a = a.clone().requires_grad_()
        adapter.b = b.clone().requires_grad_()
        adapter.sync()
        own = x.clone().requires_grad_(wanted)
        adapter(own).backward(upstream)
        gradients.append((adapter.a.grad, adapter.b.grad))
        assert (own.grad is not None) == wanted
    for without, with_input in zip(*gradients, strict=True):
        torch.testing.assert_close(without, with_input)


def test_rotate_has_the_gradient_of_finite_differences():
    x, angle = random_tensors((3, 5, 4), (3, 4, 2))  # four heads rotated, the fifth passes

    def turn(x):
        return rotate(x, angle.cos(), angle.sin())

    assert torch.autograd.gradcheck(turn, [x.requires_grad_()])


def test_rotate_turns_pairs_half_a_head_apart_by_their_angle_and_passes_the_rest():
    x, angle = random_tensors((3, 5, 4), (3, 4, 2))
    found = rotate(x, angle.cos(), angle.sin())
    pairs = torch.complex(x[:, :4, :2].contiguous(), x[:, :4, 2:].contiguous())
    turned = pairs * torch.polar(torch.ones_like(angle), angle)
    torch.testing.assert_close(found[:, :4], torch.cat([turned.real, turned.imag], -1))
    assert torch.equal(found[:, 4], x[:, 4])


def test_rotate_takes_the_gradient_of_a_sum_which_is_one_number_expanded():
    x, angle = random_tensors((3, 5, 4), (3, 4, 2))
    x.requires_grad_()
    rotate(x, angle.cos(), angle.sin()).sum().backward()
    plain = x.detach().clone().requires_grad_()
    left, right = plain[:, :4].chunk(2, -1)
    cos, sin = angle.cos(), angle.sin()
    (left * cos - right * sin + right * cos + left * sin).sum().backward()
    torch.testing.assert_close(x.grad[:, :4], plain.grad[:, :4])
    assert torch.equal(x.grad[:, 4], torch.ones(3, 4, dtype=torch.float64))


def plain_rms_norm(x, weight, eps):
    return x / (x.pow(2).mean(-1, keepdim=True) + eps).sqrt() * weight


@pytest.mark.parametrize("scale", [1e-3, 1.0, 100.0])
def test_rms_norm_has_the_gradient_of_plain_autograd(scale):
    x, weight, upstream = random_tensors((6, 16), (16,), (6, 16), dtype=torch.float32)
    x = x * scale
    found, wanted = x.clone().requires_grad_(), x.double().requires_grad_()
    y = rms_norm(found, weight, 1e-5)
    plain = plain_rms_norm(wanted, weight.double(), 1e-5)
    torch.testing.assert_close(y.double(), plain, atol=1e-5, rtol=1e-5)
    y.backward(upstream)
    plain.backward(upstream.double())
    torch.testing.assert_close(found.grad.double(), wanted.grad, atol=1e-6 / scale, rtol=1e-4)


def test_rms_norm_leaves_its_input_and_gradient_as_they_are():
    x, weight, upstream = random_tensors((6, 16), (16,), (6, 16), dtype=torch.float32)
    before, given = x.clone(), upstream.clone()
    leaf = x.requires_grad_()
    rms_norm(leaf, weight, 1e-5).backward(upstream)
    # in float32 x.float() is x itself: an operation in place would change what others still need
    assert torch.equal(leaf.detach(), before)
    assert torch.equal(upstream, given)


def test_rms_norm_in_bfloat16_is_computed_in_float32():
    x, weight = random_tensors((6, 64), (64,), dtype=torch.float32)
    low = x.bfloat16()
    found = rms_norm(low, weight.bfloat16(), 1e-5)
    wanted = plain_rms_norm(low.double(), weight.bfloat16().double(), 1e-5)
    assert found.dtype == torch.bfloat16
    # two roundings to 8 bits: of the normalised value and of its product with the weight
    torch.testing.assert_close(found.double(), wanted, rtol=2**-7, atol=1e-6)


def test_there_and_back_through_the_slots_is_the_identity_with_its_gradient():
    bucket = pack([], [row.prompt for row in some_rows([(2, 1), (5, 1), (6, 1)])],
                  torch.float64, torch.device("cpu")).buckets[0]  # fmt: skip
    assert (bucket.rows, bucket.length) == (3, 6)
    (flat,) = random_tensors((13, 2))

    def round_trip(flat):
        return from_slots(to_slots(flat, bucket.gather, bucket.scatter) ** 2, bucket.scatter)

    torch.testing.assert_close(round_trip(flat), flat**2)
    assert torch.autograd.gradcheck(round_trip, [flat.requires_grad_()])


def test_slots_hold_each_row_in_its_place():
    rows = [some_ids(random.Random(n), n) for n in (2, 5, 6)]
    batch = pack([], rows, torch.float32, torch.device("cpu"))
    (bucket,) = batch.buckets
    slots = batch.ids[bucket.gather].view(bucket.rows, bucket.length)
    for slot, row in zip(slots.tolist(), rows, strict=True):
        assert slot[: len(row)] == row
    assert slots.flatten()[bucket.scatter].tolist() == [token for row in rows for token in row]
