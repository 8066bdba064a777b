# InfAGenC on NW-UCLA (3-D) with ACT-VAE as the generator, for two CPU cores: 100 generator epochs on real clips, then the loop for 10
# epochs, a round every 5, with a half-width recognizer.
_base_ = ['../act_vae/act-vae-small_1xb32_nw-ucla-32f.py', '../_base_/models/stgcn_xyz_ucla20.py', '../_base_/infagenc_small.py']

_base_.recognizer.backbone.base_channels = 32
_base_.recognizer.cls_head.in_channels = 128
param_scheduler = None  # the generator goes on learning in the loop
optim_wrapper = dict(optimizer=dict(lr=1e-3))
train_cfg = dict(max_epochs=110)
default_hooks = dict(
    infagenc=dict(
        _base_.pop('infagenc'),
        begin=100,
        interval=5,
        recognizer_warmup_epochs=30,
        recognizer_epochs=3,
        recognizer=dict(
            model={{_base_.recognizer}},
            optim_wrapper=dict(type='OptimWrapper', optimizer=dict(type='AdamW', lr=1e-3, fused=True)),
            train_pipeline={{_base_.recognizer_train_pipeline}},
            test_pipeline={{_base_.recognizer_test_pipeline}},
            batch_size=16)))
test_evaluator = dict(_delete_=True, type='MotionGenerationMetric')  # judged by the loop's own recognizer, from the same checkpoint
