# The transformer CVAE for a few dozen clips and two CPU cores: two layers, which begin unequal and have no dropout, so that clips move
# after some thousand steps. With the published settings all frames of a clip are one pose by then.
_base_ = './cvae.py'

model = dict(latent_dim=128, num_layers=2, ff_dim=256, dropout=0., layer_init='independent', test_cfg=dict(num_repeats=5))
