"""FCN as a backbone of MMAction2."""

import pytest
import torch
from mmengine.registry import init_default_scope
from torch.nn import functional as F

from mmagenc.models.recognizers import TemporalFCN
from mmagenc.registry import MODELS


def test_a_block_is_the_papers_equation():
    """``h = relu(norm(W * x))``, of coordinates joined by keypoint."""
    torch.manual_seed(0)
    net, x = TemporalFCN(4, channels=(6, ), kernel_sizes=(3, ), strides=(2, )).eval(), torch.randn(2, 1, 9, 4, 3)
    conv, norm = net.blocks[0], net.blocks[1]
    norm.running_mean.normal_(0, 0.1)
    rows = x.view(2, 9, 12).transpose(1, 2) / (1 + net.data_bn.eps)**0.5
    wanted = F.conv1d(rows, conv.weight, stride=2, padding=1)
    wanted = ((wanted - norm.running_mean[:, None]) / (norm.running_var[:, None] + norm.eps).sqrt()).relu()
    assert wanted.any() and torch.allclose(net(x)[:, 0, :, :, 0], wanted, atol=1e-6)


def test_it_is_a_recognizer_of_mmaction2():
    init_default_scope('mmagenc')
    backbone = dict(type='mmagenc.TemporalFCN', num_keypoints=17, strides=(1, 2, 2))
    model = MODELS.build(dict(type='RecognizerGCN', _scope_='mmaction', backbone=backbone,
                              cls_head=dict(type='GCNHead', num_classes=4, in_channels=128))).eval()
    features = model.extract_feat(torch.randn(3, 1, 2, 32, 17, 3))[0]  # two views of each clip
    assert features.shape[-3:] == (128, 8, 1) and model.cls_head(features).shape[-1] == 4


@pytest.mark.parametrize('settings', [dict(kernel_sizes=(4, 5, 3)), dict(channels=()), dict(strides=(1, ))])
def test_settings_that_cannot_be(settings):
    with pytest.raises(ValueError, match='one number a block, kernels are odd'):
        TemporalFCN(17, **settings)


def test_other_keypoints_are_refused_in_words():
    with pytest.raises(ValueError, match='num_keypoints=17, in_channels=3.* cannot read 25 keypoints of 2 coordinates'):
        TemporalFCN(17)(torch.zeros(1, 1, 4, 25, 2))
