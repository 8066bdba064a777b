# NW-UCLA's joint stream where time is short: AdamW at a constant rate that falls to 0 in the last quarter, bfloat16, more augmentation, all
# of views 1 and 2. No epoch is picked: the last one counts. For a shorter training move the fall's begin and end together with max_epochs.
_base_ = './infogcn_1xb16-110e_nw-ucla-k8.py'

optim_wrapper = dict(
    _delete_=True, type='AmpOptimWrapper', dtype='bfloat16', optimizer=dict(type='AdamW', lr=1e-3, weight_decay=0.05, fused=True))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, begin=0, end=1, convert_to_iter_based=True),
    dict(type='LinearLR', start_factor=1., end_factor=1e-3, begin=230, end=300, convert_to_iter_based=True)
]
train_cfg = dict(max_epochs=300, val_interval=301)
train_dataloader = dict(dataset=dict(split='trainval', pipeline={{_base_.pipelines.k8_augmented}}))
val_dataloader = val_cfg = val_evaluator = None
default_hooks = dict(checkpoint=dict(save_best=None))
