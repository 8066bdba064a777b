# The transformer CVAE at its published size (InfAGenC: 8 layers), on rot6d without translation, keypoints in the infant files' layout.
model = dict(
    type='TransformerCVAE',
    representation=dict(type='RotationRepresentation', body_model=dict(type='InfantBody'), translation=False, keypoint_skeleton='infact17'),
    num_classes=5,
    num_frames=60,
    latent_dim=256,
    num_layers=8,
    num_heads=4,
    ff_dim=1024,
    dropout=0.1,
    loss_weights=dict(rc=1., rcxyz=1., kl=1e-5, velxyz=1e-3),
    kl_reduction='sum')
