"""Kinetic-GAN's convolution: against PyTorch's, its derivatives against differences, and how many products the gradient penalty takes."""

import contextlib

import pytest
import torch
import torch.nn.functional as F
from torch.utils._python_dispatch import TorchDispatchMode

from mmagenc.models.generators.kinetic_gan import gradient_penalty
from mmagenc.models.generators.kinetic_gan_convolution import GraphTimeConv, Part, differentiate_by_input_only, graph_time_conv, leaky_relu
from mmagenc.models.generators.kinetic_gan_networks import KineticGANCritic
from mmagenc.skeletons.pyramid import graph_pyramid

PARTS = Part(0, 0, 3, 3), Part(3, 1, 2, 3), Part(5, 0, 3, 1)


def arguments(conv, frames, dtype=torch.float64):
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(8, 2, frames, 2, generator=generator, dtype=dtype, requires_grad=True)
    kernels = [torch.randn(part.taps * 2, 3, generator=generator, dtype=dtype, requires_grad=True) for part in conv.parts]
    return features, kernels


@pytest.mark.parametrize('parts', [PARTS, PARTS[:1], (Part(0, 0, 3, 1), Part(3, 0, 2, 1))])
@pytest.mark.parametrize(('stride', 'frames'), [(1, 5), (1, 1), (2, 6), (2, 2)])
def test_sums_of_convolutions(parts, stride, frames):
    conv = GraphTimeConv(parts, 3, stride)
    features, kernels = arguments(conv, frames)
    expected = torch.zeros(3, 2, frames // stride, 3, dtype=torch.float64)
    for part, kernel in zip(parts, kernels):
        weight, rows = kernel.view(part.taps, 2, 3).permute(2, 1, 0), features[part.start:part.start + part.count]
        for row, node in zip(rows, range(part.node, part.node + part.count)):
            expected[node] += F.conv1d(row.mT, weight, stride=stride, padding=part.taps // 2).mT
    torch.testing.assert_close(graph_time_conv(conv, features, kernels), expected)


@pytest.mark.parametrize(('stride', 'frames'), [(1, 3), (2, 4)])
def test_derivatives(stride, frames):
    """First and second ones, of the features and of the kernels."""
    conv = GraphTimeConv(PARTS, 3, stride)
    features, kernels = arguments(conv, frames)

    def function(features, *kernels):
        return graph_time_conv(conv, features, kernels)

    assert torch.autograd.gradcheck(function, (features, *kernels), fast_mode=True)
    assert torch.autograd.gradgradcheck(function, (features, *kernels), fast_mode=True)


def test_leaky_relu():
    x, bias = torch.randn(4, 3, dtype=torch.float64, requires_grad=True), torch.randn(3, dtype=torch.float64, requires_grad=True)
    torch.testing.assert_close(leaky_relu(x, bias, 0.2), F.leaky_relu(x + bias, 0.2))
    assert torch.autograd.gradcheck(lambda *args: leaky_relu(*args, 0.2), (x, bias))
    assert torch.autograd.gradgradcheck(lambda *args: leaky_relu(*args, 0.2), (x, bias))


def test_differentiated_by_input_only():
    """By the kernels there is no derivative; the one by the features is the same, and that one's by the kernels."""
    conv, results = GraphTimeConv(PARTS, 3, 2), []
    for context in (contextlib.nullcontext(), differentiate_by_input_only()):
        features, kernels = arguments(conv, 4)
        with context:
            score = graph_time_conv(conv, features, kernels)
        by_kernels = torch.autograd.grad(score.sum(), kernels, retain_graph=True, allow_unused=True)
        gradient, = torch.autograd.grad(score.sum(), features, create_graph=True)
        results.append((gradient, *torch.autograd.grad(gradient.square().sum(), kernels)))
        assert all(value is None for value in by_kernels) == (len(results) == 2)
    for whole, limited in zip(*results):
        torch.testing.assert_close(whole, limited)


class Products(TorchDispatchMode):
    """Multiplications of all matrix products."""

    count = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        name = function._schema.name
        if name.split('.')[0].rstrip('_') in ('aten::mm', 'aten::bmm', 'aten::addmm', 'aten::baddbmm'):
            left, right = args[:2] if name.endswith('mm') and 'add' not in name else args[1:3]
            self.count += left.numel() * right.shape[-1]
        return function(*args, **(kwargs or {}))


def test_products_of_the_penalty():
    """Four passes: the scores, their gradient, the step in its direction and that one's weights; six where zeros are multiplied too."""
    critic = KineticGANCritic(pyramid=graph_pyramid('ntu25'), num_classes=4, num_frames=16, latent_dim=32, base_channels=4)
    real, fake, label = torch.randn(40, 16, 25, 3), torch.randn(40, 16, 25, 3), torch.arange(40) % 4
    with Products() as forward, torch.no_grad():
        critic(real, label)
    with Products() as both:
        gradient_penalty(critic, real, fake, label).backward()
    assert 3 < both.count / forward.count < 4.3


@pytest.mark.parametrize(('base', 'latent'), [(2, 32), (2, 24), (16, 16)])
def test_merged_and_separate_convolutions_agree(base, latent):
    """Whichever takes fewer operations; with a shortcut that is the identity too."""
    critic = KineticGANCritic(pyramid=graph_pyramid('ucla20'), num_classes=4, num_frames=16, latent_dim=latent, base_channels=base).double()
    for block in critic.blocks:
        torch.nn.init.uniform_(block.spatial.importance, 0.5, 1.5)
    x, label = torch.randn(3, 16, 20, 3, dtype=torch.float64), torch.tensor([0, 1, 3])
    before = critic(x, label)
    for block in critic.blocks:
        block.merged = not block.merged
        block._plan(sum(count for _, _, count in block.runs), block.spatial.weights().shape[2])
    torch.testing.assert_close(critic(x, label), before)
