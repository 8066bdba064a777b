# The mixed set's baseline: 100 epochs on real clips alone.
_base_ = './stgcn_1xb16-rot6d-15e_action-90f.py'

train_cfg = dict(max_epochs=100)
