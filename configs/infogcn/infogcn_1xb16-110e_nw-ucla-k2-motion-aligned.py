# InfoGCN on NW-UCLA, aligned: motion of positions relative to the grandparent (k = 2).
_base_ = './infogcn_1xb16-110e_nw-ucla-k8-aligned.py'

train_dataloader = dict(dataset=dict(dataset=dict(pipeline={{_base_.pipelines.k2_motion_aligned}})))
test_dataloader = dict(dataset=dict(pipeline={{_base_.pipelines.k2_motion_aligned}}))
