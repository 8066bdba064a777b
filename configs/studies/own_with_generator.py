# As own.py, with a CVAE that learns from the clips of each seed: new ones all the time, variants of recordings, the pool of the loop.
#   mmagenc study configs/studies/own_with_generator.py --cfg-options own_data.ann_file=data/mine.npz
_base_ = './own.py'

_cvae = dict(generator='{trained}', ratio=1.)
study = dict(
    generator='own',
    generator_options={
        'param_scheduler': dict(type='LinearLR', start_factor=1., end_factor=1e-2, by_epoch=False, begin=1400, end=2000)
    },
    generator_steps=2000,
    judge_augmentation='strong',
    loop=dict(
        round_steps=4, judge_tune_steps=40, candidates_per_class=10,
        generator_options={
            'optim_wrapper.optimizer.lr': 1e-4,
            'param_scheduler': None
        },
        hook=dict(selector=dict(type='ClassShareSelector', named=True, balanced=False, min_survivors=1))),
    generators=dict(cvae=_cvae, variants=dict(_cvae, vary=dict(strength=0.5))),
    arms={
        'cvae': dict(augmentation='strong', generated='cvae'),
        'variants': dict(augmentation='strong', generated='variants'),
        'infagenc': dict(augmentation='strong', generated='pool'),
    })
