# Pose to image on image sequences of one's own at 64 pixels, for ten minutes of one CPU core. Differs from the published network
# and its training: a fifth of the channels, four blocks instead of nine; running statistics of the class-conditional norms that learn in a
# few hundred iterations; what moved between source and target counts 11 times more; no discriminator, which would double the time; poses
# of recorded frames only; faster Adam, whose rate falls along half a cosine.
_base_ = ['../_base_/p2i_runtime.py', '../_base_/datasets/image_sequences.py', '../_base_/models/p2i.py']

model = dict(
    num_classes=5,
    channels=12,
    num_blocks=4,
    norm_momentum=0.1,
    changed_weight=10.,
    loss_weights=dict(adversarial=0., matching=0., perceptual=0.))
_adam = dict(type='Adam', lr=1e-3, betas=(0.5, 0.999), weight_decay=1e-4, fused=True)
optim_wrapper = dict(generator=dict(optimizer=_adam), discriminator=dict(optimizer=_adam))
max_epochs = 12
_rate = [
    dict(type='LinearLR', start_factor=0.05, begin=0, end=20, by_epoch=False),
    dict(type='CosineAnnealingLR', T_max=max_epochs, eta_min_ratio=0.05, end=max_epochs, convert_to_iter_based=True)
]
param_scheduler = dict(_delete_=True, generator=_rate, discriminator=[])
train_cfg = dict(max_epochs=max_epochs)
default_hooks = dict(checkpoint=dict(interval=4))
