# SLT on Human3.6M as published: 10 actions, 15 keypoints in the image, 50 frames, 100 000 batches for the decoder and 12 500 for the clips.
# An epoch of the 100 training sequences has 3 batches; what the published code calls an epoch is 500 batches.
_base_ = ['../_base_/slt_runtime.py', '../_base_/datasets/h36m_slt.py', '../_base_/models/slt.py']

train_cfg = dict(max_epochs=37_500)
train_dataloader = dict(num_workers=4, persistent_workers=True)
default_hooks = dict(checkpoint=dict(interval=500, max_keep_ckpts=3), samples=dict(interval=2500), logger=dict(interval=500))
