# NW-UCLA's joint stream in an hour and a half of one CPU core that has bfloat16: bodies aligned, 26 frames, AdamW whose rate falls along
# half a cosine, averaged weights, all of views 1 and 2. No epoch is picked: the last one counts.
_base_ = './infogcn_1xb16-110e_nw-ucla-k8.py'

max_epochs = 420
optim_wrapper = dict(
    _delete_=True,
    type='AmpOptimWrapper',
    dtype='bfloat16',
    loss_scale=1.,
    optimizer=dict(type='AdamW', lr=1e-3, weight_decay=0.05, fused=True))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, begin=0, end=5, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', eta_min=0., begin=5, end=max_epochs, T_max=max_epochs - 5, convert_to_iter_based=True)
]
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs + 1)
train_dataloader = dict(dataset=dict(
    _delete_=True, type='MotionDataset', ann_file={{_base_.ann_file}}, split='trainval', pipeline={{_base_.pipelines.k8_aligned}}))
test_dataloader = dict(dataset=dict(pipeline={{_base_.pipelines.k8_aligned}}))
val_dataloader = val_cfg = val_evaluator = None
default_hooks = dict(
    checkpoint=dict(save_best=None, interval=10),
    ema=dict(type='EMAHook', momentum=0.02, interval=4, update_buffers=True))
