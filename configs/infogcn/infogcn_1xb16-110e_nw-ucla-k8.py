# InfoGCN on NW-UCLA: positions (k = 8). As published, an epoch has each clip five times, drawn and turned anew.
_base_ = [
    '../_base_/infogcn_runtime.py', '../_base_/datasets/nw_ucla.py', '../_base_/models/infogcn.py',
    '../_base_/models/infogcn_ucla_pipelines.py'
]

model = dict(backbone=dict(skeleton='ucla20', num_person=1), cls_head=dict(num_classes=10))
optim_wrapper = dict(optimizer=dict(lr=0.05), clip_grad=dict(max_norm=1.))  # uncut, the first steps kill the head's hidden layer (README)
train_dataloader = dict(
    batch_size=16,
    drop_last=True,
    dataset=dict(
        _delete_=True,
        type='RepeatDataset',
        times=5,
        dataset=dict(type='MotionDataset', ann_file={{_base_.ann_file}}, split='train', pipeline={{_base_.pipelines.k8}})))
val_dataloader = dict(dataset=dict(pipeline={{_base_.pipelines.k8}}))
test_dataloader = dict(dataset=dict(pipeline={{_base_.pipelines.k8}}))
