"""Heat maps against the formula pixel by pixel, and against MMPose's codec where that is installed."""

import math

import numpy as np
import pytest
import torch

from mmagenc.benchmarks import plain_p2i
from mmagenc.models.image_synthesis.heat_maps import INVERSE_WIDTH, heat_maps


def test_equal_to_the_whole_grid():
    pose = torch.rand(4, 7, 2) * 2.4 - 1.2
    torch.testing.assert_close(heat_maps(pose, (24, 24)), plain_p2i.heat_maps(pose, 24), atol=1e-6, rtol=1e-5)


def test_by_hand():
    """On 5 × 3 pixels columns are at −1, −½, 0, ½, 1 and rows at −1, 0, 1; x comes first in a pose, rows in a map."""
    maps = heat_maps(torch.tensor([[0.5, -1.]]), (3, 5), inverse_width=2.)
    assert maps.shape == (1, 3, 5)
    for row, y in enumerate((-1, 0, 1)):
        for column, x in enumerate((-1, -.5, 0, .5, 1)):
            assert float(maps[0, row, column]) == pytest.approx(math.exp(-4 * ((x - .5)**2 + (y + 1)**2)), abs=1e-6)


def test_axes_gradient_and_unseen_joints():
    pose = (torch.rand(2, 3, 5, 2) - 0.5).requires_grad_()
    visible = torch.ones(2, 3, 5)
    visible[0, 1, 2] = 0
    maps = heat_maps(pose, (16, 16), visible=visible)
    assert maps.shape == (2, 3, 5, 16, 16) and not maps[0, 1, 2].any() and maps[0, 1, 3].max() > 0.2
    maps.sum().backward()
    assert not pose.grad[0, 1, 2].any() and torch.isfinite(pose.grad).all()


def test_equal_to_mmpose():
    """MMPose's codec with ``unbiased=True`` and the deviation that the docstring names, for points in pixels from 0 to N − 1; it leaves out
    what is more than three deviations away."""
    codecs = pytest.importorskip('mmpose.codecs', reason='mmpose is not installed')
    size, sigma = 64, 63 / (2 * math.sqrt(2) * INVERSE_WIDTH)
    codec = codecs.MSRAHeatmap(input_size=(size, size), heatmap_size=(size, size), sigma=sigma, unbiased=True)
    pixels = np.random.default_rng(0).uniform(8, 55, (1, 6, 2)).astype(np.float32)
    theirs = codec.encode(pixels, np.ones((1, 6), dtype=np.float32))['heatmaps']
    ours = heat_maps(torch.from_numpy(2 * pixels[0] / (size - 1) - 1), (size, size)).numpy()
    near = theirs > 0
    assert near.any(axis=(1, 2)).all()
    np.testing.assert_allclose(ours[near], theirs[near], atol=2e-5)
    assert ours[~near].max() < math.exp(-4.4)  # the square's edge is three deviations away, to a pixel
