# What the studies for two CPU cores have in common: sizes, seeds, the loop, and a generator of few layers, initialized one by one, without
# dropout, that learns from the middle of each clip. The published settings need more clips and steps until a clip is more than one pose.
study = dict(
    generator_options={
        'model.dropout': 0.,
        'model.layer_init': 'independent',
        'model.loss_weights.kl': 1e-6,
        'train_dataloader.dataset.pipeline.0.test_mode': True,
        'optim_wrapper.optimizer.lr': 2e-3,
        'param_scheduler': dict(type='LinearLR', start_factor=1., end_factor=1e-2, by_epoch=False, begin=1400, end=2000)
    },
    generator_steps=2000,
    clips_per_class=[5, 10],
    seeds=[0, 1, 2, 3, 4],
    loop=dict(
        rounds=4,
        round_steps=4,
        judge_tune_steps=40,
        candidates_per_class=4,
        generator_options={
            'optim_wrapper.optimizer.lr': 1e-4,
            'param_scheduler': None
        },
        hook=dict(selector=dict(type='ClassShareSelector'))))
