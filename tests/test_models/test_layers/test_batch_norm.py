"""Batch norm of channels that lie last: PyTorch's function, with the digits that its own kernel for them loses."""

import copy

import pytest
import torch
from torch import nn

from mmagenc.models.layers import ChannelsLastBatchNorm2d, RowsBatchNorm1d, use_exact_statistics
from mmagenc.models.layers.batch_norm import grouped_statistics


def run(norm, x, grad):
    """Output, gradients of input, weight and bias, running statistics, in float64."""
    x = x.detach().requires_grad_()
    y = norm(x)
    y.backward(grad)
    affine = [] if norm.weight is None else [norm.weight.grad, norm.bias.grad]
    return [value.detach().double() for value in (y, x.grad, *affine, norm.running_mean, norm.running_var)]


def pair(ours, theirs, channels, **settings):
    norms = ours(channels, **settings), theirs(channels, **settings)
    if norms[0].weight is not None:
        nn.init.uniform_(norms[0].weight, 0.5, 1.5)
        nn.init.normal_(norms[0].bias)
    norms[1].load_state_dict(norms[0].state_dict(), strict=True)
    return norms


@pytest.mark.parametrize('shape', [(4, 8, 6, 5), (1, 3, 7, 1), (2, 16, 1, 1)])
@pytest.mark.parametrize('settings', [dict(), dict(momentum=None), dict(affine=False), dict(momentum=0.7, eps=1e-3)])
def test_the_function_is_pytorchs(shape, settings):
    """Output, gradients and running statistics after two batches, row counts with and without divisors; evaluation too."""
    ours, theirs = pair(ChannelsLastBatchNorm2d, nn.BatchNorm2d, shape[1], **settings)
    for _ in range(2):
        x, grad = (torch.randn(shape).contiguous(memory_format=torch.channels_last) for _ in range(2))
        for norm in (ours, theirs):
            norm.zero_grad()
        results = run(ours, x, grad), run(theirs, x, grad)
        for value, expected in zip(*results):
            torch.testing.assert_close(value, expected, atol=2e-5, rtol=1e-4)
    assert ours.num_batches_tracked == theirs.num_batches_tracked == 2
    torch.testing.assert_close(ours.eval()(x), theirs.eval()(x), atol=2e-5, rtol=1e-4)


def test_rows():
    ours, theirs = pair(RowsBatchNorm1d, nn.BatchNorm1d, 6)
    x, grad = torch.randn(2, 12, 6).unbind()
    for value, expected in zip(run(ours, x, grad), run(theirs, x, grad)):
        torch.testing.assert_close(value, expected, atol=1e-5, rtol=1e-4)
    with pytest.raises(ValueError, match='more than 1 value per channel'):
        ours(x[:1])


def test_no_digits_are_lost():
    """Of 24 000 rows around 1: the running mean is as near to float64's as that of channels that lie first, PyTorch's own is not."""
    torch.manual_seed(0)
    x, grad = torch.randn(16, 32, 60, 25) + 1, torch.randn(16, 32, 60, 25)
    exact = run(nn.BatchNorm2d(32).double(), x.double(), grad.double())
    last = torch.channels_last
    first, ours, native = (
        [(value - truth).norm() / truth.norm() for value, truth in zip(result, exact)] for result in (
            run(nn.BatchNorm2d(32), x, grad), run(ChannelsLastBatchNorm2d(32), x.contiguous(memory_format=last), grad),
            run(nn.BatchNorm2d(32), x.contiguous(memory_format=last), grad)))
    assert ours[0] < 3 * first[0] and ours[4] < 3 * first[4]
    if native[4] < 3 * first[4]:
        pytest.skip("PyTorch's own kernel has become exact: the classes under test can go")


def test_statistics_of_groups():
    rows = torch.randn(30, 4) * torch.tensor([1., 10., 0.1, 0.]) + 3
    mean, var = grouped_statistics(rows)
    torch.testing.assert_close(mean, rows.mean(dim=0))
    torch.testing.assert_close(var, rows.var(dim=0, correction=0))


def test_other_types_and_shapes_are_left_to_pytorch():
    norm, x = ChannelsLastBatchNorm2d(4), torch.randn(2, 4, 3, 5)
    theirs = copy.deepcopy(norm)
    theirs.__class__ = nn.BatchNorm2d
    assert torch.equal(norm(x), theirs(x))
    last = x.contiguous(memory_format=torch.channels_last)
    assert norm(last).is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(norm(last.bfloat16()), theirs(last.bfloat16()))
    assert torch.equal(copy.deepcopy(norm).double()(last.double()), copy.deepcopy(theirs).double()(last.double()))


def test_a_network_is_changed_in_place():
    network = nn.Sequential(nn.BatchNorm2d(3), nn.BatchNorm1d(3), nn.SyncBatchNorm(3))
    keys = list(network.state_dict())
    use_exact_statistics(network)
    assert [type(module) for module in network] == [ChannelsLastBatchNorm2d, nn.BatchNorm1d, nn.SyncBatchNorm]
    assert list(network.state_dict()) == keys
