# What every quick preset has in common, whichever recognizer judges: stand-in infants, a small generator, a short schedule.
_base_ = ['./generator_runtime.py', './datasets/standin_world_60f.py', './models/cvae.py']

# A hundred clips, always the same window of each, and layers that begin unequal, without dropout, at a high rate: so the clips move after
# 2000 steps. With four times as many clips, or random windows, they are still one posture each by then.
model = dict(
    latent_dim=128,
    num_layers=2,
    ff_dim=256,
    dropout=0.,
    layer_init='independent',
    loss_weights=dict(kl=1e-6),
    test_cfg=dict(num_repeats=5))
train_dataloader = dict(batch_sampler=dict(type='EvenBatchSampler'), dataset=dict(pipeline={{_base_.test_pipeline}}))
val_dataloader = None
train_cfg = dict(max_epochs=320)
optim_wrapper = dict(optimizer=dict(lr=2e-3))
param_scheduler = dict(type='LinearLR', start_factor=1., end_factor=1e-2, begin=220, end=320, convert_to_iter_based=True)
del _base_.default_hooks['samples']  # tools/visualize.py draws them afterwards
default_hooks = dict(checkpoint=dict(interval=40, max_keep_ckpts=1))
