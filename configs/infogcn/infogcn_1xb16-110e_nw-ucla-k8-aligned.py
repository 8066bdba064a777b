# NW-UCLA's joint stream in two hours of one CPU core that has bfloat16: the published schedule, bodies aligned, 26 frames, clips mirrored,
# occluded and noisy, all of views 1 and 2. No epoch is picked: the last one counts.
_base_ = './infogcn_1xb16-110e_nw-ucla-k8.py'

optim_wrapper = dict(type='AmpOptimWrapper', dtype='bfloat16', loss_scale=1.)
train_cfg = dict(val_interval=111)
train_dataloader = dict(dataset=dict(dataset=dict(split='trainval', pipeline={{_base_.pipelines.k8_aligned}})))
test_dataloader = dict(dataset=dict(pipeline={{_base_.pipelines.k8_aligned}}))
val_dataloader = val_cfg = val_evaluator = None
default_hooks = dict(checkpoint=dict(save_best=None, interval=5))
