# Masked motion: the quarter-width ST-GCN of NW-UCLA's 20 joints learns to predict hidden parts of Bandai-Namco's motion, without its
# classes. `mmagenc pretrain --masked` does the same for any recognizer's config; this is for whoever wants other masks.
#   mmagenc train configs/pretrain/masked-stgcn-quarter_1xb16-16e_bandai-namco-ucla20.py
_base_ = '../_base_/default_runtime.py'

model = dict(
    type='MaskedMotionPretrainer',
    backbone=dict(
        type='mmagenc.FastSTGCN', _scope_='mmaction', base_channels=16, graph_cfg=dict(layout='ucla20', mode='stgcn_spatial')),
    in_channels=64,
    mask_ratio=0.5,
    patch_frames=6,
    velocity_weight=1.)
train_pipeline = [
    dict(type='RandomHeading'),
    dict(type='ConsecutiveSample', num_frames=32),
    dict(type='RootCenter'),
    dict(type='mmaction.FormatGCNInput', num_person=1),
    dict(type='mmaction.PackActionInputs')
]
train_dataloader = dict(
    batch_size=16,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='BaseMotion',
        ann_file='data/bandai_namco/motion.npz',
        split='train',
        labelled=False,
        metainfo=dict(skeleton='ucla20'),
        pipeline=train_pipeline))
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=16)
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='AdamW', lr=1e-3, fused=True))
param_scheduler = dict(type='CosineAnnealingLR', T_max=16, eta_min=0, convert_to_iter_based=True)
default_hooks = dict(
    checkpoint=dict(interval=2, max_keep_ckpts=1),
    pretraining=dict(type='PretrainingRecordHook', task='masked motion'))
randomness = dict(seed=0)
