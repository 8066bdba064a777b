# FCN on windows of 32 frames in the plane, in body lengths about the middle of each frame's hips: the judge of generators of such windows,
# in a minute of one core.
_base_ = ['../_base_/recognizer_runtime.py', '../_base_/datasets/penn_action.py']

model = dict(
    type='RecognizerGCN',
    _scope_='mmaction',
    backbone=dict(type='mmagenc.TemporalFCN', num_keypoints=13, in_channels=2, dropout=0.1),
    cls_head=dict(type='GCNHead', num_classes=9, in_channels=128))
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='AdamW', lr=2e-3, weight_decay=1e-2, fused=True))
param_scheduler = dict(type='CosineAnnealingLR', T_max=60, eta_min=1e-5)
train_cfg = dict(max_epochs=60, val_interval=5)
default_hooks = dict(checkpoint=dict(interval=60, max_keep_ckpts=1, save_best='acc/top1', rule='greater'))
_format = [
    dict(type='BodyUnit', per_frame=True),
    dict(type='DropScores'),
    dict(type='mmaction.FormatGCNInput', num_person=1),
    dict(type='mmaction.PackActionInputs')
]
_sample = dict(type='ConsecutiveSample', num_frames=32)
train_dataloader = dict(dataset=dict(pipeline=[dict(type='StrongAugmentation', swapped_labels=()), _sample, *_format]))
val_dataloader = dict(dataset=dict(pipeline=[dict(_sample, test_mode=True), *_format]))
test_dataloader = dict(dataset=dict(pipeline=[dict(_sample, test_mode=True), *_format]))
randomness = dict(seed=0)
