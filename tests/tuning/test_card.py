"""What is done for a CUDA card, as far as it can be seen without one."""

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from tests.tuning.oracle import CPU, PEFT_WARNING, opened, some_rows, trained
from tests.tuning.test_pairs import some_pairs
from tuning import card
from tuning.at_once import at_once
from tuning.likelihood import mean_loss, read_all
from tuning.models.llama import decode, engine
from tuning.models.padded import Chosen, read_rows
from tuning.objective import Completions, add_gradient
from tuning.outcome import Evaluated
from tuning.pairs import Pair, Pairs, log_likelihoods, referred
from tuning.recipe import AdapterShape, Recipe
from tuning.train import train

CARD = torch.device("cuda")
ROWS = some_rows([(9, 4), (30, 9), (5, 3), (8, 8)], shared=4)


@pytest.fixture
def settings():
    """Two settings of torch, on at first, and afterwards as they were."""
    products = torch.backends.cuda.matmul
    before = (
        torch.backends.cuda.cudnn_sdp_enabled(),
        products.allow_bf16_reduced_precision_reduction,
    )

    def now() -> tuple[bool, bool]:
        return (
            torch.backends.cuda.cudnn_sdp_enabled(),
            products.allow_bf16_reduced_precision_reduction,
        )

    torch.backends.cuda.enable_cudnn_sdp(True)
    products.allow_bf16_reduced_precision_reduction = True
    yield now
    torch.backends.cuda.enable_cudnn_sdp(before[0])
    products.allow_bf16_reduced_precision_reduction = before[1]


def test_on_a_card_no_attention_is_planned_by_shape_and_no_sum_is_rounded_in_between(settings):
    card.prepare(CPU)
    assert settings() == (True, True)
    card.prepare(CARD)
    assert settings() == (False, False)


def test_the_engine_has_torch_set_up_before_it_opens(untied, monkeypatch):
    told = []
    monkeypatch.setattr(engine, "prepare", told.append)
    opened(untied)
    assert told == [CPU]


def test_what_torch_keeps_of_a_model_that_was_opened_on_a_card_is_given_back(untied, monkeypatch):
    done = []
    monkeypatch.setattr("tuning.memory.give_all_back", lambda: done.append("all"))
    opened(untied)
    assert done == []
    monkeypatch.setattr(engine, "KIND", "cpu")
    opened(untied)
    assert done == ["all"]


def test_lists_are_sent_together_and_come_apart_as_they_were():
    lists = [[3, 1], [], range(4), (2**40,)]
    found = card.sent(lists, CPU)
    assert [one.tolist() for one in found] == [list(one) for one in lists]
    assert {one.dtype for one in found} == {torch.int64}
    assert len({one.untyped_storage().data_ptr() for one in found}) == 1
    assert card.sent([], CPU) == []


