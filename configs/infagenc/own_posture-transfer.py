# InfAGenC on keypoints of your own, in two or three dimensions, with posture transfer, for two CPU cores. A config of yours is
#   _base_ = 'mmagenc::infagenc/own_posture-transfer.py'
#   own_data = dict(ann_file='data/mine.pkl')
# Clips are recordings in random postures: nothing is trained but the judge, and the loop begins at once.
_base_ = ['../_base_/own_data.py', '../_base_/posture_transfer_runtime.py']

own_data = dict(fill_gaps=dict(max_gap=10), least_steps=0)
model = dict(
    type='PostureTransferGenerator',
    representation=dict(type='KeypointRepresentation', skeleton='coco17', num_dims=2),
    num_classes=1,
    shift='random')
param_scheduler = []
del _base_.train_cfg['max_epochs'], _base_.default_hooks['checkpoint']['interval'], _base_.default_hooks['samples']['interval']
default_hooks = dict(infagenc=_base_.pop('infagenc'))
