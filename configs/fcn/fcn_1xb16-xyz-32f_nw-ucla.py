# FCN on windows of 32 frames, positions relative to each frame's root: the judge of generators of such windows, in a minute of one core.
_base_ = ['../_base_/recognizer_runtime.py', '../_base_/datasets/nw_ucla.py', '../_base_/models/stgcn_xyz_ucla20.py']

model = dict(
    type='RecognizerGCN',
    _scope_='mmaction',
    backbone=dict(type='mmagenc.TemporalFCN', num_keypoints=20, dropout=0.1),
    cls_head=dict(type='GCNHead', num_classes=10, in_channels=128))
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='AdamW', lr=2e-3, weight_decay=1e-2, fused=True))
param_scheduler = dict(type='CosineAnnealingLR', T_max=60, eta_min=1e-5)
train_cfg = dict(max_epochs=60, val_interval=5)
default_hooks = dict(checkpoint=dict(interval=60, max_keep_ckpts=1, save_best='acc/top1', rule='greater'))
# Mirrored, stretched and warped beyond the turns of the pipeline: the test recordings are seen from a side of their own.
train_dataloader = dict(
    dataset=dict(pipeline=[dict(type='StrongAugmentation', swapped_labels=(), turn=0.8), *_base_.recognizer_train_pipeline]))
val_dataloader = dict(dataset=dict(pipeline={{_base_.recognizer_test_pipeline}}))
test_dataloader = dict(dataset=dict(pipeline={{_base_.recognizer_test_pipeline}}))
randomness = dict(seed=0)
