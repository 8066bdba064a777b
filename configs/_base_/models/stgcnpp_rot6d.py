# ST-GCN++ (PYSKL) on rot6d of the 24 SMPL joints, one person: MMAction2's STGCN with a learned graph, residual graph convolutions and
# multi-branch temporal ones, through the faster form of the same weights.
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
        graph_cfg=dict(layout='smpl24', mode='spatial')),
    cls_head=dict(type='GCNHead', num_classes=5, in_channels=256))

recognizer_optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='AdamW', lr=1e-4, fused=True))

_format = [dict(type='PoseToRot6d'), dict(type='mmaction.FormatGCNInput', num_person=1), dict(type='mmaction.PackActionInputs')]
recognizer_train_pipeline = [dict(type='ConsecutiveSample', num_frames=60), *_format]
recognizer_test_pipeline = [dict(type='ConsecutiveSample', num_frames=60, test_mode=True), *_format]
