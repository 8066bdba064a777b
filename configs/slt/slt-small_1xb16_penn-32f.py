# SLT on whole videos of Penn Action (9 actions, 13 joints in the plane) for minutes of one CPU core: 1500 batches for the
# decoder and 4300 for the clips. Each frame is centred on the middle of the hips, in body lengths: videos show persons near and far.
_base_ = ['../_base_/slt_small_runtime.py', '../_base_/datasets/penn_action.py', '../_base_/models/slt_small.py']

num_classes = 9
num_frames = 32
model = dict(
    representation=dict(skeleton='penn13', num_dims=2, root_center=True, center='hips', unit='body'),
    num_classes=num_classes,
    num_frames=num_frames)
_pack = dict(type='PackMotionInputs')
train_pipeline = [dict(type='ConsecutiveSample', num_frames=num_frames), _pack]
test_pipeline = [dict(type='ConsecutiveSample', num_frames=num_frames, test_mode=True), _pack]
train_dataloader = dict(batch_size=16, drop_last=True, dataset=dict(pipeline=train_pipeline))
val_dataloader = None
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
optim_wrapper = dict(generator=dict(optimizer=dict(lr=5e-4)), critic=dict(optimizer=dict(lr=1e-3)))
_decay = [dict(type='LinearLR', start_factor=1., end_factor=0.1, begin=121, end=152, convert_to_iter_based=True)]
param_scheduler = dict(generator=_decay, critic=_decay)
train_cfg = dict(max_epochs=152)  # of 38 batches
default_hooks = dict(checkpoint=dict(interval=20, max_keep_ckpts=2))
