"""The engine on a card against transformers on the CPU, on a small Llama of random weights."""

import random
from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch

from tests.tuning.oracle import (
    plain_greedy,
    plain_loss,
    plain_model,
    some_ids,
    some_rows,
    trained,
)
from tuning.likelihood import mean_loss
from tuning.memory import give_all_back
from tuning.models import open_model
from tuning.models.llama.batch import pack
from tuning.objective import Completions, add_gradient
from tuning.outcome import Evaluated, Watch
from tuning.pairs import Pair, Pairs, log_likelihoods, referred
from tuning.recipe import AdapterShape, Recipe
from tuning.steps import Steps
from tuning.train import train

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.timeout(300),
    pytest.mark.filterwarnings("default"),
]
CPU = torch.device("cpu")
ROWS = some_rows([(3, 4), (40, 1), (1, 1), (12, 20), (80, 9)], shared=17)
LEARNED = sum(len(row.completion) for row in ROWS)
LESSON = some_rows([(4 + i % 9, 3) for i in range(16)], shared=3)
RECIPE = Recipe(AdapterShape(8, 16), 1e-2, 8, batch_rows=8, evaluations=2, patience=9)


def opened(folder, device, dtype=torch.float32, **more):
    return open_model(folder, dtype=dtype, device=device, **more)


def half(device: torch.device) -> torch.dtype:
    """What the product computes in there."""
    with_it = device.type != "cuda" or torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.bfloat16 if with_it else torch.float32


def falling(model, folder, recipe=RECIPE) -> list[float]:
    """Losses of the steps of a training."""
    losses = []
    watch = Watch(lambda progress: losses.append(progress.loss))
    train(model, LESSON, recipe, folder, lambda: Evaluated(None, mean_loss(model, LESSON)), watch)
    return losses


def test_logits_of_every_token_are_those_of_transformers(device, tiny_model):
    engine, reference = opened(tiny_model, device).model, plain_model(tiny_model)
    draw = random.Random(0)
    shared, rows = some_ids(draw, 23), [some_ids(draw, n) for n in (1, 2, 3, 11, 12, 40, 130)]
    with torch.no_grad():
        found = engine.logits(engine.forward(pack(shared, rows, torch.float32, device))).cpu()
        at = len(shared)
        for row in rows:
            wanted = reference(torch.tensor([shared + row])).logits[0, len(shared) :]
            torch.testing.assert_close(found[at : at + len(row)], wanted, atol=2e-4, rtol=1e-4)
            at += len(row)


def test_loss_and_gradient_of_every_weight_are_those_of_transformers(device, tiny_model):
    reference = plain_model(tiny_model).requires_grad_()
    wanted = plain_loss(reference, ROWS)
    wanted.backward()
    by_name = {name: weight.grad for name, weight in reference.named_parameters()}
    engine = opened(tiny_model, device)
    engine.new_adapter(None, 0)
    loss = engine.loss(ROWS)
    assert float(loss.detach()) == pytest.approx(float(wanted.detach()), abs=1e-4 * LEARNED)
    torch.autograd.backward(loss)
    found = {
        "model.embed_tokens.weight": engine.model.embedding.grad,
        "model.norm.weight": engine.model.norm.grad,
    }
    for index, layer in enumerate(engine.model.layers):
        prefix = f"model.layers.{index}."
        found[f"{prefix}input_layernorm.weight"] = layer.attention_norm.grad
        found[f"{prefix}post_attention_layernorm.weight"] = layer.mlp_norm.grad
        for one in layer.projections():
            pieces = one.weight.grad.split(one.sizes)
            found |= {f"{n}.weight": g for n, g in zip(one.names, pieces, strict=True)}
    assert found.keys() == by_name.keys()
    for name, gradient in found.items():
        scale = float(by_name[name].abs().max())
        torch.testing.assert_close(
            gradient.cpu(), by_name[name], atol=1e-3 * scale, rtol=0, msg=name
        )


