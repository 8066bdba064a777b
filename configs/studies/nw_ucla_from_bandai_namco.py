# NW-UCLA by unseen subjects: ten actions of one subject, 5 clips an action (of all views), tested on five others; the base is
# Bandai-Namco's motion in NW-UCLA's layout, of other people, other actions and another way of recording.
_base_ = ['../_base_/recognizer_runtime.py', '../_base_/datasets/nw_ucla.py', '../_base_/study_groups.py']

model = dict(backbone=dict(num_keypoints=20))
train_dataloader = dict(batch_size=32, dataset=dict(pipeline={{_base_.recognizer_train_pipeline}}))
val_dataloader = dict(dataset=dict(pipeline={{_base_.recognizer_test_pipeline}}))
test_dataloader = dict(dataset=dict(pipeline={{_base_.recognizer_test_pipeline}}))

_transfer = dict(
    type='PostureTransferGenerator',
    representation=dict(type='KeypointRepresentation', skeleton='ucla20'),
    num_classes=10,
    num_frames=320,
    base=dict(ann_file='{base}', groups='subject'),
    up='y')
study = dict(
    name='NW-UCLA from Bandai-Namco',
    clips_per_class=[5],
    groups=dict(key='subject', train=1, test=5),
    base=dict(ann_file='data/bandai_namco/motion.npz', augmentation='strong'),
    generators=dict(transfer=dict(ratio=1., generator=dict(config=dict(model=_transfer))),
                    random=dict(ratio=1., generator=dict(config=dict(model=dict(_transfer, shift='random'))))))
