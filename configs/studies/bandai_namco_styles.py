# Bandai-Namco by unseen styles: six actions in one style (5 clips an action) or two (10), tested on three other styles; the base are four
# other actions in styles that are neither trained nor tested on.
_base_ = ['../_base_/recognizer_runtime.py', '../_base_/datasets/bandai_namco.py', '../_base_/study_groups.py']

model = dict(cls_head=dict(num_classes=6))
train_dataloader = dict(batch_size=32, dataset=dict(pipeline={{_base_.recognizer_train_pipeline}}))
val_dataloader = dict(dataset=dict(pipeline={{_base_.recognizer_test_pipeline}}))
test_dataloader = dict(dataset=dict(pipeline={{_base_.recognizer_test_pipeline}}))

_transfer = dict(
    type='PostureTransferGenerator',
    representation=dict(type='KeypointRepresentation', skeleton='smpl24'),
    num_classes=6,
    num_frames=320,
    base=dict(ann_file='{base}', groups='subject'),
    up='y')
study = dict(
    name='Bandai-Namco, unseen styles',
    classes=['walk-turn-left', 'walk-turn-right', 'wave-left-hand', 'wave-right-hand', 'raise-up-left-hand', 'raise-up-right-hand'],
    groups=dict(key='subject', train=2, test=3),
    base=dict(classes=['walk', 'run', 'wave-both-hands', 'raise-up-both-hands'], augmentation='strong'),
    generators=dict(transfer=dict(ratio=1., generator=dict(config=dict(model=_transfer))),
                    random=dict(ratio=1., generator=dict(config=dict(model=dict(_transfer, shift='random'))))))
