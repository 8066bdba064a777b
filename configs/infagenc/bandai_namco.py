# InfAGenC on Bandai-Namco motion capture (10 actions, BVH fitted to SMPL-24): everything in one command, at published sizes.
_base_ = [
    '../_base_/generator_runtime.py', '../_base_/datasets/bandai_namco.py', '../_base_/models/cvae.py', '../_base_/models/stgcn_rot6d.py'
]

model = dict(num_classes=10, representation=dict(keypoint_skeleton='smpl24'))
recognizer = dict(cls_head=dict(num_classes=10))
train_dataloader = dict(batch_sampler=dict(type='EvenBatchSampler'))
val_dataloader = None
train_cfg = dict(max_epochs=1300)
custom_hooks = [
    dict(type='RandomStateHook'),
    dict(type='RepresentationStatsHook'),
    dict(type='SampleVisualizationHook', interval=100),
    dict(
        type='InfAGenCHook',
        begin=1100,
        interval=10,
        recognizer_warmup_epochs=15,
        recognizer_epochs=3,
        recognizer=dict(
            model=dict(
                type='RecognizerGCN',
                _scope_='mmaction',
                backbone={{_base_.recognizer.backbone}},
                cls_head=dict(type='GCNHead', num_classes=10, in_channels=256)),
            optim_wrapper={{_base_.recognizer_optim_wrapper}},
            train_pipeline={{_base_.recognizer_train_pipeline}},
            test_pipeline={{_base_.recognizer_test_pipeline}},
            batch_size=16),
        selector=dict(type='MedianRatioSelector'))
]
