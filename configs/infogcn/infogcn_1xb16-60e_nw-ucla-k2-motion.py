# InfoGCN on NW-UCLA: motion of positions relative to the grandparent (k = 2).
_base_ = './infogcn_1xb16-60e_nw-ucla-k8.py'

train_dataloader = dict(dataset=dict(dataset=dict(pipeline={{_base_.pipelines.k2_motion}})))
test_dataloader = dict(dataset=dict(pipeline={{_base_.pipelines.k2_motion}}))
