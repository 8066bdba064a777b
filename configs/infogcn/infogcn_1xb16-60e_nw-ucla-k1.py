# InfoGCN on NW-UCLA: bones (k = 1).
_base_ = './infogcn_1xb16-60e_nw-ucla-k8.py'

train_dataloader = dict(dataset=dict(dataset=dict(pipeline={{_base_.pipelines.k1}})))
test_dataloader = dict(dataset=dict(pipeline={{_base_.pipelines.k1}}))
