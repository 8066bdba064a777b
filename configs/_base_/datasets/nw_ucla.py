# NW-UCLA: 10 actions, 20 joints, the published augmentation, 52 frames. Made from the JSON files by
#   mmagenc import-nw-ucla FOLDER --out data/nw_ucla/nw_ucla.npz
# Subjects 9 and 10 of views 1 and 2 are val, view 3 is test. The published training set is split='trainval'.
ann_file = 'data/nw_ucla/nw_ucla.npz'
num_classes = 10
num_frames = 52
train_augmentation = [
    dict(type='RootCenter', joint=1, per_frame=False),
    dict(type='RandomViewRotate', angle=60, scale=(0.5, 1.5)),
    dict(type='MinMaxScale'),
    dict(type='SortedSample', num_frames=num_frames),
]
test_augmentation = [
    dict(type='RootCenter', joint=1, per_frame=False),
    dict(type='MinMaxScale'),
    dict(type='SortedSample', num_frames=num_frames, test_mode=True),
]
pack = [dict(type='mmaction.FormatGCNInput', num_person=1), dict(type='mmaction.PackActionInputs')]
train_pipeline = train_augmentation + pack
test_pipeline = test_augmentation + pack
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
