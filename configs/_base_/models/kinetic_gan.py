# Kinetic-GAN at its published size: 512 random numbers, four layers of mapping, 32 to 512 channels, coordinates where the recordings have
# them, the smallest and the largest of all scaled to -1 and 1.
model = dict(
    type='KineticGAN',
    representation=dict(type='KeypointRepresentation', skeleton='ntu25', num_dims=3, root_center=None, normalization='min_max'),
    num_classes=60,
    num_frames=64,
    latent_dim=512,
    networks=dict(mapping_layers=4, base_channels=32),
    loss=dict(n_critic=5, gp_weight=10.),
    ema_momentum=1e-3)
