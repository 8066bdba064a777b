# InfAGenC on keypoints of your own, in two or three dimensions, with SLT, for two CPU cores. A config of yours is
#   _base_ = 'mmagenc::infagenc/own_slt.py'
#   own_data = dict(ann_file='data/mine.pkl')
# A quarter of the steps are the decoder's, which learns single poses; the others teach it to move.
_base_ = ['../_base_/own_data.py', '../_base_/slt_small_runtime.py', '../_base_/models/slt_small.py']

own_data = dict(fill_gaps=dict(max_gap=10), least_steps=5800)
model = dict(representation=dict(root_center=True, translation=True, center='hips', unit='body'), pose_steps=None)
optim_wrapper = dict(generator=dict(optimizer=dict(lr=5e-4)), critic=dict(optimizer=dict(lr=1e-3)))
del _base_.train_cfg['max_epochs'], _base_.default_hooks['checkpoint']['interval'], _base_.default_hooks['samples']['interval']
default_hooks = dict(infagenc=_base_.pop('infagenc'))
