# Pose to image on image sequences of one's own at 64 pixels, for one CPU core. Differs from the published network: a
# fifth of the channels, four blocks instead of nine, batches of 4, faster Adam, poses of recorded frames only, frames made with a moving
# average of the weights.
_base_ = ['../_base_/p2i_runtime.py', '../_base_/datasets/image_sequences.py', '../_base_/models/p2i.py']

model = dict(num_classes=5, channels=12, num_blocks=4)
_adam = dict(type='Adam', lr=5e-4, betas=(0.5, 0.999), weight_decay=1e-4, fused=True)
optim_wrapper = dict(generator=dict(optimizer=_adam), discriminator=dict(optimizer=_adam))
train_cfg = dict(max_epochs=30)
train_dataloader = dict(batch_size=4)
default_hooks = dict(checkpoint=dict(interval=5), ema=dict(type='EMAHook', momentum=5e-3, update_buffers=True))
