# InfAGenC on 3-D keypoints of your own (any layout, any unit of length), for two CPU cores. A config of yours is
#   _base_ = 'mmagenc::infagenc/own_3d.py'
#   own_data = dict(ann_file='data/mine.npz')
# and at most window=…, steps=… (or epochs=…) and recognizer=… beside ann_file; docs/own_data.md says the rest.
_base_ = '../_base_/own_cvae.py'

own_data = dict(form='3d', fill_gaps=dict(max_gap=10))
# In body lengths, relative to where the body was in the first frame: metres and millimetres, large and small are alike.
model = dict(representation=dict(_delete_=True, type='KeypointRepresentation', skeleton='ntu25', num_dims=3, unit='body', center='hips'))
