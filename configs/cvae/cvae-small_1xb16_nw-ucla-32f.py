# The CVAE on NW-UCLA keypoints (10 actions, 20 joints, each frame centred on the root) for one CPU core, otherwise as on Bandai-Namco.
_base_ = ['../_base_/generator_runtime.py', '../_base_/datasets/nw_ucla.py', '../_base_/models/cvae.py']

num_frames = 32
model = dict(
    num_classes=10,
    num_frames=num_frames,
    latent_dim=128,
    num_layers=4,
    ff_dim=512,
    layer_init='independent',
    representation=dict(_delete_=True, type='KeypointRepresentation', skeleton='ucla20', root_center=True),
    loss_weights=dict(_delete_=True, rc=1., kl=1e-4))
_pack = dict(type='PackMotionInputs')
train_pipeline = [dict(type='ConsecutiveSample', num_frames=num_frames), _pack]
test_pipeline = [dict(type='ConsecutiveSample', num_frames=num_frames, test_mode=True), _pack]
train_dataloader = dict(batch_sampler=dict(type='EvenBatchSampler'), dataset=dict(pipeline=train_pipeline))
val_dataloader = None
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
optim_wrapper = dict(optimizer=dict(lr=5e-4))
param_scheduler = dict(type='LinearLR', start_factor=1., end_factor=1e-2, begin=45, end=75, convert_to_iter_based=True)
train_cfg = dict(max_epochs=75)
default_hooks = dict(checkpoint=dict(interval=25, max_keep_ckpts=2))
