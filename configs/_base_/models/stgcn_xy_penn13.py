# Half-width ST-GCN on the 13 joints of Penn Action, windows of 32 frames in body lengths from the middle of the hips in the first one; how
# sure a joint's place is does not count.
recognizer = dict(
    type='RecognizerGCN',
    _scope_='mmaction',
    backbone=dict(type='STGCN', in_channels=2, base_channels=32, graph_cfg=dict(layout='penn13', mode='stgcn_spatial')),
    cls_head=dict(type='GCNHead', num_classes=9, in_channels=128))

recognizer_optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='AdamW', lr=1e-3, fused=True))

_format = [
    dict(type='BodyUnit'),
    dict(type='DropScores'),
    dict(type='mmaction.FormatGCNInput', num_person=1),
    dict(type='mmaction.PackActionInputs')
]
recognizer_train_pipeline = [dict(type='JointNoise', position=0.5), dict(type='ConsecutiveSample', num_frames=32), *_format]
recognizer_test_pipeline = [dict(type='ConsecutiveSample', num_frames=32, test_mode=True), *_format]
