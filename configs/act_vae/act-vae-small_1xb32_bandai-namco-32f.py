# ACT-VAE on Bandai-Namco keypoints (10 actions, 24 joints in three dimensions, each frame centred on the root), otherwise as on NW-UCLA,
# with as many batches.
_base_ = './act-vae-small_1xb32_nw-ucla-32f.py'

ann_file = 'data/bandai_namco/motion.npz'
model = dict(representation=dict(skeleton='smpl24'))
train_dataloader = dict(dataset=dict(ann_file=ann_file))
test_dataloader = dict(dataset=dict(ann_file=ann_file))
param_scheduler = dict(begin=160, end=400)
train_cfg = dict(max_epochs=400)
default_hooks = dict(checkpoint=dict(interval=100))
