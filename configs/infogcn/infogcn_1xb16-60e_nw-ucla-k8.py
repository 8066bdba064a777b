# NW-UCLA's joint stream as published, in 60 of the 110 epochs: less than two hours of one CPU core that has bfloat16, five minutes of
# one GPU, where the backbone runs as a CUDA graph. All of views 1 and 2; no epoch is picked: the last one counts.
_base_ = './infogcn_1xb16-110e_nw-ucla-k8.py'

optim_wrapper = dict(type='AmpOptimWrapper', dtype='bfloat16', loss_scale=1.)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.2, begin=0, end=5),
    dict(type='MultiStepLR', milestones=[49, 55], gamma=0.1),
]
train_cfg = dict(max_epochs=60, val_interval=61)
train_dataloader = dict(
    num_workers=2,
    persistent_workers=True,
    collate_fn=dict(type='mmagenc.packed_collate'),
    dataset=dict(dataset=dict(split='trainval')))
val_dataloader = val_cfg = val_evaluator = None
default_hooks = dict(checkpoint=dict(save_best=None, interval=5), cuda_graph=dict(type='CUDAGraphHook'))
