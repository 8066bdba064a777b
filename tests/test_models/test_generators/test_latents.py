"""Latents of the published modes."""

import pytest
import torch

from mmagenc.models.generators.latents import MODES, draw_latents

LABEL = torch.tensor([4, 1, 4, 1, 1, 4])  # clips of two actions, numbered 0 0 1 1 2 2


def draw(within, across, seed=0, **kwargs):
    return draw_latents(LABEL, 7, generator=torch.Generator().manual_seed(seed), latent_mode=within, across_actions=across, **kwargs)


@pytest.mark.parametrize('within', MODES)
@pytest.mark.parametrize('across', MODES)
def test_shape_seed_and_noise_factor(within, across):
    z = draw(within, across)
    assert z.shape == (6, 7)
    assert torch.equal(z, draw(within, across)) and not torch.equal(z, draw(within, across, seed=1))
    torch.testing.assert_close(draw(within, across, noise_factor=3.), 3 * z)


def test_random_is_standard_normal():
    z = draw_latents(torch.zeros(500, dtype=torch.long), 100)
    assert abs(z.mean()) < 0.02 and abs(z.std() - 1) < 0.02


def test_same_within_an_action():
    z = draw('same', 'random')
    assert torch.equal(z[0], z[2]) and torch.equal(z[0], z[5]) and torch.equal(z[1], z[4])
    assert not torch.equal(z[0], z[1])


def test_same_across_actions():
    z = draw('random', 'same')
    for first, second in ((0, 1), (2, 3), (5, 4)):
        assert torch.equal(z[first], z[second])
    assert not torch.equal(z[0], z[2])
    assert len(draw('same', 'same').unique(dim=0)) == 1


def test_interpolation_goes_from_minus_to_plus_one_draw():
    z = draw('interpolate', 'random')
    torch.testing.assert_close(z[0], -z[5])
    assert z[2].abs().max() == 0 and z[3].abs().max() == 0
    torch.testing.assert_close(z[1], -z[4])
    z = draw('same', 'interpolate')
    torch.testing.assert_close(z[0], -z[1])


def test_unknown_mode():
    with pytest.raises(ValueError, match='latent_mode must be one of random, same, interpolate'):
        draw('linear', 'random')
    with pytest.raises(ValueError, match='across_actions'):
        draw('same', 'linear')
