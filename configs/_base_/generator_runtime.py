# What every generator's training has in common: AdamW at a constant rate, no validation, tests by the recognizer's features.
_base_ = './default_runtime.py'

train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=1100)
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='AdamW', lr=1e-4, fused=True))
# Each under its name, so that a config (or `--cfg-options default_hooks.samples.interval=50`) says what it changes and no more; None takes
# a hook out. The order in which they run is that of their priorities, not of this list.
default_hooks = dict(
    checkpoint=dict(interval=20, max_keep_ckpts=3),
    random_state=dict(type='RandomStateHook'),
    representation_stats=dict(type='RepresentationStatsHook'),
    samples=dict(type='SampleVisualizationHook', interval=100))
val_cfg = None
val_evaluator = None
test_cfg = dict(type='TestLoop')
test_evaluator = dict(type='MotionGenerationMetric')
randomness = dict(seed=10)
