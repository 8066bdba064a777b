# SLT for minutes of one CPU core, and for what recordings of fast movement need: networks of a quarter or less, eight numbers of noise, critic
# and classifier of clips of any length that see the steps of poses multiplied by five, an LSTM that is told where a clip begins, and terms
# that are means: latent steps as large as recordings need (0.1 to 0.2 a frame) must not cost more than the critic has to say.
_base_ = './slt.py'

model = dict(
    noise_dim=8,
    hidden_dim=32,
    wide_dim=256,
    pooling='mean',
    reduction='mean',
    sees_start=True,
    step_weight=5.,
    slope_weight=0.3,
    frame_statistics=False,
    pose_steps=1500,
    loss_weights=dict(smooth=0., shift=0.3, classes=1., range=10.))
