# Bandai-Namco with 5 and 10 clips an action, for two CPU cores: half-width ST-GCN on positions, the small generator. Mirroring turns a left
# hand's action into a right hand's, and the label with it.
_base_ = '../stgcn/stgcn-small_1xb16-xyz-24e_bandai-namco.py'

model = dict(backbone=dict(type='mmagenc.FastSTGCN'))

study = dict(
    name='Bandai-Namco',
    generator='../infagenc/bandai_namco_small.py',
    clips_per_class=[5, 10],
    seeds=[0, 1, 2, 3, 4],
    steps=600,
    val_interval=50,
    augmentation=[
        dict(type='RandomSpeed', speed=(0.8, 1.25)),
        dict(type='RandomHeading'),
        dict(type='RandomMirror', swapped_labels=((1, 2), (5, 6), (8, 9))),
        dict(type='JointNoise', position=0.003, rotation=0.02)
    ],
    generator_steps=5000,
    loop=dict(rounds=4, round_steps=20, judge_steps=200, judge_tune_steps=40, candidates_per_class=24))
