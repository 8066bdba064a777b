# InfoGCN on NTU RGB+D 60, cross-view: positions (k = 8).
_base_ = [
    '../_base_/infogcn_runtime.py', '../_base_/datasets/ntu60_xview.py', '../_base_/models/infogcn.py',
    '../_base_/models/infogcn_ntu_pipelines.py'
]

train_dataloader = dict(batch_size=64, drop_last=True, dataset=dict(pipeline={{_base_.pipelines.k8}}))
val_dataloader = dict(dataset=dict(pipeline={{_base_.pipelines.k8}}))
test_dataloader = dict(dataset=dict(pipeline={{_base_.pipelines.k8}}))
