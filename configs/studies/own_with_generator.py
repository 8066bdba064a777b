# As own.py, with a CVAE that learns from the clips of each seed: new ones all the time, variants of recordings, the pool of the loop.
#   mmagenc study configs/studies/own_with_generator.py --cfg-options own_data.ann_file=data/mine.npz
_base_ = ['./own.py', '../_base_/study_cvae.py']

study = dict(
    _base_.pop('trained_cvae'),
    generator='own',
    generator_options={
        'param_scheduler': dict(type='LinearLR', start_factor=1., end_factor=1e-2, by_epoch=False, begin=1400, end=2000)
    },
    judge_augmentation='strong')
