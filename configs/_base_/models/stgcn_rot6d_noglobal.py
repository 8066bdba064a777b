# ST-GCN on rot6d of 23 SMPL joints, the orientation of the whole body left out (InfAGenC's layout smpl_noglobal), for published weights of
# it: a table of bones, since without the pelvis legs and trunk hang together no longer. Else as stgcn_rot6d.py.
_base_ = './stgcn_rot6d.py'

_layout = dict(
    num_node=23,
    inward=[(3, 0), (4, 1), (5, 2), (6, 3), (7, 4), (8, 5), (9, 6), (10, 7), (11, 8), (12, 8), (13, 8), (14, 11), (15, 12), (16, 13),
            (17, 15), (18, 16), (19, 17), (20, 18), (21, 19), (22, 20)],
    center=0)
recognizer = dict(backbone=dict(graph_cfg=dict(_delete_=True, layout=_layout, mode='stgcn_spatial')))

_format = [dict(type='PoseToRot6d', root=False), dict(type='mmaction.FormatGCNInput', num_person=1), dict(type='mmaction.PackActionInputs')]
recognizer_train_pipeline = [dict(type='ConsecutiveSample', num_frames=60), *_format]
recognizer_test_pipeline = [dict(type='ConsecutiveSample', num_frames=60, test_mode=True), *_format]
