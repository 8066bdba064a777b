# As act-vae-small without noise: one prediction for each pose and action, which the others must beat.
_base_ = './act-vae-small_1xb128_penn.py'

model = dict(deterministic=True, loss_weights=dict(kl=0.))
