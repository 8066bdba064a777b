# InfAGenC on SMPL rotations of your own (`pose` of each clip: AMASS, BVH, HMR estimates), for two CPU cores. A config of yours is
#   _base_ = 'mmagenc::infagenc/own_smpl.py'
#   own_data = dict(ann_file='data/mine.npz')
# and at most window=…, steps=… (or epochs=…) and recognizer=… beside ann_file; docs/own_data.md says the rest.
_base_ = '../_base_/own_cvae.py'

own_data = dict(form='smpl')
