# Half-width ST-GCN in bfloat16, for two CPU cores.
_base_ = './stgcn_1xb16-rot6d-24e_bandai-namco.py'

model = dict(backbone=dict(base_channels=32), cls_head=dict(in_channels=128))
optim_wrapper = dict(type='AmpOptimWrapper', dtype='bfloat16')
