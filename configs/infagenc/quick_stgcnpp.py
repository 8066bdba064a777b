# quick.py with a narrow ST-GCN++ as the judge.
_base_ = ['../_base_/quick_loop.py', '../_base_/models/stgcnpp_rot6d.py']

_base_.recognizer.backbone.base_channels = 16
_base_.recognizer.cls_head.in_channels = 64
default_hooks = dict(
    infagenc=dict(
        recognizer=dict(
            model={{_base_.recognizer}},
            train_pipeline={{_base_.recognizer_train_pipeline}},
            test_pipeline={{_base_.recognizer_test_pipeline}})))
