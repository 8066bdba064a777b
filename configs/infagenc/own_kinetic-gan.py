# InfAGenC on keypoints of your own, in two or three dimensions, with Kinetic-GAN, for two CPU cores. A config of yours is
#   _base_ = 'mmagenc::infagenc/own_kinetic-gan.py'
#   own_data = dict(ann_file='data/mine.pkl')
# It learns slowest of all: twenty minutes or more, and better of a hundred clips than of thirty.
_base_ = ['../_base_/own_data.py', '../_base_/kinetic_gan_runtime.py', '../_base_/models/kinetic_gan.py']

own_data = dict(fill_gaps=dict(max_gap=10), least_steps=20000, window_multiple=16)
model = dict(
    representation=dict(
        root_center=True, translation=True, center='hips', unit='body', normalization='centered_min_max', quantile=0.9999),
    latent_dim=64,
    networks=dict(base_channels=8, tail_channels=16, critic_init='scaled'),
    loss=dict(n_critic=2, gp_interval=2, step_weight=2., class_weight=0.5))
_adam = dict(type='Adam', lr=5e-4, betas=(0.5, 0.999), fused=True)
optim_wrapper = dict(generator=dict(optimizer=_adam), critic=dict(optimizer=_adam))
param_scheduler = dict(generator=[], critic=[])
del _base_.train_cfg['max_epochs'], _base_.default_hooks['checkpoint']['interval'], _base_.default_hooks['samples']['interval']
default_hooks = dict(infagenc=_base_.pop('infagenc'))
