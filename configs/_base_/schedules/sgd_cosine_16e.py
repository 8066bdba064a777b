# MMAction2's schedule for skeleton recognizers (configs/skeleton there: 16 epochs, SGD with Nesterov momentum, cosine), for training one of
# its recognizers on the files written here. Its learning rate is that of 8 GPUs x 16 clips: add --auto-scale-lr on fewer.
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=16, val_begin=1, val_interval=1)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')

optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.1, momentum=0.9, weight_decay=0.0005, nesterov=True))
param_scheduler = [dict(type='CosineAnnealingLR', eta_min=0, T_max=16, by_epoch=True, convert_to_iter_based=True)]
auto_scale_lr = dict(enable=False, base_batch_size=128)
