# NW-UCLA's joint stream in two minutes of one GPU (in hours of a CPU): AdamW whose rate falls along half a cosine, bfloat16, averaged
# weights, more augmentation, all of views 1 and 2. No epoch is picked: the last one counts. On a GPU the backbone runs as a CUDA graph, and
# workers hand batches over in one piece.
_base_ = './infogcn_1xb16-110e_nw-ucla-k8.py'

max_epochs = 265
optim_wrapper = dict(
    _delete_=True,
    type='AmpOptimWrapper',
    dtype='bfloat16',
    loss_scale=1.,
    optimizer=dict(type='AdamW', lr=1.5e-3, weight_decay=0.05, fused=True))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, begin=0, end=5, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', eta_min=0., begin=5, end=max_epochs, T_max=max_epochs - 5, convert_to_iter_based=True)
]
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs + 1)
train_dataloader = dict(
    batch_size=64,
    num_workers=4,
    persistent_workers=True,
    collate_fn=dict(type='mmagenc.packed_collate'),
    dataset=dict(
        _delete_=True, type='MotionDataset', ann_file={{_base_.ann_file}}, split='trainval', pipeline={{_base_.pipelines.k8_augmented}}))
val_dataloader = val_cfg = val_evaluator = None
default_hooks = dict(
    checkpoint=dict(save_best=None, interval=max_epochs),
    cuda_graph=dict(type='CUDAGraphHook'),
    ema=dict(type='EMAHook', momentum=0.02, interval=4, update_buffers=True))
