# What every training of Kinetic-GAN has in common: Adam at a constant rate for the generator and for the critic, 1200 epochs.
_base_ = './generator_runtime.py'

train_cfg = dict(max_epochs=1200)
_adam = dict(type='Adam', lr=2e-4, betas=(0.5, 0.999), fused=True)
optim_wrapper = dict(
    _delete_=True,
    constructor='SeparateOptimWrapperConstructor',
    generator=dict(type='OptimWrapper', optimizer=_adam),
    critic=dict(type='OptimWrapper', optimizer=_adam))
model_wrapper_cfg = dict(type='MMSeparateDistributedDataParallel')
