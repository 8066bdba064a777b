# InfoGCN on NTU RGB+D 60, cross-view: motion of positions (k = 8).
_base_ = './infogcn_1xb64-110e_ntu60-xview-k8.py'

train_dataloader = dict(dataset=dict(pipeline={{_base_.pipelines.k8_motion}}))
val_dataloader = dict(dataset=dict(pipeline={{_base_.pipelines.k8_motion}}))
test_dataloader = dict(dataset=dict(pipeline={{_base_.pipelines.k8_motion}}))
