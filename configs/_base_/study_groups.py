# What studies of unseen groups of people (styles, subjects) have in common: recognizers of few clips of one or two groups, tested on
# others, with motion of further people at hand. For two CPU cores: a small FCN, 300 steps, the last checkpoint.
model = dict(
    type='RecognizerGCN',
    _scope_='mmaction',
    backbone=dict(
        type='mmagenc.TemporalFCN', num_keypoints=24, channels=(96, 96, 96), kernel_sizes=(5, 5, 5), strides=(1, 2, 2), dropout=0.1),
    cls_head=dict(type='GCNHead', num_classes=10, in_channels=96))
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='AdamW', lr=2e-3, weight_decay=1e-2, fused=True))
recognizer_format = [
    dict(type='BodyUnit', per_frame=True),
    dict(type='DropScores'),
    dict(type='mmaction.FormatGCNInput', num_person=1),
    dict(type='mmaction.PackActionInputs')
]
# Three quarters of a clip at least: a window of a longer one might miss what its class is named after.
recognizer_train_pipeline = [dict(type='RandomCropResize', num_frames=30, ratio=(0.75, 1.), min_frames=1), *recognizer_format]
recognizer_test_pipeline = [dict(type='RandomCropResize', num_frames=30, test_ratio=1., test_mode=True), *recognizer_format]
_whole = dict(type='RandomCropResize', num_frames=60, ratio=(1., 1.), min_frames=1)  # before the augmentation, which then costs as little
_strong = dict(type='StrongAugmentation', swapped_labels='names', rotations=False)
study = dict(
    steps=300,
    pick='last',
    seeds=[0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    clips_per_class=[5, 10],
    baselines=['strong', 'pretrained'],
    augmentations=dict(
        none=[_whole],
        classical=[
            _whole,
            dict(type='RandomSpeed', speed=(0.8, 1.25)),
            dict(type='RandomHeading', max_angle=0.5),
            dict(type='RandomMirror', swapped_labels='names'),
            dict(type='JointNoise', position=0.003, rotation=0.)
        ],
        strong=[_whole, dict(_strong, posture=False)],
        posture=[_whole, _strong]),
    arms={
        'real': dict(augmentation='none'),
        'classical': dict(augmentation='classical'),
        'strong': dict(augmentation='strong'),
        'posture': dict(augmentation='posture'),
        'random': dict(augmentation='strong', generated='random'),
        'transfer': dict(augmentation='strong', generated='transfer'),
        'base-classes': dict(augmentation='strong', generated='base'),
        'pretrained': dict(augmentation='strong', init='base'),
        'pretrained-posture': dict(augmentation='posture', init='base'),
        'pretrained-transfer': dict(augmentation='strong', init='base', generated='transfer'),
        'pretrained-random': dict(augmentation='strong', init='base', generated='random'),
    })
