# Bandai-Namco by unseen styles with clips of a CVAE that learns from the few clips of each seed: drawn anew all the time, as variants of
# recordings, and as pools, as they come and chosen by the loop. With motion from elsewhere in generator and judge, in another --work-dir:
# study.generator_init=base study.judge_init=base, and study.loop.hook.vary.strength=0.5 for variants as candidates.
_base_ = ['./bandai_namco_styles.py', '../_base_/study_cvae.py']

_trained = _base_.pop('trained_cvae')
study = dict(
    _trained,
    generator='../infagenc/bandai_namco_small.py',
    generator_options={
        '_delete_': True,
        'model.num_classes': 6,
        'model.num_layers': 2,
        'model.dropout': 0.,
        'model.layer_init': 'independent',
        'model.loss_weights.kl': 1e-6,
        'train_dataloader.dataset.pipeline.0.test_mode': True,
        'optim_wrapper.optimizer.lr': 2e-3,
        'param_scheduler': dict(type='LinearLR', start_factor=1., end_factor=1e-2, by_epoch=False, begin=1400, end=2000)
    },
    judge_init=None,
    arms=dict(_trained.arms, **{
        'pretrained-cvae': dict(augmentation='strong', init='base', generated='cvae'),
        'pretrained-variants': dict(augmentation='strong', init='base', generated='variants')
    }))
