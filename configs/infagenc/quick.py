# The whole of InfAGenC in minutes on two CPU cores: stand-in infants (synthesized by tools/data/make_standin.py), a small generator, a
# narrow ST-GCN, a short schedule. Its numbers say that everything works, and nothing about infants.
_base_ = ['../_base_/quick_generator.py', '../_base_/models/stgcn_rot6d.py']

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
                    type='STGCN', in_channels=6, base_channels=16, graph_cfg={{_base_.recognizer.backbone.graph_cfg}}),
                cls_head=dict(type='GCNHead', num_classes=5, in_channels=64)),
            optim_wrapper=dict(type='OptimWrapper', optimizer=dict(type='AdamW', lr=1e-3)),
            train_pipeline={{_base_.recognizer_train_pipeline}},
            test_pipeline={{_base_.recognizer_test_pipeline}},
            batch_size=16),
        # Unlike the published rule: a class that so small a generator cannot do must not stop the others.
        selector=dict(type='MedianRatioSelector', balanced=False))
]
