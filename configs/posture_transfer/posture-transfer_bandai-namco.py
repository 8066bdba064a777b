# Postures on Bandai-Namco keypoints (10 actions in 7 styles): recordings of all actions, with the differences between how the styles walk.
_base_ = ['../_base_/posture_transfer_runtime.py', '../_base_/datasets/bandai_namco.py']

num_frames = 60
model = dict(
    type='PostureTransferGenerator',
    representation=dict(type='KeypointRepresentation', skeleton='smpl24'),
    num_classes=10,
    num_frames=num_frames,
    base=dict(ann_file={{_base_.ann_file}}, split='train', classes=['walk']))
val_dataloader = None