def test_the_gradient_of_an_adapter_is_that_of_the_cpu_also_with_layers_computed_twice(
    device, tiny_model
):
    wanted, *found = (
        adapter_gradient(opened(tiny_model, where), twice)
        for where, twice in ((CPU, False), (device, False), (device, True))
    )
    for one in found:
        for mine, theirs in zip(one, wanted, strict=True):
            scale = float(theirs.abs().max())
            torch.testing.assert_close(mine, theirs, atol=1e-3 * scale, rtol=0)


def adapter_gradient(model, recompute: bool) -> list[torch.Tensor]:
    model.new_adapter(AdapterShape(3, 6), 1)
    with torch.no_grad():
        for index, tensor in enumerate(model.adapter_parameters()):
            drawn = torch.randn(tensor.shape, generator=torch.Generator().manual_seed(index))
            tensor.add_(drawn.to(tensor.device), alpha=0.1)
    model.adapter_changed()
    model.room.recompute = recompute
    torch.autograd.backward(model.loss(ROWS))
    return [parameter.grad.cpu() for parameter in model.adapter_parameters()]


@pytest.mark.parametrize("path", ["engine", "library"])
def test_greedy_answers_are_those_of_transformers(device, tiny_model, path):
    draw, reference = random.Random(1), plain_model(tiny_model)
    opening = some_ids(draw, 9)
    prompts = [opening + some_ids(draw, n) for n in (1, 2, 3, 20, 50, 7, 7)]
    model = opened(tiny_model, device, path=path)
    found = {done.row: done.ids for done in model.generate(prompts, 20)}
    stops = model._stops
    wanted = [plain_greedy(reference, prompt, 20, stops)[0] for prompt in prompts]
    assert [found[row] for row in range(len(prompts))] == wanted


def test_answers_held_to_labels_are_those_of_the_cpu(device, tiny_model):
    from tuning.constrain import LabelTrie

    said = [[7, 9, 11, 2], [7, 13, 2], [21, 2], [21, 22, 2]]
    leaning = [[-0.5 - at / 7 for at in range(len(ids))] for ids in said]
    prompts = [row.prompt for row in LESSON]
    here, there = (opened(tiny_model, where) for where in (device, CPU))
    for labels in (LabelTrie(said), LabelTrie(said, leaning)):
        assert sorted(here.generate(prompts, 9, labels)) == sorted(
            there.generate(prompts, 9, labels)
        )


def test_a_micro_batch_never_waits_for_the_card(device, tiny_model, never_waits):
    model = opened(tiny_model, device, half(device))
    model.new_adapter(AdapterShape(8, 16), 0)
    add_gradient(model, Completions(LESSON), LESSON, 48, 60)  # what is found once is found now
    with never_waits():
        loss = model.loss(LESSON) / 48
        torch.autograd.backward(loss)
    assert float(loss.detach()) > 0


@pytest.mark.parametrize("shape", [AdapterShape(8, 16), None], ids=["lora", "full"])
def test_losses_fall_in_what_the_product_computes_in(device, tiny_model, tmp_path, shape):
    recipe = RECIPE if shape else replace(RECIPE, shape=None, learning_rate=1e-3)
    losses = falling(opened(tiny_model, device, half(device)), tmp_path / "card", recipe)
    expected = falling(opened(tiny_model, CPU), tmp_path / "cpu", recipe)
    assert losses[-1] < losses[0] - 0.3
    assert losses == pytest.approx(expected, rel=0.1)


def test_in_float32_a_training_is_that_of_the_cpu(device, tiny_model, tmp_path):
    found, expected = (
        falling(opened(tiny_model, where), tmp_path / where.type / name)
        for where, name in ((device, "found"), (CPU, "expected"))
    )
    assert found == pytest.approx(expected, abs=0.02)


def test_an_adapter_is_learned_on_a_base_in_four_bits(device, tiny_model, tmp_path):
    pytest.importorskip("bitsandbytes")
    pytest.importorskip("peft")
    model = opened(tiny_model, device, half(device), four_bit=True)
    losses = falling(model, tmp_path)
    assert losses[-1] < losses[0] - 0.3
    whole = opened(tiny_model, device, half(device))
    before = mean_loss(whole, LESSON)
    whole.load_adapter(tmp_path)
    assert mean_loss(whole, LESSON) < before


