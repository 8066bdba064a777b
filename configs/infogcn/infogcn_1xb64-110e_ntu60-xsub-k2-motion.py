# InfoGCN on NTU RGB+D 60, cross-subject: motion of positions relative to the grandparent (k = 2).
_base_ = './infogcn_1xb64-110e_ntu60-xsub-k8.py'

train_dataloader = dict(dataset=dict(pipeline={{_base_.pipelines.k2_motion}}))
val_dataloader = dict(dataset=dict(pipeline={{_base_.pipelines.k2_motion}}))
test_dataloader = dict(dataset=dict(pipeline={{_base_.pipelines.k2_motion}}))
