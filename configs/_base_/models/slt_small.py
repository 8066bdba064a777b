# SLT for minutes of one CPU core, and for what recordings of fast movement need: networks of a quarter or less; critic and classifier of
# clips of any length that see the steps of poses multiplied by five; a critic that stays flat; an LSTM that is told where a clip begins,
# with eight numbers of noise that change slowly; and terms that are means, weighted so that latent steps as large as recordings need (0.1
# to 0.2 a frame) cost less than the critic has to say.
_base_ = './slt.py'

model = dict(
    noise_dim=8,
    noise_memory=0.95,
    hidden_dim=32,
    wide_dim=256,
    pooling='mean',
    reduction='mean',
    sees_start=True,
    step_weight=5.,
    slope_weight=3.,
    frame_statistics=False,
    pose_steps=1500,
    loss_weights=dict(smooth=0.1, shift=0.1, classes=0.5, range=10.))
