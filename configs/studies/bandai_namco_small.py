# Bandai-Namco with 5 and 10 clips an action, for two CPU cores: quarter-width ST-GCN on positions, the small generator with two layers.
# Mirroring turns a left hand's action into a right hand's, and the label with it.
_base_ = ['../stgcn/stgcn-small_1xb16-xyz-24e_bandai-namco.py', '../_base_/study_small.py']

model = dict(backbone=dict(type='mmagenc.FastSTGCN', base_channels=16), cls_head=dict(in_channels=64))

study = dict(
    name='Bandai-Namco',
    generator='../infagenc/bandai_namco_small.py',
    generator_options={'model.num_layers': 2},
    steps=500,
    val_interval=50,
    augmentation=[
        dict(type='RandomSpeed', speed=(0.8, 1.25)),
        dict(type='RandomHeading', max_angle=0.5),
        dict(type='RandomMirror', swapped_labels=((1, 2), (5, 6), (8, 9))),
        dict(type='JointNoise', position=0.003, rotation=0.)
    ],
    loop=dict(judge_steps=200))
