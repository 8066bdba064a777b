# Bandai-Namco-Research-Motiondataset-2: 10 actions in 7 styles, resampled to 20 frames per second. Made from the BVH files by
#   mmagenc import-bvh FOLDER --preset bandai_namco --out data/bandai_namco/motion.npz
# The preset splits by take: of each action and style takes 1 to 4 are train, 5 is val, 6 to 8 are test.
ann_file = 'data/bandai_namco/motion.npz'
num_classes = 10
num_frames = 60
train_pipeline = [dict(type='ConsecutiveSample', num_frames=num_frames), dict(type='PackMotionInputs')]
test_pipeline = [dict(type='ConsecutiveSample', num_frames=num_frames, test_mode=True), dict(type='PackMotionInputs')]
train_dataloader = dict(
    batch_size=16,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(type='MotionDataset', ann_file=ann_file, split='train', pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=64,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='MotionDataset', ann_file=ann_file, split='val', pipeline=test_pipeline, test_mode=True))
test_dataloader = dict(
    batch_size=64,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='MotionDataset', ann_file=ann_file, split='test', pipeline=test_pipeline, test_mode=True))
