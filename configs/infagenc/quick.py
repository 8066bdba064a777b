# The whole of InfAGenC in minutes on two CPU cores: stand-in infants (synthesized by tools/data/make_standin.py), a small generator, a
# narrow ST-GCN, a short schedule. Its numbers say that everything works, and nothing about infants.
_base_ = ['../_base_/quick_loop.py', '../_base_/models/stgcn_rot6d.py']

_base_.recognizer.backbone.base_channels = 16
_base_.recognizer.cls_head.in_channels = 64
default_hooks = dict(
    infagenc=dict(
        recognizer=dict(
            model={{_base_.recognizer}},
            train_pipeline={{_base_.recognizer_train_pipeline}},
            test_pipeline={{_base_.recognizer_test_pipeline}})))
