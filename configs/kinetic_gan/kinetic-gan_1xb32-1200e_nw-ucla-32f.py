# Kinetic-GAN on NW-UCLA (10 actions, 20 joints) at its published size and schedule. Most clips have 20 to 50 frames, hence windows of 32;
# shorter clips repeat their last frame. Each frame is centred on the root, and the mean pose is subtracted before scaling: not to the
# extremes, which are metres away where tracking failed. Trained on views 1 and 2 without the subjects kept for validation.
_base_ = ['../_base_/kinetic_gan_runtime.py', '../_base_/datasets/nw_ucla.py', '../_base_/models/kinetic_gan.py']

num_classes = 10
num_frames = 32
model = dict(
    representation=dict(skeleton='ucla20', root_center=True, normalization='centered_min_max', quantile=0.9999),
    num_classes=num_classes,
    num_frames=num_frames)
train_pipeline = [dict(type='ConsecutiveSample', num_frames=num_frames), dict(type='PackMotionInputs')]
test_pipeline = [dict(type='ConsecutiveSample', num_frames=num_frames, test_mode=True), dict(type='PackMotionInputs')]
train_dataloader = dict(batch_size=32, drop_last=True, dataset=dict(pipeline=train_pipeline))
val_dataloader = None
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
