# What every training of ACT-VAE has in common: Adam, whose rate halves every 100 000 steps, for 100 epochs.
_base_ = './generator_runtime.py'

train_cfg = dict(max_epochs=100)
optim_wrapper = dict(
    optimizer=dict(_delete_=True, type='Adam', lr=2e-4, betas=(0.5, 0.999), weight_decay=1e-4, fused=True))
param_scheduler = dict(type='StepLR', step_size=100_000, gamma=0.5, by_epoch=False)
default_hooks = dict(checkpoint=dict(interval=10))
