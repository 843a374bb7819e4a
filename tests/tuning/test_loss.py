"""Loss and its gradient: engine = library = whole sequences through transformers, prompt masked."""

import math
import random

import pytest
import torch

from tests.tuning.conftest import SHAPES
from tests.tuning.oracle import (
    CPU,
    PEFT_WARNING,
    plain_loss,
    plain_model,
    settle,
    some_ids,
    some_rows,
    with_adapter,
)
from tuning.encode import Encoded
from tuning.errors import TuningError
from tuning.likelihood import mean_loss
from tuning.models import open_model
from tuning.recipe import AdapterShape

pytestmark = pytest.mark.filterwarnings(PEFT_WARNING)

ROWS = {
    "very different lengths": some_rows([(3, 2), (80, 1), (1, 40), (9, 9), (10, 9)]),
    "a shared opening": some_rows([(3, 4), (40, 1), (1, 1), (12, 20)], shared=17),
    "an opening far longer than the rows": some_rows([(1, 2), (2, 3), (4, 1)], shared=90),
    "one prompt, several answers": [
        Encoded(some_rows([(6, 1)])[0].prompt, some_ids(random.Random(i), i + 1)) for i in range(4)
    ],
    "one row": some_rows([(7, 5)]),
    "prompts of one token": some_rows([(1, 3), (1, 1), (1, 8)]),
    "the same row twice": some_rows([(5, 4)]) * 2,
}


def learned(rows) -> int:
    return sum(len(row.completion) for row in rows)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("rows", ROWS.values(), ids=ROWS)
def test_the_engines_loss_is_that_of_whole_masked_sequences(llama_of, shape, rows):
    engine = open_model(llama_of(shape), dtype=torch.float32, device=CPU)
    with torch.no_grad():
        wanted = float(plain_loss(plain_model(llama_of(shape)), rows))
        assert float(engine.loss(rows)) == pytest.approx(wanted, abs=1e-5 * learned(rows))


@pytest.mark.parametrize("rows", ROWS.values(), ids=ROWS)
def test_filling_batches_up_changes_neither_loss_nor_gradient(untied, rows):
    engine = open_model(untied, dtype=torch.float32, device=CPU)
    engine.new_adapter(AdapterShape(4, 8), seed=1)
    parameters = engine.adapter_parameters()
    found = []
    for even in (False, True):
        engine.even = even
        loss = engine.loss(rows)
        found.append((loss.detach(), torch.autograd.grad(loss, parameters)))
    torch.testing.assert_close(*found, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("rows", ROWS.values(), ids=ROWS)
def test_the_librarys_loss_is_that_of_whole_masked_sequences(untied, rows):
    library = open_model(untied, dtype=torch.float32, device=CPU, path="library")
    with torch.no_grad():
        wanted = float(plain_loss(plain_model(untied), rows))
        assert float(library.loss(rows)) == pytest.approx(wanted, abs=1e-5 * learned(rows))


@pytest.mark.parametrize("path", ["engine", "library"])
def test_the_order_of_rows_changes_nothing(untied, path):
    rows = ROWS["a shared opening"]
    model = open_model(untied, dtype=torch.float32, device=CPU, path=path)
    with torch.no_grad():
        sums = [float(model.loss(some)) for some in (rows, rows[::-1], rows[2:] + rows[:2])]
        alone = sum(float(model.loss([row])) for row in rows)
    assert sums == pytest.approx([alone] * 3, abs=1e-4)


@pytest.mark.parametrize("path", ["engine", "library"])
def test_prompt_tokens_are_read_but_not_learned(untied, path):
    model = open_model(untied, dtype=torch.float32, device=CPU, path=path)
    prompt, completion = some_ids(random.Random(1), 12), some_ids(random.Random(2), 5)
    with torch.no_grad():
        whole = float(model.loss([Encoded(prompt[:1], [*prompt[1:], *completion])]))
        first = float(model.loss([Encoded(prompt[:1], prompt[1:])]))
        masked = float(model.loss([Encoded(prompt, completion)]))
        without = float(model.loss([Encoded(prompt[-1:], completion)]))
    assert masked == pytest.approx(whole - first, abs=1e-4), "what is learned is the completion"
    assert abs(masked - without) > 0.01, "the prompt was not even read"


@pytest.mark.parametrize("shape", ["untied_gqa", "tied_mqa", "wide_heads"])
@pytest.mark.parametrize("rows", list(ROWS.values())[:3], ids=list(ROWS)[:3])
def test_gradients_of_every_adapter_matrix_equal_those_of_peft(llama_of, tmp_path, shape, rows):
    engine = open_model(llama_of(shape), dtype=torch.float32, device=CPU)
    engine.new_adapter(AdapterShape(3, 6), seed=1)
    settle(engine)
    engine.save_adapter(tmp_path)
    reference = with_adapter(llama_of(shape), tmp_path, trainable=True)
    plain_loss(reference, rows).backward()
    wanted = {
        name.replace(".default", ""): parameter.grad
        for name, parameter in reference.named_parameters()
        if parameter.requires_grad
    }
    engine.loss(rows).backward()
    found = {}
    for projection in engine._projections():
        adapter = projection.adapter
        of_a, of_b = adapter.a.grad.split(3), adapter.b.grad.split(projection.sizes)
        for name, a, b in zip(projection.names, of_a, of_b, strict=True):
            found[f"base_model.model.{name}.lora_A.weight"] = a
            found[f"base_model.model.{name}.lora_B.weight"] = b
    assert found.keys() == wanted.keys()
    for name, gradient in found.items():
        scale = float(wanted[name].abs().max())
        torch.testing.assert_close(gradient, wanted[name], atol=1e-4 * scale, rtol=0, msg=name)


def test_the_library_learns_what_peft_learns(untied, tmp_path):
    rows = ROWS["a shared opening"]
    library = open_model(untied, dtype=torch.float32, device=CPU, path="library")
    library.new_adapter(AdapterShape(3, 6), seed=1)
    settle(library)
    library.save_adapter(tmp_path)
    reference = with_adapter(untied, tmp_path, trainable=True)
    plain_loss(reference, rows).backward()
    library.loss(rows).backward()
    wanted = [p.grad for p in reference.parameters() if p.requires_grad]
    assert len(library.adapter_parameters()) == len(wanted) == 2 * 7 * 2
    for parameter, gradient in zip(library.adapter_parameters(), wanted, strict=True):
        scale = float(gradient.abs().max())
        torch.testing.assert_close(parameter.grad, gradient, atol=1e-4 * scale, rtol=0)


@pytest.mark.parametrize("budget", [1, 40, 8192])
def test_the_mean_is_by_completion_token_whatever_the_cut(untied, budget):
    rows = ROWS["very different lengths"]
    model = open_model(untied, dtype=torch.float32, device=CPU)
    with torch.no_grad():
        wanted = float(plain_loss(plain_model(untied), rows)) / learned(rows)
    assert mean_loss(model, rows, budget) == pytest.approx(wanted, abs=1e-5)
    assert math.log(600) - 2 < wanted < math.log(600) + 2, "nats a token of a random model"


def test_no_rows_have_no_mean(tiny_model):
    with pytest.raises(TuningError, match="no rows to score"):
        mean_loss(open_model(tiny_model, dtype=torch.float32, device=CPU), [])
