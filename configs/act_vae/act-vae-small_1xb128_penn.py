# ACT-VAE on Penn Action for one CPU core (about a minute): 16 latent channels instead of 512, a pose LSTM that begins at the start pose,
# batches of 128, a mean in the place of the summed KL, and a higher rate that falls to nothing.
_base_ = './act-vae_1xb24-100e_penn.py'

model = dict(latent_dim=16, start_state='pose', kl_reduction='mean')
train_dataloader = dict(batch_size=128, dataset=dict(split='train'))
optim_wrapper = dict(optimizer=dict(lr=2e-3, betas=(0.9, 0.999), weight_decay=0.))
param_scheduler = dict(_delete_=True, type='LinearLR', start_factor=1., end_factor=1e-2, begin=2, end=6, convert_to_iter_based=True)
train_cfg = dict(max_epochs=6)
default_hooks = dict(checkpoint=dict(interval=6), samples=dict(interval=6))
