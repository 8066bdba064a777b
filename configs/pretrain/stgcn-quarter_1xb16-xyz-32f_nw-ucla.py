# Quarter-width ST-GCN on NW-UCLA that begins with what it learnt from Bandai-Namco, whose 24 joints are brought to the 20 of NW-UCLA:
#   mmagenc pretrain configs/pretrain/stgcn-quarter_1xb16-xyz-32f_nw-ucla.py --base data/bandai_namco/motion.npz --epochs 12
# The classifier learns at the full rate, the backbone at half of it; its learning rate of 0 (lr_mult=0.) would freeze its weights.
_base_ = '../stgcn/stgcn-small_1xb16-xyz-32f_nw-ucla.py'

model = dict(backbone=dict(type='mmagenc.FastSTGCN', base_channels=16), cls_head=dict(in_channels=64))
optim_wrapper = dict(
    _delete_=True,
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=1e-3, fused=True),
    paramwise_cfg=dict(custom_keys={'backbone': dict(lr_mult=0.5)}))
default_hooks = dict(
    init=dict(
        type='mmagenc.InitFromHook', checkpoint='work_dirs/pretrain_stgcn-quarter_1xb16-xyz-32f_nw-ucla/epoch_12.pth'))
