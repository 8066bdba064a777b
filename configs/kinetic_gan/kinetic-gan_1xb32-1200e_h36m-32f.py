# Kinetic-GAN on Human3.6M in the image plane: 10 actions, 16 joints, 32 frames. The published clips have 32, 64, 128, 256, 512 or 1024
# frames, with a mapping network of 4 layers for 32, 512 and 1024 and of 8 layers otherwise: change num_frames (and the pipelines with it)
# and networks.mapping_layers. The annotation is made of Human3.6M's .h5 files by tools/data/h36m_to_annotation.py
# --preset kinetic_gan, or of the .npy and .pkl pair by tools/data/arrays_to_annotation.py.
_base_ = ['../_base_/kinetic_gan_runtime.py', '../_base_/models/kinetic_gan.py']

ann_file = 'data/h36m/h36m16_2d.npz'
num_classes = 10
num_frames = 32
model = dict(
    representation=dict(skeleton='h36m16', num_dims=2), num_classes=num_classes, num_frames=num_frames, networks=dict(mapping_layers=4))
train_pipeline = [dict(type='ConsecutiveSample', num_frames=num_frames), dict(type='PackMotionInputs')]
test_pipeline = [dict(type='ConsecutiveSample', num_frames=num_frames, test_mode=True), dict(type='PackMotionInputs')]
train_dataloader = dict(
    batch_size=32,
    num_workers=4,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(type='MotionDataset', ann_file=ann_file, split='train', pipeline=train_pipeline))
val_dataloader = None
test_dataloader = dict(
    batch_size=64,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='MotionDataset', ann_file=ann_file, split='test', pipeline=test_pipeline, test_mode=True))
