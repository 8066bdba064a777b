# InfAGenC on InfantAction, everything in one command: 1100 generator epochs and 15 recognizer epochs on real clips, then the loop for
# 200 epochs. To start from checkpoints instead: load_from = <generator>, the hook's recognizer.checkpoint = <recognizer>, begin = 0 and
# max_epochs = 200.
_base_ = '../cvae/cvae_1xb16-1100e_action-90f.py'

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
            model={{_base_.recognizer}},
            optim_wrapper={{_base_.recognizer_optim_wrapper}},
            train_pipeline={{_base_.recognizer_train_pipeline}},
            test_pipeline={{_base_.recognizer_test_pipeline}},
            batch_size=16),
        selector=dict(type='MedianRatioSelector', confidence=0.75, within_weight=0.6, between_weight=0.4, fraction=0.5))
]
test_evaluator = dict(_delete_=True, type='MotionGenerationMetric')  # judged by the loop's own recognizer, from the same checkpoint
