# What every training of the pose-to-image network has in common: Adam for the generator and for the discriminator, whose rates are halved
# every 100 000 iterations, as published.
_base_ = './default_runtime.py'

train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=300)
_adam = dict(type='Adam', lr=2e-4, betas=(0.5, 0.999), weight_decay=1e-4, fused=True)
optim_wrapper = dict(
    constructor='SeparateOptimWrapperConstructor',
    generator=dict(type='OptimWrapper', optimizer=_adam),
    discriminator=dict(type='OptimWrapper', optimizer=_adam))
_steps = [dict(type='StepLR', step_size=100_000, gamma=0.5, by_epoch=False)]
param_scheduler = dict(generator=_steps, discriminator=_steps)
model_wrapper_cfg = dict(type='MMSeparateDistributedDataParallel')
default_hooks = dict(checkpoint=dict(interval=10, max_keep_ckpts=2), random_state=dict(type='RandomStateHook'))
val_cfg = None
val_evaluator = None
test_cfg = dict(type='TestLoop')
test_evaluator = dict(type='ImagePredictionMetric')
randomness = dict(seed=0)
