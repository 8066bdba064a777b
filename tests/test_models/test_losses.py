"""Losses against sums written out."""

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from mmagenc.models.losses import gaussian_kl, masked_mse


def test_masked_mse_is_the_mean_over_valid_frames():
    prediction, target = torch.randn(2, 4, 3, 6), torch.randn(2, 4, 3, 6)
    mask = torch.tensor([[True, True, False, False], [True, True, True, True]])
    frames = [(prediction[b, t] - target[b, t])**2 for b, t in mask.nonzero().tolist()]
    torch.testing.assert_close(masked_mse(prediction, target, mask), torch.stack(frames).mean())
    torch.testing.assert_close(masked_mse(prediction, target), ((prediction - target)**2).mean())


def test_padding_takes_no_gradient():
    prediction = torch.randn(1, 3, 2, 2, requires_grad=True)
    masked_mse(prediction, torch.zeros(1, 3, 2, 2), torch.tensor([[True, False, True]])).backward()
    assert prediction.grad[0, 1].abs().max() == 0 and prediction.grad[0, 0].abs().min() > 0


def test_nothing_to_compare_is_no_error():
    """One-frame clips have no velocity: zero, not NaN."""
    clip = torch.randn(2, 1, 3, 3, requires_grad=True)
    masked_mse(clip.diff(dim=1), clip.diff(dim=1).detach()).backward()
    assert masked_mse(clip, clip.detach(), torch.zeros(2, 1, dtype=torch.bool)) == 0
    assert torch.isfinite(clip.grad).all()


def test_gaussian_kl():
    mu, logvar = torch.randn(5, 7), torch.randn(5, 7)
    expected = kl_divergence(Normal(mu, (logvar / 2).exp()), Normal(0., 1.)).sum(dim=1)
    torch.testing.assert_close(gaussian_kl(mu, logvar), expected)
    assert gaussian_kl(torch.zeros(2, 3), torch.zeros(2, 3)).tolist() == pytest.approx([0, 0])


def test_gaussian_kl_from_a_prior():
    """Of clips and steps, from a Gaussian of each."""
    mu, logvar, prior_mu, prior_logvar = torch.randn(4, 5, 2, 7)
    expected = kl_divergence(Normal(mu, (logvar / 2).exp()), Normal(prior_mu, (prior_logvar / 2).exp())).sum(dim=2)
    torch.testing.assert_close(gaussian_kl(mu, logvar, prior=(prior_mu, prior_logvar)), expected)
