# InfAGenC on Bandai-Namco for two CPU cores: half-width ST-GCN, 4+4 narrower layers, bfloat16, a shorter schedule. A GPU affords
# bandai_namco.py.
_base_ = [
    '../_base_/generator_runtime.py', '../_base_/datasets/bandai_namco.py', '../_base_/models/cvae.py', '../_base_/models/stgcn_rot6d.py'
]

model = dict(
    num_classes=10, latent_dim=128, num_layers=4, ff_dim=512, representation=dict(keypoint_skeleton='smpl24'))
train_dataloader = dict(batch_sampler=dict(type='EvenBatchSampler'))
val_dataloader = None
train_cfg = dict(max_epochs=250)
optim_wrapper = dict(type='AmpOptimWrapper', dtype='bfloat16', optimizer=dict(lr=5e-4))
default_hooks = dict(checkpoint=dict(interval=20, max_keep_ckpts=1))
custom_hooks = [
    dict(type='RandomStateHook'),
    dict(
        type='InfAGenCHook',
        begin=230,
        interval=10,
        recognizer_warmup_epochs=15,
        recognizer_epochs=3,
        recognizer=dict(
            model=dict(
                type='RecognizerGCN',
                _scope_='mmaction',
                backbone=dict(
                    type='STGCN', in_channels=6, base_channels=32, graph_cfg={{_base_.recognizer.backbone.graph_cfg}}),
                cls_head=dict(type='GCNHead', num_classes=10, in_channels=128)),
            optim_wrapper=dict(type='AmpOptimWrapper', dtype='bfloat16', optimizer=dict(type='AdamW', lr=1e-3)),
            train_pipeline={{_base_.recognizer_train_pipeline}},
            test_pipeline={{_base_.recognizer_test_pipeline}},
            batch_size=16),
        # A class that the small generator cannot do yet must not stop the others, as the published rule would have it.
        selector=dict(type='MedianRatioSelector', balanced=False))
]
