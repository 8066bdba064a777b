# What every training of SLT has in common: an optimizer for each of the four networks. The first two learn poses, for pose_steps batches of
# the model, at a rate that halves every 25 000 of them; the others then learn clips.
_base_ = './generator_runtime.py'

_poses = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-3, betas=(0.5, 0.9), fused=True))
_clips = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-4, betas=(0.5, 0.9), fused=True))
optim_wrapper = dict(
    _delete_=True,
    constructor='SeparateOptimWrapperConstructor',
    decoder=_poses,
    pose_critic=_poses,
    generator=_clips,
    critic=_clips)
_halve = [dict(type='StepLR', step_size=25_000, gamma=0.5, by_epoch=False)]
param_scheduler = dict(decoder=_halve, pose_critic=_halve, generator=[], critic=[])
model_wrapper_cfg = dict(type='MMSeparateDistributedDataParallel')
