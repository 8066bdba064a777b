# InfoGCN on NW-UCLA at k = 2 as published, for published weights: each joint less the sum of its descendants two bones away, seen from
# the shoulder centre. infogcn_1xb16-110e_nw-ucla-k2.py takes the ancestors of the layout's own tree.
_base_ = './infogcn_1xb16-110e_nw-ucla-k8.py'

model = dict(backbone=dict(published_modes=True))
train_dataloader = dict(dataset=dict(dataset=dict(pipeline={{_base_.pipelines.k2_published}})))
val_dataloader = dict(dataset=dict(pipeline={{_base_.pipelines.k2_published}}))
test_dataloader = dict(dataset=dict(pipeline={{_base_.pipelines.k2_published}}))
