# InfoGCN on NTU RGB+D 120, cross-subject: positions (k = 8).
_base_ = [
    '../_base_/infogcn_runtime.py', '../_base_/datasets/ntu120_xsub.py', '../_base_/models/infogcn.py',
    '../_base_/models/infogcn_ntu_pipelines.py'
]

model = dict(cls_head=dict(num_classes=120))
train_dataloader = dict(batch_size=128, drop_last=True, dataset=dict(pipeline={{_base_.pipelines.k8}}))
val_dataloader = dict(dataset=dict(pipeline={{_base_.pipelines.k8}}))
test_dataloader = dict(dataset=dict(pipeline={{_base_.pipelines.k8}}))
