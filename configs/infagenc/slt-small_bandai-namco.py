# InfAGenC on Bandai-Namco keypoints with SLT as the generator, for two CPU cores: 340 generator epochs on real clips (both stages), then
# the loop for 20 epochs, with a half-width recognizer.
_base_ = ['../slt/slt-small_1xb16_bandai-namco-32f.py', '../_base_/models/stgcn_xyz_smpl24.py', '../_base_/infagenc_small.py']

_base_.recognizer.backbone.base_channels = 32
_base_.recognizer.cls_head.in_channels = 128
param_scheduler = dict(generator=[], critic=[])  # both go on learning in the loop
train_cfg = dict(max_epochs=360)
default_hooks = dict(
    infagenc=dict(
        _base_.pop('infagenc'),
        begin=340,
        recognizer_warmup_epochs=80,
        recognizer_epochs=3,
        recognizer=dict(
            model={{_base_.recognizer}},
            optim_wrapper=dict(type='OptimWrapper', optimizer=dict(type='AdamW', lr=1e-3, fused=True)),
            train_pipeline={{_base_.recognizer_train_pipeline}},
            test_pipeline={{_base_.recognizer_test_pipeline}},
            batch_size=16)))
test_evaluator = dict(_delete_=True, type='MotionGenerationMetric')  # judged by the loop's own recognizer, from the same checkpoint
