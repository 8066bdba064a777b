# What every quick preset has in common, whichever recognizer judges: stand-in infants, a small generator, a short schedule.
_base_ = ['./generator_runtime.py', './datasets/standin_primitive_60f.py', './models/cvae.py']

# A larger KL weight than the published one: a short training needs it for draws from the prior to look like clips.
model = dict(latent_dim=128, num_layers=2, ff_dim=256, loss_weights=dict(kl=1e-4), test_cfg=dict(num_repeats=5))
train_dataloader = dict(batch_sampler=dict(type='EvenBatchSampler'))
val_dataloader = None
train_cfg = dict(max_epochs=100)
optim_wrapper = dict(optimizer=dict(lr=1e-3))
default_hooks = dict(checkpoint=dict(interval=20, max_keep_ckpts=1))
