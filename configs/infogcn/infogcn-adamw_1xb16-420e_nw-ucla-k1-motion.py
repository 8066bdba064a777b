# InfoGCN on NW-UCLA: motion of bones (k = 1).
_base_ = './infogcn-adamw_1xb16-420e_nw-ucla-k8.py'

train_dataloader = dict(dataset=dict(pipeline={{_base_.pipelines.k1_motion_aligned}}))
test_dataloader = dict(dataset=dict(pipeline={{_base_.pipelines.k1_motion_aligned}}))
