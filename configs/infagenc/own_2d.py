# InfAGenC on 2-D keypoints of your own (any pose estimator, any layout), for two CPU cores. A config of yours is
#   _base_ = 'mmagenc::infagenc/own_2d.py'
#   own_data = dict(ann_file='data/mine.pkl')
# and at most window=…, steps=… (or epochs=…) and recognizer=… beside ann_file; docs/own_data.md says the rest.
_base_ = '../_base_/own_cvae.py'

own_data = dict(form='2d', fill_gaps=dict(max_gap=10))
# Pixels in body lengths, relative to where the body was in the first frame: near and far, large and small are alike.
model = dict(representation=dict(_delete_=True, type='KeypointRepresentation', skeleton='coco17', num_dims=2, unit='body', center='hips'))
