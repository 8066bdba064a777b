# InfAGenC on Bandai-Namco for two CPU cores: half-width ST-GCN, 4+4 layers, bfloat16, a shorter schedule. A GPU affords bandai_namco.py.
_base_ = './bandai_namco.py'

model = dict(latent_dim=128, num_layers=4, ff_dim=512)
train_cfg = dict(max_epochs=200)
optim_wrapper = dict(type='AmpOptimWrapper', dtype='bfloat16', optimizer=dict(lr=5e-4))
