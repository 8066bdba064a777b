# InfAGenC on Bandai-Namco keypoints with Kinetic-GAN as the generator: 1200 generator epochs on real clips, then the loop for 200 epochs.
_base_ = ['../kinetic_gan/kinetic-gan_1xb32-1200e_bandai-namco-64f.py', '../_base_/models/stgcn_xyz_smpl24.py']

num_frames = 64
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
            train_pipeline=[
                dict(type='ConsecutiveSample', num_frames=num_frames),
                dict(type='RootCenter'),
                dict(type='mmaction.FormatGCNInput', num_person=1),
                dict(type='mmaction.PackActionInputs')
            ],
            test_pipeline=[
                dict(type='ConsecutiveSample', num_frames=num_frames, test_mode=True),
                dict(type='RootCenter'),
                dict(type='mmaction.FormatGCNInput', num_person=1),
                dict(type='mmaction.PackActionInputs')
            ],
            batch_size=16),
        selector=dict(type='MedianRatioSelector'))
]
test_evaluator = dict(_delete_=True, type='MotionGenerationMetric')  # judged by the loop's own recognizer, from the same checkpoint
