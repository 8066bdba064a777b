# The CVAE for recordings of one's own.
_base_ = ['./own_data.py', './generator_runtime.py', './models/cvae_small.py']

model = dict(loss_weights=dict(kl=3e-5))
optim_wrapper = dict(optimizer=dict(lr=2e-3))
del _base_.train_cfg['max_epochs'], _base_.default_hooks['checkpoint']['interval'], _base_.default_hooks['samples']['interval']
default_hooks = dict(infagenc=_base_.pop('infagenc'))
