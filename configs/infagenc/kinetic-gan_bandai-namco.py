# InfAGenC on Bandai-Namco keypoints with Kinetic-GAN as the generator: 1200 generator epochs on real clips, then the loop for 200 epochs.
_base_ = [
    '../kinetic_gan/kinetic-gan_1xb32-1200e_bandai-namco-64f.py', '../_base_/models/stgcn_xyz_smpl24.py',
    '../_base_/infagenc_published.py'
]

# The recognizer's windows are the generator's; nothing is added to its clips.
_window = dict(type='ConsecutiveSample', num_frames=64)
_format = [dict(type='RootCenter'), dict(type='mmaction.FormatGCNInput', num_person=1), dict(type='mmaction.PackActionInputs')]
train_cfg = dict(max_epochs=1400)
default_hooks = dict(
    infagenc=dict(
        _base_.pop('infagenc'),
        begin=1200,
        recognizer=dict(
            model={{_base_.recognizer}},
            optim_wrapper={{_base_.recognizer_optim_wrapper}},
            train_pipeline=[_window, *_format],
            test_pipeline=[dict(_window, test_mode=True), *_format],
            batch_size=16)))
test_evaluator = dict(_delete_=True, type='MotionGenerationMetric')  # judged by the loop's own recognizer, from the same checkpoint
