# quick.py with a narrow AAGCN as the judge.
_base_ = ['../_base_/quick_generator.py', '../_base_/models/aagcn_rot6d.py']

custom_hooks = [
    dict(type='RandomStateHook'),
    dict(
        type='InfAGenCHook',
        begin=280,
        interval=10,
        recognizer_warmup_epochs=35,
        recognizer_epochs=4,
        recognizer=dict(
            model=dict(
                type='RecognizerGCN',
                _scope_='mmaction',
                backbone=dict(
                    type='AAGCN', in_channels=6, base_channels=16, num_person=1, graph_cfg={{_base_.recognizer.backbone.graph_cfg}}),
                cls_head=dict(type='GCNHead', num_classes=5, in_channels=64)),
            optim_wrapper=dict(type='OptimWrapper', optimizer=dict(type='AdamW', lr=1e-3)),
            train_pipeline={{_base_.recognizer_train_pipeline}},
            test_pipeline={{_base_.recognizer_test_pipeline}},
            batch_size=16),
        selector=dict(type='MedianRatioSelector', balanced=False))
]