def some_pairs(count: int) -> list[Pair]:
    rows = some_rows([(5 + i % 3, 3 + i % 4) for i in range(2 * count)], shared=3)
    found = zip(rows[::2], rows[1::2], strict=True)
    return [Pair(one.prompt, one.completion, other.completion) for one, other in found]


def test_learning_from_pairs_goes_as_on_the_cpu(device, tiny_model, tmp_path):
    adapter = trained(opened(tiny_model, CPU), tmp_path / "sft")
    recipe = Recipe(None, learning_rate=3e-3, epochs=3, batch_rows=3, evaluations=1, patience=9)
    losses: dict[str, list[float]] = {}
    margins = {}
    for name, where in (("card", device), ("cpu", CPU)):
        model = opened(tiny_model, where)
        model.load_adapter(adapter)
        pairs = referred(model, some_pairs(9))
        margins[name] = [pair.reference for pair in pairs]
        seen = losses.setdefault(name, [])
        watch = Watch(lambda progress, seen=seen: seen.append(progress.loss))
        objective = Pairs(pairs, adapter, 0.3)
        train(model, objective, recipe, tmp_path / name, lambda: Evaluated(None, 1.0), watch)
        assert len(log_likelihoods(model, pairs)) == 9
    assert margins["card"] == pytest.approx(margins["cpu"], abs=2e-3)
    assert losses["card"][0] == pytest.approx(0.6931, abs=1e-3)
    assert losses["card"] == pytest.approx(losses["cpu"], abs=0.02)


@pytest.fixture
def narrow(card) -> Iterator[object]:
    """Leaves so many bytes of the card free, as another program would that holds the rest."""
    held: list[torch.Tensor] = []

    def leave(room: int) -> None:
        give_all_back()
        block = 64 * 2**20
        while torch.cuda.mem_get_info(card)[0] > room + block:
            most = torch.cuda.mem_get_info(card)[0] - room
            size = max(block, most // 2 // block * block)
            held.append(torch.empty(size, dtype=torch.uint8, device=card))

    yield leave
    held.clear()
    give_all_back()


LONG = some_rows([(900, 20)] * 48)


def peak(card, work) -> int:
    """Bytes that some work takes at most, beside what is there already."""
    before = torch.cuda.memory_allocated(card)
    torch.cuda.reset_peak_memory_stats(card)
    work()
    return torch.cuda.max_memory_allocated(card) - before


def test_rows_that_the_card_has_no_memory_for_are_read_in_smaller_parts(card, tiny_model, narrow):
    model, said, losses = opened(tiny_model, card), [], []
    needed = peak(card, lambda: losses.append(mean_loss(model, LONG, 10**6)))
    assert not model.room.rows
    model.room.say = said.append
    narrow(needed // 4)
    assert mean_loss(model, LONG, 10**6) == pytest.approx(losses[0], abs=1e-3)
    assert 1 <= model.room.rows["reading"] <= 24
    assert said[0] == "Memory ran out while reading 48 rows at once: going on with 24"


def test_a_step_that_the_card_has_no_memory_for_is_cut_and_learns_the_same(
    card, tiny_model, narrow
):
    model = opened(tiny_model, card)
    recipe = replace(RECIPE, batch_rows=48, micro_tokens=10**6)

    def run(parts) -> None:
        found = Steps(model, Completions(LONG), recipe)
        settle_on(model)
        parts.append([found.step(1), found.step(2)])

    whole: list[list[float]] = []
    needed = peak(card, lambda: run(whole))
    assert not model.room.rows
    narrow(needed // 4)
    run(whole)
    assert model.room.rows and whole[1] == pytest.approx(whole[0], abs=5e-3)


def settle_on(model) -> None:
    """So that B is not zero."""
    with torch.no_grad():
        for tensor in model.adapter_parameters():
            tensor.add_(0.01)
    model.adapter_changed()
