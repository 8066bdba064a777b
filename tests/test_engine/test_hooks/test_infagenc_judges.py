"""AAGCN, ST-GCN++ and InfoGCN judge in the loop: they learn, score and select."""

import pytest

from mmagenc.skeletons import get_skeleton
from tests.test_engine.test_hooks.test_infagenc_hook import NUM_CLASSES, PIPELINE, _registered, hook_of, make_runner  # noqa: F401

GRAPH = get_skeleton('coco17').graph_cfg('spatial')
SMALL = dict(base_channels=8, num_stages=2, inflate_stages=[2], down_stages=[2], num_person=1, graph_cfg=GRAPH)
GCN_HEAD = dict(type='GCNHead', num_classes=NUM_CLASSES, in_channels=16)
POSITIONS = [dict(type='KthMode', k=8, skeleton='coco17'), *PIPELINE]
JUDGES = {
    'aagcn': (dict(type='AAGCN', **SMALL), GCN_HEAD, PIPELINE),
    'stgcnpp': (dict(type='mmagenc.FastSTGCN', gcn_adaptive='init', gcn_with_res=True, tcn_type='mstcn', **SMALL), GCN_HEAD, PIPELINE),
    'infogcn': (dict(type='mmagenc.InfoGCN', skeleton='coco17', num_person=1, base_channels=8),
                dict(type='mmagenc.InfoGCNHead', num_classes=NUM_CLASSES, in_channels=32), POSITIONS),
}


@pytest.mark.parametrize('name', JUDGES)
def test_judge(tmp_path, name):
    backbone, head, pipeline = JUDGES[name]
    recognizer = dict(
        model=dict(type='RecognizerGCN', _scope_='mmaction', backbone=backbone, cls_head=head),
        train_pipeline=pipeline,
        test_pipeline=pipeline,
        batch_size=8,
        optim_wrapper=dict(optimizer=dict(type='AdamW', lr=1e-2)))
    runner = make_runner(tmp_path, 'run', max_epochs=2, recognizer_warmup_epochs=12, recognizer=recognizer)
    runner.train()
    hook = hook_of(runner)
    assert [record['epoch'] for record in hook.rounds] == [2]
    assert hook.rounds[0]['accuracy'] > 0.8 and hook.rounds[0]['accepted'] == len(hook.pool) > 0
