"""Batch norm, sum and ReLU as one operation: what PyTorch's three give."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from mmagenc.models.layers import ChannelsLastBatchNorm2d, norm_relu


def plain(norm, x, residual):
    y = norm(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
    return F.relu(y if residual is None else y + residual)


@pytest.mark.parametrize('with_residual', [True, False])
@pytest.mark.parametrize('training', [True, False])
@pytest.mark.parametrize('settings', [dict(), dict(momentum=None), dict(eps=1e-2)])
def test_the_function_is_pytorchs(with_residual, training, settings):
    """Output, all gradients and running statistics, in float64, in training and evaluation."""
    ours = ChannelsLastBatchNorm2d(6, **settings).double()
    nn.init.uniform_(ours.weight, -1.5, 1.5)
    nn.init.normal_(ours.bias)
    theirs = nn.BatchNorm2d(6, **settings).double()
    theirs.load_state_dict(ours.state_dict())
    x, residual = (torch.randn(2, 3, 5, 6, dtype=torch.float64, requires_grad=True) for _ in range(2))
    residual = residual if with_residual else None
    results = []
    for function, norm in ((norm_relu, ours), (plain, theirs)):
        norm.train(training)
        y = function(norm, x, residual)
        inputs = [x, norm.weight, norm.bias, *([residual] if with_residual else [])]
        grads = torch.autograd.grad((y * torch.arange(6)).sum(), inputs)
        results.append([y, *grads, norm.running_mean, norm.running_var, norm.num_batches_tracked])
    for value, expected in zip(*results):
        torch.testing.assert_close(value, expected)


def test_nothing_that_came_in_is_changed():
    """What is done in place is done to the output: the input and the residual serve other layers."""
    norm, x, residual = ChannelsLastBatchNorm2d(4), torch.randn(2, 3, 5, 4), torch.randn(2, 3, 5, 4)
    before = [x.clone(), residual.clone()]
    norm_relu(norm, x, residual)
    assert torch.equal(x, before[0]) and torch.equal(residual, before[1])


def test_a_norm_over_processes_is_asked_itself(monkeypatch):
    """Its statistics are those of all processes: rows of this one must not stand for them."""
    asked = []
    monkeypatch.setattr(nn.SyncBatchNorm, 'forward', lambda self, x: asked.append(x.shape) or x)
    norm_relu(nn.SyncBatchNorm(4), torch.randn(2, 3, 5, 4))
    assert asked == [(1, 4, 30, 1)]


def test_autocast_is_pytorchs():
    norm, x = ChannelsLastBatchNorm2d(4), torch.randn(2, 3, 5, 4).bfloat16()
    other = copy.deepcopy(norm)
    with torch.autocast('cpu', torch.bfloat16):
        assert torch.equal(norm_relu(norm, x), plain(other, x, None))
    assert torch.equal(norm.running_mean, other.running_mean)
