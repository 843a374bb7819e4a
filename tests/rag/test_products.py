"""Linear layers that multiply in bfloat16 inside a float32 model."""

import pytest
import torch

from rag.products import Product, multiply_in_bfloat16


class Scaled(torch.nn.Linear):
    """Does more than multiply."""

    def forward(self, x):
        return 3 * super().forward(x)


@pytest.mark.parametrize("bias", [True, False])
def test_weights_and_inputs_alone_are_rounded_and_what_comes_out_is_float32(bias):
    torch.manual_seed(0)
    layer, x = torch.nn.Linear(40, 24, bias=bias), torch.randn(2, 7, 40)
    with torch.inference_mode():
        found = Product(layer)(x)
        rounded = layer.to(torch.bfloat16)(x.to(torch.bfloat16)).float()
    assert found.dtype == torch.float32 and found.shape == (2, 7, 24)
    torch.testing.assert_close(found, rounded, atol=2e-2, rtol=1e-2)


def test_every_plain_linear_layer_is_replaced_and_nothing_else():
    inner = torch.nn.Sequential(torch.nn.Linear(8, 8), torch.nn.LayerNorm(8))
    model = torch.nn.Sequential(inner, Scaled(8, 8), torch.nn.Linear(8, 2))
    multiply_in_bfloat16(model)
    kinds = [type(one) for one in model.modules() if not isinstance(one, torch.nn.Sequential)]
    assert kinds == [Product, torch.nn.LayerNorm, Scaled, Product]
