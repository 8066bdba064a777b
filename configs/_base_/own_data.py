# What the configs for recordings of one's own have in common, whatever generates. `own_data` names the file; all that the file says
# (classes, layout, channels, frame rate, splits) is filled in when a tool reads the config, and so is the schedule
# (mmagenc/engine/own_data.py), of which a generator's config says nothing, so that a config that says it itself is heard.
_base_ = './infagenc_loop.py'

runner_type = 'OwnDataRunner'
own_data = dict(ann_file=None)

train_dataloader = dict(
    batch_size=16,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=True),
    batch_sampler=dict(type='EvenBatchSampler'),
    dataset=dict(type='MotionDataset'))
test_dataloader = dict(batch_size=64, num_workers=0, sampler=dict(type='DefaultSampler', shuffle=False), dataset=dict(type='MotionDataset'))
del _base_.infagenc['interval']
infagenc = dict(
    recognizer=dict(optim_wrapper=dict(type='OptimWrapper', optimizer=dict(type='AdamW', lr=1e-3, fused=True)), batch_size=16),
    selector=dict(type='ClassShareSelector', named=True, balanced=False, min_survivors=1))
