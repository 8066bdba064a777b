# ACT-VAE on Penn Action at its published size and schedule: from one pose of nine actions the next four, `gap` frames apart (see the data
# set's config); three roll-outs of four steps against five later poses, which the published code counts whether they were seen or not.
_base_ = ['../_base_/act_vae_runtime.py', '../_base_/datasets/penn_action_windows.py', '../_base_/models/act_vae.py']

model = dict(test_cfg=dict(start='clip', num_repeats=10))
train_dataloader = dict(dataset=dict(split='trainval'))
val_dataloader = None
default_hooks = dict(samples=dict(interval=10))
