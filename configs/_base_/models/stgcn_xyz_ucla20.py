# ST-GCN on positions: the 20 joints of NW-UCLA, windows of 32 frames, relative to the root of each frame.
recognizer = dict(
    type='RecognizerGCN',
    _scope_='mmaction',
    backbone=dict(
        type='STGCN',
        in_channels=3,
        graph_cfg=dict(layout='ucla20', mode='stgcn_spatial')),
    cls_head=dict(type='GCNHead', num_classes=10, in_channels=256))

recognizer_optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='AdamW', lr=1e-4, fused=True))

_format = [dict(type='RootCenter'), dict(type='mmaction.FormatGCNInput', num_person=1), dict(type='mmaction.PackActionInputs')]
recognizer_train_pipeline = [
    dict(type='RandomHeading'),  # the cameras of the clips stand around the persons
    dict(type='JointNoise', position=0.02),  # jitter must not decide
    dict(type='ConsecutiveSample', num_frames=32),
    *_format
]
recognizer_test_pipeline = [dict(type='ConsecutiveSample', num_frames=32, test_mode=True), *_format]
