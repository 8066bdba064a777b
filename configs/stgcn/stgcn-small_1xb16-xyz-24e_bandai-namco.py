# Half-width ST-GCN in bfloat16, for two CPU cores, on root-centred positions of the 24 joints: harder than on rotations.
_base_ = './stgcn-small_1xb16-rot6d-24e_bandai-namco.py'

model = dict(backbone=dict(in_channels=3))
_format = [dict(type='RootCenter'), dict(type='mmaction.FormatGCNInput', num_person=1), dict(type='mmaction.PackActionInputs')]
_train_pipeline = [dict(type='ConsecutiveSample', num_frames=60), *_format]
_test_pipeline = [dict(type='ConsecutiveSample', num_frames=60, test_mode=True), *_format]
train_dataloader = dict(dataset=dict(pipeline=_train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=_test_pipeline))
