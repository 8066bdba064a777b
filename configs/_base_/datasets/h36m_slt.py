# Human3.6M as SLT has it: ten actions, 15 keypoints in the image of one camera, from the hip and scaled by depth; 50 frames, every third of
# the recording. Made by
#   mmagenc import-h36m data/h36m --preset slt --out data/h36m/h36m15_2d.npz
# Subjects 1, 5, 7, 8 and 9 are train, 11 is test; there is no val, unless the tool is told --val-subjects.
ann_file = 'data/h36m/h36m15_2d.npz'
num_classes = 10
num_frames = 50
train_pipeline = [dict(type='ConsecutiveSample', num_frames=num_frames), dict(type='PackMotionInputs')]
test_pipeline = [dict(type='ConsecutiveSample', num_frames=num_frames, test_mode=True), dict(type='PackMotionInputs')]
train_dataloader = dict(
    batch_size=32,
    num_workers=0,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(type='MotionDataset', ann_file=ann_file, split='train', pipeline=train_pipeline))
val_dataloader = None
test_dataloader = dict(
    batch_size=64,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='MotionDataset', ann_file=ann_file, split='test', pipeline=test_pipeline, test_mode=True))
