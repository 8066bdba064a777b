"""Res-TCN as a backbone of MMAction2."""

import pytest
import torch
from mmengine.registry import init_default_scope
from torch.nn import functional as F

from mmagenc.models.recognizers import TCN
from mmagenc.models.recognizers.tcn import TemporalUnit
from mmagenc.registry import MODELS


def test_a_unit_is_the_papers_equation():
    """``x_l = x_{l-1} + W * relu(norm(x_{l-1}))``, with a convolution of one frame beside it where sizes differ."""
    torch.manual_seed(0)
    unit, x = TemporalUnit(6, 6, kernel_size=3, stride=1, dropout=0.5).eval(), torch.randn(2, 6, 10)
    unit.norm.running_mean.normal_()
    normal = (x - unit.norm.running_mean[:, None]) / (unit.norm.running_var[:, None] + unit.norm.eps).sqrt()
    assert torch.allclose(unit(x), x + F.conv1d(normal.relu(), unit.conv.weight, unit.conv.bias, padding=1), atol=1e-6)
    wider = TemporalUnit(6, 8, kernel_size=3, stride=2, dropout=0.).eval()
    assert wider(x).shape == (2, 8, 5)
    assert torch.allclose(wider(x) - wider.conv(wider.norm(x).relu()), F.conv1d(x, wider.residual.weight, wider.residual.bias, stride=2))


def test_each_frame_sees_its_neighbours_alone():
    net = TCN(5, channels=(8, ), num_units=1, kernel_size=3).eval()
    x = torch.randn(1, 1, 20, 5, 3)
    changed = x.clone()
    changed[:, :, 10] += 1
    moved = (net(x) - net(changed)).abs().sum((0, 1, 2, 4)) > 1e-6
    assert moved.nonzero().flatten().tolist() == [8, 9, 10, 11, 12]  # a stem and a unit of three frames each


def test_it_is_a_recognizer_of_mmaction2():
    init_default_scope('mmagenc')
    model = MODELS.build(dict(type='RecognizerGCN', _scope_='mmaction', backbone=dict(type='mmagenc.TCN', num_keypoints=17),
                              cls_head=dict(type='GCNHead', num_classes=4, in_channels=256))).eval()
    features = model.extract_feat(torch.randn(3, 1, 2, 32, 17, 3))[0]  # two views of each clip
    assert features.shape[-3:] == (256, 8, 1) and model.cls_head(features).shape[-1] == 4


@pytest.mark.parametrize('settings', [dict(kernel_size=4), dict(channels=()), dict(num_units=0)])
def test_settings_that_cannot_be(settings):
    with pytest.raises(ValueError, match='an odd kernel_size, channels and num_units'):
        TCN(17, **settings)


def test_other_keypoints_are_refused_in_words():
    with pytest.raises(ValueError, match='num_keypoints=17, in_channels=3.* cannot read 25 keypoints of 2 coordinates'):
        TCN(17, channels=(8, ), num_units=1)(torch.zeros(1, 1, 4, 25, 2))
