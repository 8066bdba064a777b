# ACT-VAE on NW-UCLA (10 actions, 20 joints in three dimensions) for one CPU core (about 10 minutes): clips of 32 frames after a start pose,
# as many a second as recordings have, so that it can be the generator of the loop. An eighth of the latent channels, a pose LSTM that begins
# at the start pose, and a posterior: without one, half a minute of motion is one median motion.
_base_ = ['../_base_/act_vae_runtime.py', '../_base_/datasets/nw_ucla.py', '../_base_/models/act_vae.py']

num_classes = 10
num_frames = 32
model = dict(
    representation=dict(skeleton='ucla20', num_dims=3, root_center=True, normalization='centered_min_max', quantile=0.9999),
    num_classes=num_classes,
    num_frames=num_frames,
    latent_dim=64,
    start_state='pose',
    kl_reduction='mean',
    posterior=dict(hidden_dim=128, anneal_steps=3000))
_pack = dict(type='PackMotionInputs')
train_pipeline = [dict(type='ConsecutiveSample', num_frames=num_frames + 2, padding='none'), _pack]
test_pipeline = [dict(type='ConsecutiveSample', num_frames=num_frames, test_mode=True), _pack]
train_dataloader = dict(batch_size=32, drop_last=True, dataset=dict(pipeline=train_pipeline))
val_dataloader = None
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
optim_wrapper = dict(optimizer=dict(lr=1e-3, betas=(0.9, 0.999), weight_decay=0.))
param_scheduler = dict(_delete_=True, type='LinearLR', start_factor=1., end_factor=1e-2, begin=200, end=300, convert_to_iter_based=True)
train_cfg = dict(max_epochs=300)
default_hooks = dict(checkpoint=dict(interval=50, max_keep_ckpts=2))
