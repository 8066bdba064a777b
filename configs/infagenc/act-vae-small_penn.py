# InfAGenC on Penn Action (2-D) with ACT-VAE as the generator, for two CPU cores: 100 generator epochs on real clips, then the loop for 10
# epochs, a round every 5, with a half-width recognizer.
_base_ = ['../act_vae/act-vae-small_1xb32_penn-32f.py', '../_base_/models/stgcn_xy_penn13.py', '../_base_/infagenc_small.py']

param_scheduler = None  # the generator goes on learning in the loop
optim_wrapper = dict(optimizer=dict(lr=1e-3))
train_cfg = dict(max_epochs=110)
default_hooks = dict(
    infagenc=dict(
        _base_.pop('infagenc'),
        begin=100,
        interval=5,
        recognizer_warmup_epochs=15,
        recognizer_epochs=2,
        recognizer=dict(
            model={{_base_.recognizer}},
            optim_wrapper={{_base_.recognizer_optim_wrapper}},
            train_pipeline={{_base_.recognizer_train_pipeline}},
            test_pipeline={{_base_.recognizer_test_pipeline}},
            batch_size=16)))
test_evaluator = dict(_delete_=True, type='MotionGenerationMetric')  # judged by the loop's own recognizer, from the same checkpoint
