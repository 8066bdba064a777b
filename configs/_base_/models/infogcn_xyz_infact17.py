# InfoGCN on positions of the infant files' 17 keypoints, relative to the pelvis of each frame; one person. k = 8 is beyond the tree's
# depth: plain positions; k = 1 gives bones.
recognizer = dict(
    type='RecognizerGCN',
    _scope_='mmaction',
    backbone=dict(type='mmagenc.InfoGCN', skeleton='infact17', num_person=1),
    cls_head=dict(type='mmagenc.InfoGCNHead', num_classes=5, in_channels=256))

recognizer_optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='AdamW', lr=1e-4, fused=True))

_format = [
    dict(type='RootCenter'),
    dict(type='KthMode', k=8, skeleton='infact17'),
    dict(type='mmaction.FormatGCNInput', num_person=1),
    dict(type='mmaction.PackActionInputs')
]
recognizer_train_pipeline = [dict(type='ConsecutiveSample', num_frames=60), *_format]
recognizer_test_pipeline = [dict(type='ConsecutiveSample', num_frames=60, test_mode=True), *_format]
