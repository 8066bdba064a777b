# InfActPrimitive at its published place: 5 classes, 60 frames.
data_root = 'data/InfActPrimitive/Data/'
num_classes = 5
num_frames = 60
train_pipeline = [dict(type='ConsecutiveSample', num_frames=num_frames), dict(type='PackMotionInputs')]
test_pipeline = [dict(type='ConsecutiveSample', num_frames=num_frames, test_mode=True), dict(type='PackMotionInputs')]

train_dataloader = dict(
    batch_size=16,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(type='InfActPrimitive', ann_file=data_root + 'primitive_train.pkl', pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=64,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='InfActPrimitive', ann_file=data_root + 'primitive_validate.pkl', pipeline=test_pipeline, test_mode=True))
test_dataloader = dict(
    batch_size=64,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='InfActPrimitive', ann_file=data_root + 'primitive_test.pkl', pipeline=test_pipeline, test_mode=True))
