# Bandai-Namco by unseen styles: six actions in one style (5 clips an action) or two (10), tested on three other styles; the base are four
# other actions in styles that are neither trained nor tested on.
_base_ = ['../_base_/recognizer_runtime.py', '../_base_/datasets/bandai_namco.py', '../_base_/study_groups.py']

# Three seconds in the middle of each clip, at 10 frames a second: at a third of that, what 30 frames of a whole clip are, a wave looks like
# a raised hand. Somewhat more of it is augmented.
_middle = dict(type='ConsecutiveSample', num_frames=80, padding='none', test_mode=True)
_window = dict(type='ConsecutiveSample', num_frames=30, step=2)
model = dict(cls_head=dict(num_classes=6))
train_dataloader = dict(batch_size=32, dataset=dict(pipeline=[_window, *_base_.recognizer_format]))
val_dataloader = dict(dataset=dict(pipeline=[dict(_window, test_mode=True), *_base_.recognizer_format]))
test_dataloader = dict(dataset=dict(pipeline=[dict(_window, test_mode=True), *_base_.recognizer_format]))

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
    augmentations=dict(
        none=[_middle],
        classical=[_middle, *_base_.study.augmentations.classical[1:]],
        strong=[_middle, *_base_.study.augmentations.strong[1:]],
        posture=[_middle, *_base_.study.augmentations.posture[1:]]),
    generators=dict(transfer=dict(ratio=1., generator=dict(config=dict(model=_transfer))),
                    random=dict(ratio=1., generator=dict(config=dict(model=dict(_transfer, shift='random'))))))
