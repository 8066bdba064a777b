# InfAGenC on Bandai-Namco motion capture (10 actions, BVH fitted to SMPL-24): everything in one command, at published sizes.
_base_ = [
    '../_base_/generator_runtime.py', '../_base_/datasets/bandai_namco.py', '../_base_/models/cvae.py', '../_base_/models/stgcn_rot6d.py',
    '../_base_/infagenc_published.py'
]

model = dict(num_classes=10, representation=dict(keypoint_skeleton='smpl24'))
_base_.recognizer.cls_head.num_classes = 10
train_dataloader = dict(batch_sampler=dict(type='EvenBatchSampler'))
val_dataloader = None
train_cfg = dict(max_epochs=1300)
default_hooks = dict(
    infagenc=dict(
        _base_.pop('infagenc'),
        begin=1100,
        recognizer=dict(
            model={{_base_.recognizer}},
            optim_wrapper={{_base_.recognizer_optim_wrapper}},
            train_pipeline={{_base_.recognizer_train_pipeline}},
            test_pipeline={{_base_.recognizer_test_pipeline}},
            batch_size=16)))
