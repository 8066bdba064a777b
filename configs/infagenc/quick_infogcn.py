# quick.py with a narrow InfoGCN as the judge, of positions.
_base_ = ['../_base_/quick_generator.py', '../_base_/models/infogcn_xyz_infact17.py']

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
                    type='mmagenc.InfoGCN', skeleton='infact17', num_person=1, base_channels=16),
                cls_head=dict(type='mmagenc.InfoGCNHead', num_classes=5, in_channels=64)),
            optim_wrapper=dict(type='OptimWrapper', optimizer=dict(type='AdamW', lr=1e-3)),
            train_pipeline={{_base_.recognizer_train_pipeline}},
            test_pipeline={{_base_.recognizer_test_pipeline}},
            batch_size=16),
        selector=dict(type='MedianRatioSelector', balanced=False))
]
