# Postures on NW-UCLA keypoints (10 actions, 20 joints): its recordings, with the differences between Bandai-Namco's styles.
_base_ = ['../_base_/posture_transfer_runtime.py', '../_base_/datasets/nw_ucla.py']

num_frames = 52
model = dict(
    type='PostureTransferGenerator',
    representation=dict(type='KeypointRepresentation', skeleton='ucla20'),
    num_classes=10,
    num_frames=num_frames,
    base=dict(ann_file='data/bandai_namco/motion.npz', split='train'))
_pack = dict(type='PackMotionInputs')
train_pipeline = [dict(type='ConsecutiveSample', num_frames=num_frames), _pack]
test_pipeline = [dict(type='ConsecutiveSample', num_frames=num_frames, test_mode=True), _pack]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = None
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