class Watched(TorchDispatchMode):
    """Operations in their order, by name."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func.overloadpacket._qualified_op_name.removeprefix("aten::")
        if name != MADE or args[0].numel() > 1:  # a single number is filled in, not sent
            self.seen.append(name)
        return func(*args, **(kwargs or {}))


ASKS = {"_local_scalar_dense", "nonzero", "repeat_interleave", "masked_select", "is_nonzero"}
"""Operations that wait until a card has computed what they ask of it."""
MADE = "lift_fresh"
"""A tensor made of a list: on a card by a copy that waits."""


@pytest.mark.filterwarnings(PEFT_WARNING)
@pytest.mark.parametrize("path", ["engine", "library"])
def test_a_step_asks_for_its_loss_once_and_for_nothing_else(untied, path):
    model = opened(untied, path)
    model.new_adapter(AdapterShape(4, 8), 0)
    with Watched() as watched:
        added = add_gradient(model, Completions(ROWS), ROWS, 24, 40)
    assert watched.seen.count("stack") == 1 and added.loss > 0
    asked = [one for one in watched.seen if one in ASKS]
    assert asked == []


def test_the_losses_of_the_parts_add_up_as_they_did_one_by_one(untied):
    model = opened(untied)
    model.new_adapter(AdapterShape(4, 8), 0)
    objective, total = Completions(ROWS), 0.0
    parts = objective.parts(ROWS, 40)
    assert len(parts) > 1
    for part in parts:
        total += float((model.loss(part) / 24).detach())
    assert add_gradient(model, objective, ROWS, 24, 40).loss == total
    assert add_gradient(model, objective, [], 24, 40).loss == 0.0


def test_what_the_engine_needs_of_the_rows_is_sent_before_it_computes(untied, monkeypatch):
    model = opened(untied)
    watched, begun = Watched(), []
    forward = model.model.forward

    def begin(*given, **more):
        begun.append(len(watched.seen))
        return forward(*given, **more)

    monkeypatch.setattr(model.model, "forward", begin)
    with watched, torch.no_grad():
        model.log_likelihoods(ROWS)
    assert len(begun) == 1 and MADE not in watched.seen[begun[0] :]


def test_so_it_is_where_the_library_reads_rows_behind_a_prefix(untied, monkeypatch):
    from transformers import DynamicCache

    model = opened(untied, "library")
    watched, begun = Watched(), []
    decoder = model.base.get_decoder()
    forward = decoder.forward

    def begin(*given, **more):
        begun.append(len(watched.seen))
        return forward(*given, **more)

    monkeypatch.setattr(decoder, "forward", begin)
    with watched, torch.no_grad():
        read = read_rows(
            model.base, [5, 6], [[7], [8, 9, 10]], Chosen([0, 1, 1], [0, 1, 2]), DynamicCache()
        )
    assert read.logits.shape[0] == 3 and len(begun) == 2
    assert read.mask.tolist() == [[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]]
    assert "index" in watched.seen[begun[1] :] and MADE not in watched.seen[begun[0] :]


def test_pairs_ask_for_nothing_either(untied, tmp_path):
    model = opened(untied)
    adapter = trained(model, tmp_path)
    pairs = referred(model, some_pairs(4))
    objective = Pairs(pairs, adapter, 0.3)
    objective.begin(model, None)
    with Watched() as watched:
        added = add_gradient(model, objective, pairs, 4, 60)
    assert added.loss == pytest.approx(0.6931, abs=1e-4)
    assert not ASKS & set(watched.seen)


@pytest.mark.parametrize("constrained", [False, True])
def test_slots_that_are_added_for_a_card_change_no_answer(untied, monkeypatch, constrained):
    from tuning.constrain import LabelTrie

    labels = LabelTrie([[7, 9, 11, 2], [7, 13, 2], [21, 2]]) if constrained else None
    model, prompts = opened(untied), [row.prompt for row in ROWS]
    expected = sorted(model.generate(prompts, 7, labels))
    sizes, made = [], decode.Cache.__init__

    def noted(self, *given):
        made(self, *given)
        sizes.append(self.hidden.shape[1])

    monkeypatch.setattr(decode.Cache, "__init__", noted)
    monkeypatch.setattr(decode, "aligned", lambda n, device: card.aligned(n, CARD))
    assert sorted(model.generate(prompts, 7, labels)) == expected
    assert sizes and not any(size % card.ALIGNED for size in sizes)


# How much goes through a model at once


class Counting:
    """The model; how many rows go through it together is kept."""

    def __init__(self, model) -> None:
        self.model, self.rows = model, []

    def __getattr__(self, name):
        return getattr(self.model, name)

    def loss(self, rows):
        self.rows.append(len(rows))
        return self.model.loss(rows)

    def read(self, rows):
        self.rows.append(len(rows))
        return self.model.read(rows)

    def log_likelihoods(self, rows):
        self.rows.append(len(rows))
        return self.model.log_likelihoods(rows)


def test_a_card_takes_more_at_once_than_the_cpu_whose_sizes_stay():
    assert at_once("cpu") == (2048, 16_384, 64, 8192, 32)
    assert at_once("cuda") == (16_384, 65_536, 256, 65_536, 256)


@pytest.mark.parametrize(("asked", "parts"), [(2048, 4), (90, 2)], ids=["the device's", "a given"])
def test_training_takes_as_much_at_once_as_suits_the_device(
    tiny_model, tmp_path, monkeypatch, asked, parts
):
    suits = at_once("cpu")._replace(learned=40)
    monkeypatch.setattr("tuning.train.at_once", {"cpu": suits}.__getitem__)
    rows = some_rows([(10, 4)] * 8)
    recipe = Recipe(AdapterShape(2, 4), 1e-3, 1, batch_rows=8, micro_tokens=asked, evaluations=1)
    model = Counting(opened(tiny_model))
    train(model, rows, recipe, tmp_path, lambda: Evaluated(None, 1.0))
    assert model.rows == [8 // parts] * parts


def test_reading_takes_as_much_at_once_as_suits_the_device(tiny_model, monkeypatch):
    suits = at_once("cpu")._replace(read=60, readings=3)
    monkeypatch.setattr("tuning.likelihood.at_once", {"cpu": suits}.__getitem__)
    monkeypatch.setattr("tuning.pairs.at_once", {"cpu": suits}.__getitem__)
    rows, model = some_rows([(10, 4)] * 8), Counting(opened(tiny_model))
    assert len(list(read_all(model, rows))) == 3 and model.rows == [3, 3, 2]
    model.rows.clear()
    mean_loss(model, rows)
    assert model.rows == [4, 4]
    model.rows.clear()
    mean_loss(model, rows, 10_000)
    assert model.rows == [8]
    model.rows.clear()
    log_likelihoods(model, [Pair([1, 2], [5] * 9, [6] * 9)] * 4)
    assert model.rows == [4, 4], "two pairs of two sides"


def test_answering_takes_as_much_at_once_as_suits_the_device(untied, monkeypatch):
    waves, whole = [], engine.decode
    suits = at_once("cpu")._replace(answered=10_000, answers=3)
    monkeypatch.setattr(engine, "at_once", {"cpu": suits}.__getitem__)

    def noted(model, prefix, rows, *more):
        waves.append(len(rows))
        return whole(model, prefix, rows, *more)

    monkeypatch.setattr(engine, "decode", noted)
    assert len(list(opened(untied).generate([row.prompt for row in ROWS], 4))) == 4
    assert waves == [3, 1]
