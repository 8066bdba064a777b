# Another MMAction2 recognizer (2s-AGCN's adaptive graph network) through MMAction2's own PoseDataset, on real clips and a pool mixed by
# tools/data/mix_annotations.py.
_base_ = '../_base_/recognizer_runtime.py'

ann_file = 'data/mixed/primitive.pkl'
num_classes = 5
model = dict(
    type='RecognizerGCN',
    _scope_='mmaction',
    backbone=dict(
        type='AAGCN',
        num_person=1,
        graph_cfg=dict(layout='infact17', mode='spatial')),
    cls_head=dict(type='GCNHead', num_classes=num_classes, in_channels=256))

format_inputs = [
    dict(type='mmaction.UniformSampleFrames', clip_len=60),
    dict(type='mmaction.PoseDecode'),
    dict(type='RootCenter'),
    dict(type='mmaction.FormatGCNInput', num_person=1),
    dict(type='mmaction.PackActionInputs')
]
test_pipeline = [dict(type='mmaction.UniformSampleFrames', clip_len=60, num_clips=1, test_mode=True), *format_inputs[1:]]


train_dataloader = dict(
    batch_size=16,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(type='mmaction.PoseDataset', ann_file=ann_file, split='train', pipeline=format_inputs))
val_dataloader = dict(
    batch_size=64,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='mmaction.PoseDataset', ann_file=ann_file, split='val', pipeline=test_pipeline, test_mode=True))
test_dataloader = dict(
    batch_size=64,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='mmaction.PoseDataset', ann_file=ann_file, split='test', pipeline=test_pipeline, test_mode=True))
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='AdamW', lr=1e-3, fused=True))
train_cfg = dict(max_epochs=30)
