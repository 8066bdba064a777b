# Bandai-Namco, half of the clips for training: ST-GCN on rot6d, real clips alone. The best epoch is chosen on the validation clips.
_base_ = ['../_base_/recognizer_runtime.py', '../_base_/datasets/bandai_namco.py', '../_base_/models/stgcn_rot6d.py']

model = dict(
    type='RecognizerGCN',
    _scope_='mmaction',
    backbone={{_base_.recognizer.backbone}},
    cls_head=dict(type='GCNHead', num_classes=10, in_channels=256))
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='AdamW', lr=1e-3, fused=True))
train_cfg = dict(max_epochs=24, val_interval=4)
default_hooks = dict(checkpoint=dict(interval=24, max_keep_ckpts=1, save_best='acc/top1', rule='greater'))
train_dataloader = dict(dataset=dict(pipeline={{_base_.recognizer_train_pipeline}}))
val_dataloader = dict(dataset=dict(pipeline={{_base_.recognizer_test_pipeline}}))
test_dataloader = dict(dataset=dict(pipeline={{_base_.recognizer_test_pipeline}}))
randomness = dict(seed=0)
