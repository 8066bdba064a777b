# What every generator's training has in common: AdamW at a constant rate, no validation, tests by the recognizer's features.
_base_ = './default_runtime.py'

train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=1100)
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='AdamW', lr=1e-4, fused=True))
default_hooks = dict(checkpoint=dict(interval=20, max_keep_ckpts=3))
custom_hooks = [
    dict(type='RandomStateHook'),
    dict(type='RepresentationStatsHook'),
    dict(type='SampleVisualizationHook', interval=100)
]
val_cfg = None
val_evaluator = None
test_cfg = dict(type='TestLoop')
test_evaluator = dict(type='MotionGenerationMetric')
randomness = dict(seed=10)
