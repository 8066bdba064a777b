# InfoGCN on NTU RGB+D 120, cross-setup: motion of positions (k = 8).
_base_ = './infogcn_1xb128-110e_ntu120-xset-k8.py'

train_dataloader = dict(dataset=dict(pipeline={{_base_.pipelines.k8_motion}}))
val_dataloader = dict(dataset=dict(pipeline={{_base_.pipelines.k8_motion}}))
test_dataloader = dict(dataset=dict(pipeline={{_base_.pipelines.k8_motion}}))
