"""Loss terms by hand."""

import pytest
import torch

from mmagenc.models.image_synthesis.losses import changed, feature_matching, lsgan_discriminator, lsgan_real, masked_l1


def test_lsgan():
    fake, real = torch.tensor([[0.5, 0.], [1., 2.]]), torch.tensor([[1., 0.]])
    assert float(lsgan_real(fake)) == pytest.approx((0.25 + 1 + 0 + 1) / 4)
    assert float(lsgan_discriminator(fake, real)) == pytest.approx((0.25 + 0 + 1 + 4) / 4 + 0.5)


def test_masked_l1_counts_the_person_eleven_times():
    image, target, mask = torch.zeros(1, 3, 1, 2), torch.tensor([[[[0.5, -1.]]] * 3]).view(1, 3, 1, 2), torch.tensor([[[[0., 1.]]]])
    assert float(masked_l1(image, target, mask)) == pytest.approx((0.5 + 11 * 1) / 2)
    assert float(masked_l1(image, target, mask, mask_weight=0.)) == pytest.approx(0.75)


def test_changed_is_what_differs_by_a_twentieth_of_the_range_in_any_colour():
    source, target = torch.zeros(1, 3, 1, 4), torch.zeros(1, 3, 1, 4)
    target[0, 1, 0] = torch.tensor([0., 0.09, 0.11, -0.11])
    assert changed(source, target).tolist() == [[[[0., 0., 1., 1.]]]]
    assert changed(source, target, least=0.).tolist() == [[[[0., 1., 1., 1.]]]]


def test_feature_matching_is_a_sum_over_layers():
    fake, real = [torch.zeros(1, 2), torch.ones(1, 4)], [torch.tensor([[1., 3.]]), torch.zeros(1, 4)]
    assert float(feature_matching(fake, real)) == pytest.approx(2 + 1)
