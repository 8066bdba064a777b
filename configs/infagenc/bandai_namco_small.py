# InfAGenC on Bandai-Namco for two CPU cores: half-width ST-GCN, 4+4 narrower layers, bfloat16, a shorter schedule. A GPU affords
# bandai_namco.py.
_base_ = [
    '../_base_/generator_runtime.py', '../_base_/datasets/bandai_namco.py', '../_base_/models/cvae.py', '../_base_/models/stgcn_rot6d.py',
    '../_base_/infagenc_small.py'
]

model = dict(
    num_classes=10, latent_dim=128, num_layers=4, ff_dim=512, representation=dict(keypoint_skeleton='smpl24'))
_base_.recognizer.backbone.base_channels = 32
_base_.recognizer.cls_head.update(num_classes=10, in_channels=128)
train_dataloader = dict(batch_sampler=dict(type='EvenBatchSampler'))
val_dataloader = None
train_cfg = dict(max_epochs=250)
optim_wrapper = dict(type='AmpOptimWrapper', dtype='bfloat16', optimizer=dict(lr=5e-4))
del _base_.default_hooks['samples']  # tools/visualize.py draws them afterwards
default_hooks = dict(
    checkpoint=dict(interval=20, max_keep_ckpts=1),
    infagenc=dict(
        _base_.pop('infagenc'),
        begin=230,
        recognizer_warmup_epochs=15,
        recognizer_epochs=3,
        recognizer=dict(
            model={{_base_.recognizer}},
            optim_wrapper=dict(type='AmpOptimWrapper', dtype='bfloat16', optimizer=dict(type='AdamW', lr=1e-3, fused=True)),
            train_pipeline={{_base_.recognizer_train_pipeline}},
            test_pipeline={{_base_.recognizer_test_pipeline}},
            batch_size=16)))
