"""A base held in 4 bits: what is learned on it, and what is refused."""

import json
import shutil

import pytest
import torch

from tests.tuning.oracle import CPU, PEFT_WARNING, opened, plain_loss, plain_model, some_rows
from tuning.errors import TuningError
from tuning.four_bits import PACKAGE, lacking
from tuning.likelihood import mean_loss
from tuning.models import open_model
from tuning.outcome import Evaluated
from tuning.recipe import AdapterShape, Recipe
from tuning.train import train

pytestmark = pytest.mark.filterwarnings(PEFT_WARNING)
ROWS = some_rows([(4 + i, 3) for i in range(12)], shared=3)


def four_bit(folder):
    return open_model(folder, dtype=torch.float32, device=CPU, four_bit=True)


def test_the_loss_is_that_of_the_unpacked_weights_and_not_of_the_base(untied):
    from bitsandbytes.functional import dequantize_4bit, has_avx512bf16

    model, reference = four_bit(untied), plain_model(untied)
    with torch.no_grad():
        whole = float(plain_loss(reference, ROWS))
        packed = dict(model.base.named_parameters())
        for name, weight in reference.named_parameters():
            if packed[name].dtype == torch.uint8:
                weight.copy_(dequantize_4bit(packed[name].data, packed[name].quant_state))
        wanted = float(plain_loss(reference, ROWS))
        found = float(model.loss(ROWS))
    # with AVX512-BF16 bitsandbytes rounds its products to bfloat16, whatever the model's precision
    assert found == pytest.approx(wanted, rel=2e-4 if has_avx512bf16() else 1e-5)
    assert abs(found - whole) > max(1e-2, 10 * abs(found - wanted)), "nothing was packed"


def test_every_linear_layer_but_the_head_is_packed_and_the_model_is_as_large_as_it_was(untied):
    model = four_bit(untied)
    kinds = {name: weight.dtype for name, weight in model.base.named_parameters()}
    packed = {name for name, kind in kinds.items() if kind == torch.uint8}
    assert packed == {name for name in kinds if "_proj" in name}
    assert model.n_parameters == opened(untied).n_parameters


def test_an_adapter_learned_on_it_helps_the_whole_base_too_and_peft_loads_it(untied, tmp_path):
    from peft import PeftModel

    model = four_bit(untied)
    recipe = Recipe(AdapterShape(8, 16), learning_rate=1e-2, epochs=8, batch_rows=4, evaluations=2)
    result = train(model, ROWS, recipe, tmp_path, lambda: Evaluated(None, mean_loss(model, ROWS)))
    assert result.points[-1].dev_loss < result.points[0].dev_loss
    whole = opened(untied)
    before = mean_loss(whole, ROWS)
    whole.load_adapter(tmp_path)
    assert mean_loss(whole, ROWS) < 0.7 * before
    stock = PeftModel.from_pretrained(plain_model(untied), str(tmp_path))
    with torch.no_grad():
        assert float(plain_loss(stock, ROWS)) == pytest.approx(float(whole.loss(ROWS)), rel=1e-4)


def test_a_base_that_is_quantised_already_is_refused(untied, tmp_path):
    shutil.copytree(untied, tmp_path / "packed")
    file = tmp_path / "packed" / "config.json"
    config = json.loads(file.read_text(encoding="utf-8"))
    config["quantization_config"] = {"quant_method": "awq"}
    file.write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(TuningError, match="quantised already") as caught:
        four_bit(tmp_path / "packed")
    assert 'method = "lora"' in caught.value.fix


def test_without_the_package_it_is_said_what_to_install(untied, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert f"need the package {PACKAGE}" in lacking()
    with pytest.raises(TuningError, match="not installed") as caught:
        four_bit(untied)
    assert f"pip install {PACKAGE}" in caught.value.fix
