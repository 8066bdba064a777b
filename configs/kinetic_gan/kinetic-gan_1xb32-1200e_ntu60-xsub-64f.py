# Kinetic-GAN on NTU RGB+D 60, cross-subject: 60 actions, 64 frames of the first person, mapping network of 4 layers.
# The annotation is made of the .skeleton files by tools/data/ntu_to_annotation.py; MMAction2's ntu60_3d.pkl has the same splits.
# Differs from the published training: frames are taken from anywhere in a clip and short clips repeat their last frame (published: the
# first 64 frames, with whatever padding the array has), and an average of the generator is kept.
_base_ = ['../_base_/kinetic_gan_runtime.py', '../_base_/models/kinetic_gan.py']

ann_file = 'data/ntu60/ntu60.npz'
num_classes = 60
num_frames = 64
model = dict(num_classes=num_classes, networks=dict(mapping_layers=4))
train_pipeline = [dict(type='ConsecutiveSample', num_frames=num_frames), dict(type='PackMotionInputs', person=0)]
test_pipeline = [dict(type='ConsecutiveSample', num_frames=num_frames, test_mode=True), dict(type='PackMotionInputs', person=0)]
train_dataloader = dict(
    batch_size=32,
    num_workers=4,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='MotionDataset', ann_file=ann_file, split='xsub_train', metainfo=dict(skeleton='ntu25'), pipeline=train_pipeline))
val_dataloader = None
test_dataloader = dict(
    batch_size=64,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='MotionDataset',
        ann_file=ann_file,
        split='xsub_val',
        metainfo=dict(skeleton='ntu25'),
        pipeline=test_pipeline,
        test_mode=True))
