# InfoGCN on NW-UCLA: motion of positions (k = 8).
_base_ = './infogcn_1xb16-60e_nw-ucla-k8.py'

train_dataloader = dict(dataset=dict(dataset=dict(pipeline={{_base_.pipelines.k8_motion}})))
test_dataloader = dict(dataset=dict(pipeline={{_base_.pipelines.k8_motion}}))
