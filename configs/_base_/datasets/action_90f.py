# InfantAction at its published place: 4 classes, 90 frames. It comes without a validation file.
data_root = 'data/InfActPlus/'
num_classes = 4
num_frames = 90
train_pipeline = [dict(type='ConsecutiveSample', num_frames=num_frames), dict(type='PackMotionInputs')]
test_pipeline = [dict(type='ConsecutiveSample', num_frames=num_frames, test_mode=True), dict(type='PackMotionInputs')]

train_dataloader = dict(
    batch_size=16,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(type='InfantAction', ann_file=data_root + 'train_trans_data.pkl', pipeline=train_pipeline))
val_dataloader = None
test_dataloader = dict(
    batch_size=64,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='InfantAction', ann_file=data_root + 'test_trans_data.pkl', pipeline=test_pipeline, test_mode=True))
