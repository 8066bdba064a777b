# ST-GCN on rot6d for InfantAction: 4 classes, 90 frames.
_base_ = './stgcn_rot6d.py'

recognizer = dict(cls_head=dict(num_classes=4))
_format = [dict(type='PoseToRot6d'), dict(type='mmaction.FormatGCNInput', num_person=1), dict(type='mmaction.PackActionInputs')]
recognizer_train_pipeline = [dict(type='ConsecutiveSample', num_frames=90), *_format]
recognizer_test_pipeline = [dict(type='ConsecutiveSample', num_frames=90, test_mode=True), *_format]
