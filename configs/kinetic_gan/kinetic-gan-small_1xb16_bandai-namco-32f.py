# Kinetic-GAN on Bandai-Namco keypoints for one CPU core (about half an hour). Differs from the full-size config: a quarter of the channels,
# a shorter latent, 32 frames, 16 channels before the last block instead of 3, batches of 16, faster Adam, two updates of the critic for one
# of the generator, the gradient penalty in every second batch, a critic that sees the steps between frames and names the action, 1600
# epochs, the last 400 of them with a falling rate.
_base_ = './kinetic-gan_1xb32-1200e_bandai-namco-64f.py'

num_frames = 32
model = dict(
    num_frames=num_frames,
    latent_dim=64,
    networks=dict(base_channels=8, tail_channels=16),
    loss=dict(n_critic=2, gp_interval=2, step_weight=5., class_weight=0.3))
train_pipeline = [dict(type='ConsecutiveSample', num_frames=num_frames), dict(type='PackMotionInputs')]
test_pipeline = [dict(type='ConsecutiveSample', num_frames=num_frames, test_mode=True), dict(type='PackMotionInputs')]
train_dataloader = dict(batch_size=16, dataset=dict(pipeline=train_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
_adam = dict(type='Adam', lr=5e-4, betas=(0.5, 0.999), fused=True)
optim_wrapper = dict(generator=dict(optimizer=_adam), critic=dict(optimizer=_adam))
_decay = [dict(type='LinearLR', start_factor=1., end_factor=1e-3, begin=1200, end=1600, convert_to_iter_based=True)]
param_scheduler = dict(generator=_decay, critic=_decay)
train_cfg = dict(max_epochs=1600)
default_hooks = dict(checkpoint=dict(interval=50, max_keep_ckpts=2))
