# The published training of InfoGCN: 110 epochs of SGD, five of warm-up, a tenth of the rate from epochs 90 and 100 on.
# Half precision, as published: tools/train.py … --amp.
_base_ = './recognizer_runtime.py'

train_cfg = dict(max_epochs=110, val_interval=1)
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.1, momentum=0.9, nesterov=True, weight_decay=5e-4, fused=True))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.2, begin=0, end=5),
    dict(type='MultiStepLR', milestones=[90, 100], gamma=0.1),
]
default_hooks = dict(checkpoint=dict(interval=10, max_keep_ckpts=1, save_best='acc/top1', rule='greater'))
val_evaluator = dict(metric_options=dict(top_k_accuracy=dict(topk=(1, 5))))
test_evaluator = val_evaluator
