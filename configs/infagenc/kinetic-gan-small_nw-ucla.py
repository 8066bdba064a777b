# InfAGenC on NW-UCLA with Kinetic-GAN as the generator, for two CPU cores: 650 generator epochs on real clips,
# then the loop for 20 epochs, with a half-width recognizer in bfloat16.
_base_ = ['../kinetic_gan/kinetic-gan-small_1xb16_nw-ucla-32f.py', '../_base_/models/stgcn_xyz_ucla20.py']

param_scheduler = None  # the generator goes on learning in the loop
train_cfg = dict(max_epochs=670)
custom_hooks = [
    dict(type='RandomStateHook'),
    dict(type='RepresentationStatsHook'),
    dict(type='SampleVisualizationHook', interval=100),
    dict(
        type='InfAGenCHook',
        begin=650,
        interval=10,
        recognizer_warmup_epochs=30,
        recognizer_epochs=3,
        recognizer=dict(
            model=dict(
                type='RecognizerGCN',
                _scope_='mmaction',
                backbone=dict(type='STGCN', in_channels=3, base_channels=32, graph_cfg={{_base_.recognizer.backbone.graph_cfg}}),
                cls_head=dict(type='GCNHead', num_classes=10, in_channels=128)),
            optim_wrapper=dict(type='AmpOptimWrapper', dtype='bfloat16', optimizer=dict(type='AdamW', lr=1e-3)),
            train_pipeline={{_base_.recognizer_train_pipeline}},
            test_pipeline={{_base_.recognizer_test_pipeline}},
            batch_size=16),
        # A class that the small generator cannot do yet must not stop the others, as the published rule would have it.
        selector=dict(type='MedianRatioSelector', balanced=False))
]
test_evaluator = dict(_delete_=True, type='MotionGenerationMetric')  # judged by the loop's own recognizer, from the same checkpoint
