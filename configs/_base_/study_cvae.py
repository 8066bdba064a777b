# A CVAE that learns from the few clips of each seed of a study: new clips all the time, variants of recordings, pools of the loop.
_cvae = dict(generator='{trained}', ratio=1.)
trained_cvae = dict(
    generator_steps=2000,
    loop=dict(
        round_steps=4,
        judge_tune_steps=40,
        candidates_per_class=10,
        generator_options={
            'optim_wrapper.optimizer.lr': 1e-4,
            'param_scheduler': None
        },
        # a class that the generator cannot do must not stop the others
        hook=dict(selector=dict(type='ClassShareSelector', named=True, balanced=False, min_survivors=1))),
    generators=dict(cvae=_cvae, variants=dict(_cvae, vary=dict(strength=0.5))),
    arms={
        'cvae': dict(augmentation='strong', generated='cvae'),
        'variants': dict(augmentation='strong', generated='variants'),
        'unjudged': dict(augmentation='strong', generated='unjudged'),
        'infagenc': dict(augmentation='strong', generated='pool')
    })
