# Kinetic-GAN on Bandai-Namco keypoints (10 actions, 24 joints, 64 frames at 20 per second) at its published size and schedule. Each frame
# is centred on the root, and the mean pose is subtracted before scaling.
_base_ = ['../_base_/kinetic_gan_runtime.py', '../_base_/datasets/bandai_namco.py', '../_base_/models/kinetic_gan.py']

num_classes = 10
num_frames = 64
model = dict(
    representation=dict(skeleton='smpl24', root_center=True, normalization='centered_min_max'),
    num_classes=num_classes,
    num_frames=num_frames)
train_pipeline = [dict(type='ConsecutiveSample', num_frames=num_frames), dict(type='PackMotionInputs')]
test_pipeline = [dict(type='ConsecutiveSample', num_frames=num_frames, test_mode=True), dict(type='PackMotionInputs')]
train_dataloader = dict(batch_size=32, drop_last=True, dataset=dict(pipeline=train_pipeline))
val_dataloader = None
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
