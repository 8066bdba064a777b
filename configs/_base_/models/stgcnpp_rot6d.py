# ST-GCN++ (PYSKL) on rot6d of the 24 SMPL joints, one person: MMAction2's STGCN with a learned graph, residual graph convolutions and
# multi-branch temporal ones, through the faster form of the same weights.
smpl24_parents = [-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19, 20, 21]
recognizer = dict(
    type='RecognizerGCN',
    _scope_='mmaction',
    backbone=dict(
        type='mmagenc.FastSTGCN',
        in_channels=6,
        num_person=1,
        gcn_adaptive='init',
        gcn_with_res=True,
        tcn_type='mstcn',
        graph_cfg=dict(
            mode='spatial',
            layout=dict(num_node=24, center=0, inward=[(joint, parent) for joint, parent in enumerate(smpl24_parents) if parent >= 0]))),
    cls_head=dict(type='GCNHead', num_classes=5, in_channels=256))

recognizer_optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='AdamW', lr=1e-4))

_format = [dict(type='PoseToRot6d'), dict(type='mmaction.FormatGCNInput', num_person=1), dict(type='mmaction.PackActionInputs')]
recognizer_train_pipeline = [dict(type='ConsecutiveSample', num_frames=60), *_format]
recognizer_test_pipeline = [dict(type='ConsecutiveSample', num_frames=60, test_mode=True), *_format]
