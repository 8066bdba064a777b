# SLT on NW-UCLA (10 actions, 20 joints in three dimensions) for minutes of one CPU core: 1500 batches for the decoder and 4300 for
# the clips. Each frame is centred on the root.
_base_ = ['../_base_/slt_small_runtime.py', '../_base_/datasets/nw_ucla.py', '../_base_/models/slt_small.py']

num_classes = 10
num_frames = 32
model = dict(
    representation=dict(skeleton='ucla20', num_dims=3, root_center=True), num_classes=num_classes, num_frames=num_frames)
_pack = dict(type='PackMotionInputs')
train_pipeline = [dict(type='ConsecutiveSample', num_frames=num_frames), _pack]
test_pipeline = [dict(type='ConsecutiveSample', num_frames=num_frames, test_mode=True), _pack]
train_dataloader = dict(batch_size=16, drop_last=True, dataset=dict(pipeline=train_pipeline))
val_dataloader = None
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
optim_wrapper = dict(generator=dict(optimizer=dict(lr=5e-4)), critic=dict(optimizer=dict(lr=1e-3)))
_decay = [dict(type='LinearLR', start_factor=1., end_factor=0.1, begin=90, end=114, convert_to_iter_based=True)]
param_scheduler = dict(generator=_decay, critic=_decay)
train_cfg = dict(max_epochs=114)  # of 51 batches
default_hooks = dict(checkpoint=dict(interval=20, max_keep_ckpts=2))
