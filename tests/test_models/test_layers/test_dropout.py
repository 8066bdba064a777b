"""Dropout keeps each element with probability 1 − p, independently, and keeps the expectation."""

import pytest
import torch

from mmagenc.models.layers import Dropout


@pytest.mark.parametrize('p', [0.1, 0.5])
@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
def test_share_and_scale(p, dtype):
    out = Dropout(p)(torch.ones(1001, 333, dtype=dtype)).float()
    kept = out != 0
    assert kept.float().mean().item() == pytest.approx(1 - p, abs=0.003)
    assert out[kept].unique().tolist() == pytest.approx([1 / (1 - p)], rel=4e-3)


def test_elements_are_independent():
    """The four elements that share one draw, and neighbouring draws, are uncorrelated."""
    kept = (Dropout(0.3)(torch.ones(200_000, 8)) != 0).float()
    correlation = torch.corrcoef(kept.T) - torch.eye(8)
    assert correlation.abs().max() < 0.01


def test_gradient_is_that_of_the_kept_elements():
    x = torch.randn(50, 7, requires_grad=True)
    out = Dropout(0.4)(x)
    out.sum().backward()
    torch.testing.assert_close(x.grad, torch.where(out != 0, out / x, 0.).detach())


def test_seed_decides_and_evaluation_is_identity():
    dropout, x = Dropout(0.5), torch.randn(9, 5)
    torch.manual_seed(3)
    first = dropout(x)
    torch.manual_seed(3)
    assert torch.equal(first, dropout(x))
    assert dropout.eval()(x) is x
    assert torch.equal(Dropout(1.)(x), torch.zeros_like(x))


@pytest.mark.parametrize('training', [False, True])
def test_add(training):
    """x + dropout(y), drawn as dropout(y) is."""
    dropout, x, y = Dropout(0.4).train(training), torch.randn(50, 7), torch.randn(50, 7)
    torch.manual_seed(3)
    expected = x + dropout(y)
    torch.manual_seed(3)
    torch.testing.assert_close(dropout.add(x, y), expected)
