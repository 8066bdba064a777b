# ACT-VAE at its published size: 512 latent channels, four predicted poses of Penn's 13 joints in pixels of 128 by 128 crops, the smallest
# and the largest of all coordinates scaled to -1 and 1.
model = dict(
    type='ACTVAE',
    representation=dict(type='KeypointRepresentation', skeleton='penn13', num_dims=2, root_center=None, normalization='min_max'),
    num_classes=9,
    num_frames=4,
    latent_dim=512,
    loss_weights=dict(l1=200., kl=0.002),
    kl_reduction='sum',
    num_rollouts=3,
    start_state='zeros')
