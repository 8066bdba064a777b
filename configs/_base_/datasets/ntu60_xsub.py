# NTU RGB+D 60, cross-subject: 60 actions, 25 joints, up to 2 people, InfoGCN's published augmentation. Made from the .skeleton files by
#   mmagenc import-ntu FOLDER --benchmark ntu60 --out data/ntu60/ntu60.npz
# xsub_val is the benchmark's test part, by the name it has in MMAction2. The published training set is xsub_train; xsub_fit and
# xsub_holdout are it without and of every tenth of its subjects, so that the epoch is picked without looking at the test part.
ann_file = 'data/ntu60/ntu60.npz'
num_classes = 60
num_frames = 64
train_pipeline = [
    dict(type='RandomCropResize', num_frames=num_frames),
    dict(type='RandomRotation', angle=0.3),
    dict(type='mmaction.FormatGCNInput', num_person=2),
    dict(type='mmaction.PackActionInputs'),
]
test_pipeline = [
    dict(type='RandomCropResize', num_frames=num_frames, test_mode=True),
    dict(type='mmaction.FormatGCNInput', num_person=2),
    dict(type='mmaction.PackActionInputs'),
]
train_dataloader = dict(
    batch_size=64,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(type='MotionDataset', ann_file=ann_file, split='xsub_fit', pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=64,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='MotionDataset', ann_file=ann_file, split='xsub_holdout', pipeline=test_pipeline, test_mode=True))
test_dataloader = dict(
    batch_size=64,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='MotionDataset', ann_file=ann_file, split='xsub_val', pipeline=test_pipeline, test_mode=True))
