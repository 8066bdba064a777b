# ST-GCN on rot6d of 23 SMPL joints, the orientation of the whole body left out (InfAGenC's layout smpl_noglobal), for published weights of
# it. Else as stgcn_rot6d.py.
_base_ = './stgcn_rot6d.py'

recognizer = dict(backbone=dict(graph_cfg=dict(layout='smpl_noglobal')))

_format = [dict(type='PoseToRot6d', root=False), dict(type='mmaction.FormatGCNInput', num_person=1), dict(type='mmaction.PackActionInputs')]
recognizer_train_pipeline = [dict(type='ConsecutiveSample', num_frames=60), *_format]
recognizer_test_pipeline = [dict(type='ConsecutiveSample', num_frames=60, test_mode=True), *_format]
