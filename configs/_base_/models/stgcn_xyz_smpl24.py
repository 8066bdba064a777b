# ST-GCN on positions: the 24 SMPL joints, windows of 32 frames, relative to the root of each frame.
smpl24_parents = [-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19, 20, 21]
recognizer = dict(
    type='RecognizerGCN',
    _scope_='mmaction',
    backbone=dict(
        type='STGCN',
        in_channels=3,
        graph_cfg=dict(
            mode='stgcn_spatial',
            layout=dict(num_node=24, center=0, inward=[(joint, parent) for joint, parent in enumerate(smpl24_parents) if parent >= 0]))),
    cls_head=dict(type='GCNHead', num_classes=10, in_channels=256))

recognizer_optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='AdamW', lr=1e-4))

_format = [dict(type='RootCenter'), dict(type='mmaction.FormatGCNInput', num_person=1), dict(type='mmaction.PackActionInputs')]
recognizer_train_pipeline = [
    dict(type='JointNoise', position=0.02),  # jitter must not decide
    dict(type='ConsecutiveSample', num_frames=32),
    *_format
]
recognizer_test_pipeline = [dict(type='ConsecutiveSample', num_frames=32, test_mode=True), *_format]
