"""The engine's logits against transformers, in float32, on random Llamas of every shape."""

import random

import pytest
import torch

from tests.tuning.conftest import SHAPES
from tests.tuning.oracle import CPU, plain_model, some_ids
from tuning.models import open_model
from tuning.models.llama.batch import EVEN, EVEN_SLOTS, pack

LENGTHS = {
    "rows of very different lengths": [1, 2, 3, 11, 12, 40, 41, 130],
    "one row": [17],
    "one row of one token": [1],
    "rows of one token": [1, 1, 1],
    "rows of one length": [9, 9, 9, 9],
}


@pytest.fixture(scope="module", params=SHAPES)
def pair(request, llama_of):
    folder = llama_of(request.param)
    return open_model(folder, dtype=torch.float32, device=CPU).model, plain_model(folder)


@pytest.mark.parametrize("prefix", [0, 1, 23, 130])
@pytest.mark.parametrize("lengths", LENGTHS.values(), ids=LENGTHS)
def test_logits_of_every_token_equal_those_of_transformers(pair, prefix, lengths):
    engine, reference = pair
    rng = random.Random(prefix + sum(lengths))
    shared = some_ids(rng, prefix)
    rows = [some_ids(rng, length) for length in lengths]
    with torch.no_grad():
        found = engine.logits(engine.forward(pack(shared, rows, torch.float32, CPU)))
        at = prefix
        for row in rows:
            wanted = reference(torch.tensor([shared + row])).logits[0]
            torch.testing.assert_close(
                found[at : at + len(row)], wanted[prefix:], atol=1e-5, rtol=0
            )
            torch.testing.assert_close(found[:prefix], wanted[:prefix], atol=1e-5, rtol=0)
            at += len(row)
    assert at == len(found)


def test_a_row_sees_nothing_of_the_rows_beside_it(pair):
    engine, _ = pair
    rng = random.Random(3)
    shared, row = some_ids(rng, 6), some_ids(rng, 10)
    beside = [some_ids(rng, 10) for _ in range(2)]
    with torch.no_grad():
        alone = engine.forward(pack(shared, [row], torch.float32, CPU))
        first = engine.forward(pack(shared, [row, beside[0]], torch.float32, CPU))
        second = engine.forward(pack(shared, [row, beside[1]], torch.float32, CPU))
    assert torch.equal(first[:16], second[:16]), "what stands beside a row changed it"
    torch.testing.assert_close(first[:16], alone, atol=1e-5, rtol=0)


def test_only_the_wanted_states_are_the_same_states(pair):
    engine, _ = pair
    rng = random.Random(4)
    batch = pack(some_ids(rng, 5), [some_ids(rng, n) for n in (2, 7, 30)], torch.float32, CPU)
    with torch.no_grad():
        every = engine.forward(batch)
        last = engine.forward(batch, only=batch.last)
    assert batch.last.tolist() == [6, 13, 43]
    torch.testing.assert_close(last, every[batch.last], atol=1e-5, rtol=0)


def test_the_sizes_come_from_the_config(pair):
    engine, reference = pair
    config = reference.config
    assert engine.config.layers == config.num_hidden_layers
    assert engine.config.head_dim == config.head_dim
    assert engine.config.context_length == 2048
    assert engine.config.rope_theta == config.rope_parameters["rope_theta"]
    assert engine.n_parameters == sum(p.numel() for p in reference.parameters())


@pytest.mark.parametrize("prefix", [0, 23])
def test_a_batch_that_is_filled_up_says_the_same_of_its_own_tokens(pair, prefix):
    engine, _ = pair
    rng = random.Random(5)
    shared, rows = some_ids(rng, prefix), [some_ids(rng, n) for n in (2, 7, 30, 31)]
    bare = pack(shared, rows, torch.float32, CPU)
    even = pack(shared, rows, torch.float32, CPU, even=True)
    with torch.no_grad():
        found, wanted = engine.forward(even), engine.forward(bare)
    assert len(found) % EVEN == 0 and len(found) > len(wanted)
    assert all(bucket.length % EVEN_SLOTS == 0 for bucket in even.buckets)
    torch.testing.assert_close(found[: len(wanted)], wanted, atol=1e-5, rtol=0)
