# Kinetic-GAN on NW-UCLA for one CPU core (about 40 minutes). Differs from the full-size config: a quarter of the channels, a shorter
# latent, 16 channels before the last block instead of 3, batches of 16, faster Adam, two updates of the critic for one of the generator,
# the gradient penalty in every second batch, a critic that sees the steps between frames and names the action (with PyTorch's own initial
# weights it learnt nothing), 900 epochs, the last 250 of them with a falling rate.
_base_ = './kinetic-gan_1xb32-1200e_nw-ucla-32f.py'

model = dict(
    latent_dim=64,
    networks=dict(base_channels=8, tail_channels=16, critic_init='scaled'),
    loss=dict(n_critic=2, gp_interval=2, step_weight=2., class_weight=0.5))
train_dataloader = dict(batch_size=16)
_adam = dict(type='Adam', lr=5e-4, betas=(0.5, 0.999), fused=True)
optim_wrapper = dict(generator=dict(optimizer=_adam), critic=dict(optimizer=_adam))
_decay = [dict(type='LinearLR', start_factor=1., end_factor=1e-3, begin=650, end=900, convert_to_iter_based=True)]
param_scheduler = dict(generator=_decay, critic=_decay)
train_cfg = dict(max_epochs=900)
default_hooks = dict(checkpoint=dict(interval=50, max_keep_ckpts=2))
