# NTU RGB+D 60, cross-view: cameras 2 and 3 train, camera 1 tests; the rest as cross-subject.
_base_ = './ntu60_xsub.py'

train_dataloader = dict(dataset=dict(split='xview_fit'))
val_dataloader = dict(dataset=dict(split='xview_holdout'))
test_dataloader = dict(dataset=dict(split='xview_val'))
