# Pose to image on Penn Action at its published size and schedule, with ACT-VAE's poses. The perceptual term needs torchvision's VGG19
# weights (see README); pose_checkpoint is that of configs/act_vae/act-vae_1xb24-100e_penn.py, or a converted one.
_base_ = ['../_base_/p2i_runtime.py', '../_base_/datasets/penn_action_frames.py', '../_base_/models/p2i.py']

model = dict(
    pose_generator=dict(
        type='ACTVAE',
        representation=dict(type='KeypointRepresentation', skeleton='penn13', num_dims=2, root_center=None, normalization='min_max'),
        num_classes=9),
    pose_checkpoint='work_dirs/act-vae_1xb24-100e_penn/epoch_100.pth')
