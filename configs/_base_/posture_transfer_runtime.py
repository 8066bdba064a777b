# Nothing is trained: one epoch, before which the recordings and the base's postures are taken into the checkpoint.
_base_ = './generator_runtime.py'

train_cfg = dict(max_epochs=1)
default_hooks = dict(checkpoint=dict(interval=1, max_keep_ckpts=1))
