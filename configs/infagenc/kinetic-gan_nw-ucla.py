# InfAGenC on NW-UCLA with Kinetic-GAN as the generator: 1200 generator epochs on real clips, then the loop for 200 epochs.
_base_ = [
    '../kinetic_gan/kinetic-gan_1xb32-1200e_nw-ucla-32f.py', '../_base_/models/stgcn_xyz_ucla20.py',
    '../_base_/infagenc_published.py'
]

train_cfg = dict(max_epochs=1400)
default_hooks = dict(
    infagenc=dict(
        _base_.pop('infagenc'),
        begin=1200,
        recognizer=dict(
            model={{_base_.recognizer}},
            optim_wrapper={{_base_.recognizer_optim_wrapper}},
            train_pipeline={{_base_.recognizer_train_pipeline}},
            test_pipeline={{_base_.recognizer_test_pipeline}},
            batch_size=16)))
test_evaluator = dict(_delete_=True, type='MotionGenerationMetric')  # judged by the loop's own recognizer, from the same checkpoint
