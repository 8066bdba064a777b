# The CVAE on Bandai-Namco (10 actions) for one CPU core: rotations of clips of 32 frames, four layers, half the latent, layers that begin
# differently and even batches (without which few clips leave it on a plateau where nothing moves).
_base_ = ['../_base_/generator_runtime.py', '../_base_/datasets/bandai_namco.py', '../_base_/models/cvae.py']

num_frames = 32
model = dict(
    num_classes=10,
    num_frames=num_frames,
    latent_dim=128,
    num_layers=4,
    ff_dim=512,
    layer_init='independent',
    representation=dict(keypoint_skeleton='smpl24'),
    loss_weights=dict(kl=1e-4))
_pack = dict(type='PackMotionInputs')
train_pipeline = [dict(type='ConsecutiveSample', num_frames=num_frames), _pack]
test_pipeline = [dict(type='ConsecutiveSample', num_frames=num_frames, test_mode=True), _pack]
train_dataloader = dict(batch_sampler=dict(type='EvenBatchSampler'), dataset=dict(pipeline=train_pipeline))
val_dataloader = None
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
optim_wrapper = dict(optimizer=dict(lr=5e-4))
param_scheduler = dict(type='LinearLR', start_factor=1., end_factor=1e-2, begin=150, end=250, convert_to_iter_based=True)
train_cfg = dict(max_epochs=250)
default_hooks = dict(checkpoint=dict(interval=50, max_keep_ckpts=2))
