# Pose to image on image sequences of one's own at 64 pixels, for one CPU core (a quarter of an hour). Differs from the published network: a
# quarter of the channels, four blocks instead of nine, batches of 8, faster Adam, poses of recorded frames only.
_base_ = ['../_base_/p2i_runtime.py', '../_base_/datasets/image_sequences.py', '../_base_/models/p2i.py']

model = dict(num_classes=5, channels=16, num_blocks=4)
_adam = dict(type='Adam', lr=5e-4, betas=(0.5, 0.999), weight_decay=1e-4, fused=True)
optim_wrapper = dict(generator=dict(optimizer=_adam), discriminator=dict(optimizer=_adam))
train_cfg = dict(max_epochs=30)
