# Stand-in infants (synthesized by tools/data/make_standin.py) with 5 and 10 clips a posture, for two CPU cores: quarter-width ST-GCN
# on positions, the small generator. Its numbers say how the method behaves on made-up motion, and nothing about infants.
_base_ = [
    '../_base_/recognizer_runtime.py', '../_base_/datasets/standin_primitive_60f.py', '../_base_/models/stgcn_xyz_infact17.py',
    '../_base_/study_small.py'
]

model = dict(
    type='RecognizerGCN',
    _scope_='mmaction',
    backbone=dict(type='mmagenc.FastSTGCN', in_channels=3, base_channels=16, graph_cfg={{_base_.recognizer.backbone.graph_cfg}}),
    cls_head=dict(type='GCNHead', num_classes=5, in_channels=64))
optim_wrapper = dict(type='AmpOptimWrapper', dtype='bfloat16', optimizer=dict(type='AdamW', lr=1e-3, fused=True))
train_dataloader = dict(dataset=dict(pipeline={{_base_.recognizer_train_pipeline}}))
val_dataloader = dict(dataset=dict(pipeline={{_base_.recognizer_test_pipeline}}))
test_dataloader = dict(dataset=dict(pipeline={{_base_.recognizer_test_pipeline}}))

study = dict(
    name='stand-in infants (synthesized)',
    generator='../infagenc/quick.py',
    generator_options={
        'optim_wrapper.type': 'AmpOptimWrapper',
        'optim_wrapper.dtype': 'bfloat16'
    },
    steps=400,
    val_interval=50,
    augmentation=[
        dict(type='RandomSpeed', speed=(0.8, 1.25)),
        dict(type='RandomHeading'),
        dict(type='RandomMirror'),
        dict(type='JointNoise', position=0.003, rotation=0.)
    ],
    loop=dict(judge_steps=150))
