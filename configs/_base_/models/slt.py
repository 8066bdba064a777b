# SLT at its published size: 12 latent channels, 64 of noise, LSTMs of 256, critic and classifier of exactly 50 frames, coordinates divided
# by their standard deviations.
model = dict(
    type='SLTGenerator',
    representation=dict(type='KeypointRepresentation', skeleton='h36m15', num_dims=2, root_center=None, normalization='standard'),
    num_classes=10,
    num_frames=50,
    latent_dim=12,
    noise_dim=64,
    hidden_dim=256,
    wide_dim=1024,
    pooling='published',
    reduction='sum',
    loss_weights=dict(smooth=1e-4, shift=0.1, classes=0.01),
    pose_steps=100_000,
    pose_batch=64)
