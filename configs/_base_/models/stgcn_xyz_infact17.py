# ST-GCN on positions: the 17 keypoints of the infant files, relative to the pelvis of each frame.
infact17_parents = [-1, 0, 1, 2, 0, 4, 5, 0, 7, 8, 9, 8, 11, 12, 8, 14, 15]
recognizer = dict(
    type='RecognizerGCN',
    _scope_='mmaction',
    backbone=dict(
        type='STGCN',
        in_channels=3,
        graph_cfg=dict(
            mode='stgcn_spatial',
            layout=dict(num_node=17, center=0, inward=[(joint, parent) for joint, parent in enumerate(infact17_parents) if parent >= 0]))),
    cls_head=dict(type='GCNHead', num_classes=5, in_channels=256))

recognizer_optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='AdamW', lr=1e-4))

_format = [dict(type='RootCenter'), dict(type='mmaction.FormatGCNInput', num_person=1), dict(type='mmaction.PackActionInputs')]
recognizer_train_pipeline = [dict(type='ConsecutiveSample', num_frames=60), *_format]
recognizer_test_pipeline = [dict(type='ConsecutiveSample', num_frames=60, test_mode=True), *_format]
