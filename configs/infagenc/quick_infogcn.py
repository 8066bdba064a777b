# quick.py with a narrow InfoGCN as the judge, of positions.
_base_ = [
    '../_base_/generator_runtime.py', '../_base_/datasets/standin_primitive_60f.py', '../_base_/models/cvae.py',
    '../_base_/models/infogcn_xyz_infact17.py'
]

model = dict(latent_dim=128, num_layers=2, ff_dim=256, loss_weights=dict(kl=1e-4))
val_dataloader = None
train_cfg = dict(max_epochs=100)
optim_wrapper = dict(optimizer=dict(lr=1e-3))
default_hooks = dict(checkpoint=dict(interval=20, max_keep_ckpts=1))
custom_hooks = [
    dict(type='RandomStateHook'),
    dict(
        type='InfAGenCHook',
        begin=80,
        interval=5,
        recognizer_warmup_epochs=10,
        recognizer_epochs=2,
        recognizer=dict(
            model=dict(
                type='RecognizerGCN',
                _scope_='mmaction',
                backbone=dict(
                    type='mmagenc.InfoGCN', skeleton='infact17', num_person=1, base_channels=16),
                cls_head=dict(type='mmagenc.InfoGCNHead', num_classes=5, in_channels=64)),
            optim_wrapper=dict(type='OptimWrapper', optimizer=dict(type='AdamW', lr=1e-3)),
            train_pipeline={{_base_.recognizer_train_pipeline}},
            test_pipeline={{_base_.recognizer_test_pipeline}},
            batch_size=16),
        selector=dict(type='MedianRatioSelector', balanced=False))
]
