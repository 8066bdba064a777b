# SLT on NTU RGB+D 60, cross-subject, at its published size: 60 actions, 25 joints of the first person in space, 50 frames, each centred on
# the root. The annotation is made of the .skeleton files by mmagenc import-ntu; MMAction2's ntu60_3d.pkl has the same splits. The paper
# took estimated poses in the image: for those num_dims=2. Steps are bounded by means, whose weights do not depend on the number of joints.
_base_ = ['../_base_/slt_runtime.py', '../_base_/models/slt.py']

ann_file = 'data/ntu60/ntu60.npz'
num_classes = 60
num_frames = 50
model = dict(
    representation=dict(skeleton='ntu25', num_dims=3, root_center=True),
    num_classes=num_classes,
    num_frames=num_frames,
    noise_memory=0.95,
    pooling='mean',
    reduction='mean',
    sees_start=True,
    step_weight=5.,
    slope_weight=3.,
    loss_weights=dict(smooth=0.1, shift=0.1, classes=0.5, range=10.))
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
train_cfg = dict(max_epochs=100)  # of 1252 batches: 100 000 for the decoder, the others for the clips
default_hooks = dict(checkpoint=dict(interval=5, max_keep_ckpts=3), samples=dict(interval=20), logger=dict(interval=500))
