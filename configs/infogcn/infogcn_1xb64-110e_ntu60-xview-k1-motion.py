# InfoGCN on NTU RGB+D 60, cross-view: motion of bones (k = 1).
_base_ = './infogcn_1xb64-110e_ntu60-xview-k8.py'

train_dataloader = dict(dataset=dict(pipeline={{_base_.pipelines.k1_motion}}))
val_dataloader = dict(dataset=dict(pipeline={{_base_.pipelines.k1_motion}}))
test_dataloader = dict(dataset=dict(pipeline={{_base_.pipelines.k1_motion}}))
