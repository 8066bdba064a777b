# InfAGenC on NW-UCLA with Kinetic-GAN as the generator: 1200 generator epochs on real clips, then the loop for 200 epochs.
_base_ = ['../kinetic_gan/kinetic-gan_1xb32-1200e_nw-ucla-32f.py', '../_base_/models/stgcn_xyz_ucla20.py']

train_cfg = dict(max_epochs=1400)
custom_hooks = [
    dict(type='RandomStateHook'),
    dict(type='RepresentationStatsHook'),
    dict(type='SampleVisualizationHook', interval=100),
    dict(
        type='InfAGenCHook',
        begin=1200,
        interval=10,
        recognizer_warmup_epochs=15,
        recognizer_epochs=3,
        recognizer=dict(
            model={{_base_.recognizer}},
            optim_wrapper={{_base_.recognizer_optim_wrapper}},
            train_pipeline={{_base_.recognizer_train_pipeline}},
            test_pipeline={{_base_.recognizer_test_pipeline}},
            batch_size=16),
        selector=dict(type='MedianRatioSelector'))
]
test_evaluator = dict(_delete_=True, type='MotionGenerationMetric')  # judged by the loop's own recognizer, from the same checkpoint
