# What the configs for recordings of one's own have in common. `own_data` names the file; all that the file says (classes, layout, channels,
# frame rate, splits) is filled in when a tool reads the config, and so is the schedule (mmagenc/engine/own_data.py).
_base_ = ['./generator_runtime.py', './models/cvae_small.py', './infagenc_loop.py']

runner_type = 'OwnDataRunner'
own_data = dict(ann_file=None)

model = dict(loss_weights=dict(kl=3e-5))
train_dataloader = dict(
    batch_size=16,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=True),
    batch_sampler=dict(type='EvenBatchSampler'),
    dataset=dict(type='MotionDataset'))
test_dataloader = dict(batch_size=64, num_workers=0, sampler=dict(type='DefaultSampler', shuffle=False), dataset=dict(type='MotionDataset'))
optim_wrapper = dict(optimizer=dict(lr=2e-3))
# What is counted by the number of clips is not said here, so that a config that says it itself is heard.
del _base_.train_cfg['max_epochs'], _base_.default_hooks['checkpoint']['interval'], _base_.default_hooks['samples']['interval']
default_hooks = dict(
    infagenc=dict(
        type=_base_.pop('infagenc')['type'],
        recognizer=dict(optim_wrapper=dict(type='OptimWrapper', optimizer=dict(type='AdamW', lr=1e-3, fused=True)), batch_size=16),
        selector=dict(type='ClassShareSelector', named=True, balanced=False, min_survivors=1)))
