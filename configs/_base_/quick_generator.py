# What every quick preset has in common, whichever recognizer judges: stand-in infants, a small generator, a short schedule.
_base_ = ['./generator_runtime.py', './datasets/standin_world_60f.py', './models/cvae_small.py']

# A hundred clips, always the same window of each, and a high rate: so the clips move after 2000 steps. With four times as many clips, or
# random windows, they are still one posture each by then.
model = dict(loss_weights=dict(kl=1e-6))
train_dataloader = dict(batch_sampler=dict(type='EvenBatchSampler'), dataset=dict(pipeline={{_base_.test_pipeline}}))
val_dataloader = None
train_cfg = dict(max_epochs=320)
optim_wrapper = dict(optimizer=dict(lr=2e-3))
param_scheduler = dict(type='LinearLR', start_factor=1., end_factor=1e-2, begin=220, end=320, convert_to_iter_based=True)
del _base_.default_hooks['samples']  # tools/visualize.py draws them afterwards
default_hooks = dict(checkpoint=dict(interval=40, max_keep_ckpts=1))
