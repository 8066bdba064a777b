"""Recognizers of MMAction2 that name initializers of their own are initialized in this package's scope."""

import pytest
from mmengine.registry import init_default_scope

from mmagenc.registry import MODELS
from mmagenc.skeletons import get_skeleton


@pytest.mark.parametrize('backbone', [
    dict(type='AAGCN', base_channels=8, num_stages=3, inflate_stages=[3], down_stages=[3]),
    dict(
        type='STGCN',
        base_channels=8,
        num_stages=3,
        inflate_stages=[3],
        down_stages=[3],
        gcn_adaptive='init',
        gcn_with_res=True,
        tcn_type='mstcn')
])
def test_weights_are_initialized(backbone):
    init_default_scope('mmagenc')
    graph = get_skeleton('infact17').graph_cfg('spatial')
    model = MODELS.build(
        dict(
            type='RecognizerGCN',
            _scope_='mmaction',
            backbone=dict(backbone, graph_cfg=graph),
            cls_head=dict(type='GCNHead', num_classes=3, in_channels=16)))
    model.init_weights()
