# ST-GCN on positions: the 17 keypoints of the infant files, relative to the pelvis of each frame.
recognizer = dict(
    type='RecognizerGCN',
    _scope_='mmaction',
    backbone=dict(
        type='STGCN',
        in_channels=3,
        graph_cfg=dict(layout='infact17', mode='stgcn_spatial')),
    cls_head=dict(type='GCNHead', num_classes=5, in_channels=256))

recognizer_optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='AdamW', lr=1e-4, fused=True))

_format = [dict(type='RootCenter'), dict(type='mmaction.FormatGCNInput', num_person=1), dict(type='mmaction.PackActionInputs')]
recognizer_train_pipeline = [dict(type='ConsecutiveSample', num_frames=60), *_format]
recognizer_test_pipeline = [dict(type='ConsecutiveSample', num_frames=60, test_mode=True), *_format]
