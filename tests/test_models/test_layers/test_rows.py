"""Products of rows: PyTorch's function, by another library."""

import pytest
import torch
import torch.nn.functional as F

from mmagenc.models.layers import RowsLinear, products, rows
from mmagenc.models.layers.rows import as_image, as_rows


@pytest.mark.parametrize('shape', [(2, 13, 20, 16), (1, 16), (3, 700, 16)])
@pytest.mark.parametrize('bias', [True, False])
@pytest.mark.parametrize('avx512', [True, False])
def test_the_function_is_linear(shape, bias, avx512, monkeypatch):
    """Output and gradients of input, weight and bias, in float32 (by oneDNN) and float64 (left to PyTorch)."""
    monkeypatch.setattr(products, 'FASTER', avx512 and products.LINEAR is not None)
    monkeypatch.setattr(rows, 'MANY_ROWS', 1)
    monkeypatch.setattr(rows, 'MANY_PRODUCTS', 1)
    for dtype in (torch.float32, torch.float64):
        layer, x = RowsLinear(16, 24, bias=bias).to(dtype), torch.randn(shape, dtype=dtype, requires_grad=True)
        inputs = [x, layer.weight, *([layer.bias] if bias else [])]
        weight = torch.randn(*shape[:-1], 24, dtype=dtype)
        ours, theirs = layer(x), F.linear(x, layer.weight, layer.bias)
        assert ours.is_contiguous()
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)
        for grad, expected in zip(*(torch.autograd.grad(y, inputs, weight) for y in (ours, theirs))):
            torch.testing.assert_close(grad, expected, atol=1e-4, rtol=1e-5)


@pytest.mark.parametrize('count, channels, avx512, own', [
    (64, 1024, False, False),  # the convolution would take twice as long
    (1024, 64, False, True),
    (64, 1024, True, True),
    (16, 64, True, False),  # not worth a function of our own
])
def test_few_rows_are_pytorchs(count, channels, avx512, own, monkeypatch):
    monkeypatch.setattr(products, 'FASTER', avx512 and products.LINEAR is not None)
    out = RowsLinear(channels, 64)(torch.randn(count, channels))
    assert ('RowsLinear' in out.grad_fn.name() or 'View' in out.grad_fn.name()) == own


def test_only_what_is_asked_for_is_differentiated():
    layer, x = RowsLinear(4, 4).requires_grad_(False), torch.randn(5, 4, requires_grad=True)
    layer(x).sum().backward()
    assert layer.weight.grad is None and layer.bias.grad is None
    torch.testing.assert_close(x.grad, layer.weight.sum(dim=0).expand(5, 4))


def test_autocast_is_pytorchs():
    layer, x = RowsLinear(4, 6), torch.randn(5, 4)
    with torch.autocast('cpu', torch.bfloat16):
        assert torch.equal(layer(x), F.linear(x, layer.weight, layer.bias)) and layer(x).dtype == torch.bfloat16


def test_an_image_is_a_view_whose_channels_lie_last():
    """With the strides that oneDNN asks for: else it copies the image, which takes longer than the product."""
    given = torch.randn(6, 5)
    image = as_image(given)
    assert image.shape == (1, 5, 6, 1) and image.stride() == (30, 1, 5, 5) and image.data_ptr() == given.data_ptr()
    assert torch.equal(as_rows(image), given) and as_rows(image).is_contiguous()
