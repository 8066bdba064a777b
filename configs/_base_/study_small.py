# What the studies for two CPU cores have in common: sizes, seeds, the loop, and a generator without dropout that learns from the middle of
# each clip. With the published dropout and KL weight, and windows from anywhere, so few clips and steps give poses that stand still.
study = dict(
    generator_options={
        'model.dropout': 0.,
        'train_dataloader.dataset.pipeline.0.test_mode': True,
        'optim_wrapper.optimizer.lr': 2e-3
    },
    clips_per_class=[5, 10],
    seeds=[0, 1, 2, 3, 4],
    loop=dict(
        rounds=4,
        round_steps=4,
        judge_tune_steps=40,
        candidates_per_class=6,
        generator_options={
            'optim_wrapper.optimizer.lr': 1e-4,
            'param_scheduler': None
        },
        hook=dict(selector=dict(type='ClassShareSelector'))))
