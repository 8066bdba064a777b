# InfAGenC on keypoints of your own, in two or three dimensions, with ACT-VAE, for two CPU cores. A config of yours is
#   _base_ = 'mmagenc::infagenc/own_act-vae.py'
#   own_data = dict(ann_file='data/mine.pkl')
# Clips are what follows a start pose, which is drawn from anywhere in the training clips.
_base_ = ['../_base_/own_data.py', '../_base_/act_vae_runtime.py', '../_base_/models/act_vae.py']

own_data = dict(fill_gaps=dict(max_gap=10), least_steps=2500)
model = dict(
    representation=dict(
        root_center=True, translation=True, center='hips', unit='body', normalization='centered_min_max', quantile=0.9999),
    latent_dim=64,
    num_rollouts=1,
    start_state='pose',
    starts='any',
    kl_reduction='mean',
    posterior=dict(hidden_dim=128, anneal_steps=1000),
    loss_weights=dict(kl=0.02))
train_dataloader = dict(batch_size=32)
optim_wrapper = dict(optimizer=dict(lr=2e-3, betas=(0.9, 0.999), weight_decay=0.), clip_grad=dict(max_norm=10.))
param_scheduler = None
del _base_.train_cfg['max_epochs'], _base_.default_hooks['checkpoint']['interval'], _base_.default_hooks['samples']['interval']
default_hooks = dict(infagenc=_base_.pop('infagenc'))
