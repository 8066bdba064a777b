# NTU RGB+D 120, cross-subject: 120 actions; clips of one person have that person twice, as published. Made from the .skeleton files by
#   mmagenc import-ntu FOLDER --benchmark ntu120 --out data/ntu120/ntu120.npz
_base_ = './ntu60_xsub.py'

ann_file = 'data/ntu120/ntu120.npz'
num_classes = 120
num_frames = 64
train_pipeline = [
    dict(type='RandomCropResize', num_frames=num_frames),
    dict(type='RandomRotation', angle=0.3),
    dict(type='mmaction.FormatGCNInput', num_person=2, mode='loop'),
    dict(type='mmaction.PackActionInputs'),
]
test_pipeline = [
    dict(type='RandomCropResize', num_frames=num_frames, test_mode=True),
    dict(type='mmaction.FormatGCNInput', num_person=2, mode='loop'),
    dict(type='mmaction.PackActionInputs'),
]
train_dataloader = dict(dataset=dict(ann_file=ann_file, pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(ann_file=ann_file, pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(ann_file=ann_file, pipeline=test_pipeline))
