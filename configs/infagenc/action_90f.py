# InfAGenC on InfantAction, everything in one command: 1100 generator epochs and 15 recognizer epochs on real clips, then the loop for
# 200 epochs. To start from checkpoints instead: load_from = <generator>, default_hooks.infagenc.recognizer.checkpoint = <recognizer>,
# default_hooks.infagenc.begin = 0 and train_cfg.max_epochs = 200.
_base_ = ['../cvae/cvae_1xb16-1100e_action-90f.py', '../_base_/infagenc_published.py']

train_cfg = dict(max_epochs=1300)
default_hooks = dict(
    infagenc=dict(
        _base_.pop('infagenc'),
        begin=1100,
        recognizer=dict(
            model={{_base_.recognizer}},
            optim_wrapper={{_base_.recognizer_optim_wrapper}},
            train_pipeline={{_base_.recognizer_train_pipeline}},
            test_pipeline={{_base_.recognizer_test_pipeline}},
            batch_size=16)))
test_evaluator = dict(_delete_=True, type='MotionGenerationMetric')  # judged by the loop's own recognizer, from the same checkpoint
