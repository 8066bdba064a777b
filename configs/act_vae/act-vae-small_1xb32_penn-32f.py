# ACT-VAE on whole videos of Penn Action for one CPU core: clips of 32 frames after a start pose, every frame of the video (gap 1), so that
# it can be the generator of the loop. As on NW-UCLA; start poses are frames from anywhere, as training windows begin anywhere.
_base_ = ['../_base_/act_vae_runtime.py', '../_base_/datasets/penn_action.py', '../_base_/models/act_vae.py']

num_classes = 9
num_frames = 32
model = dict(
    num_frames=num_frames,
    latent_dim=64,
    num_rollouts=1,
    start_state='pose',
    starts='any',
    kl_reduction='mean',
    posterior=dict(hidden_dim=128, anneal_steps=1000),
    loss_weights=dict(kl=0.02))
_pack = dict(type='PackMotionInputs')
train_pipeline = [dict(type='ConsecutiveSample', num_frames=num_frames + 2, padding='none'), _pack]
train_dataloader = dict(batch_size=32, drop_last=True, dataset=dict(pipeline=train_pipeline))
val_dataloader = None
optim_wrapper = dict(optimizer=dict(lr=2e-3, betas=(0.9, 0.999), weight_decay=0.), clip_grad=dict(max_norm=10.))
param_scheduler = dict(_delete_=True, type='LinearLR', start_factor=1., end_factor=1e-2, begin=40, end=100, convert_to_iter_based=True)
train_cfg = dict(max_epochs=100)
default_hooks = dict(checkpoint=dict(interval=20, max_keep_ckpts=2))
