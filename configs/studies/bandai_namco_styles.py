# Bandai-Namco by unseen styles: six actions in one style, 5 clips an action, tested on three other styles; the base are four other actions
# in the three styles that are neither trained nor tested on. 10 clips an action are of two styles: study.clips_per_class=[10]
# study.groups.train=2, in another --work-dir.
_base_ = ['../_base_/recognizer_runtime.py', '../_base_/datasets/bandai_namco.py', '../_base_/study_groups.py']

# Three seconds in the middle of each clip, at 10 frames a second; somewhat more of it is augmented.
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
    clips_per_class=[5],
    groups=dict(key='subject', train=1, test=3, clips_per_group=5),
    base=dict(classes=['walk', 'run', 'wave-both-hands', 'raise-up-both-hands'], augmentation='strong'),
    augmentations=dict(
        none=[_middle],
        classical=[_middle, *_base_.study.augmentations.classical[1:]],
        strong=[_middle, *_base_.study.augmentations.strong[1:]],
        posture=[_middle, *_base_.study.augmentations.posture[1:]]),
    # The same generator in the loop: a pool that does not change, as it comes or chosen by a judge who knows the base motion too.
    generator='../infagenc/posture-transfer_bandai-namco.py',
    generator_options={
        'model.num_classes': 6,
        'model.num_frames': 320,
        'model.base': dict(ann_file='{base}', split='train', classes=None),
        'model.up': 'y'
    },
    generator_steps=1,
    judge_init='base',
    judge_augmentation='strong',
    loop=dict(
        rounds=4, round_steps=1, judge_steps=300, judge_tune_steps=40, candidates_per_class=10,
        hook=dict(selector=dict(type='ClassShareSelector'))),
    arms={
        'pretrained-unjudged': dict(augmentation='strong', init='base', generated='unjudged'),
        'pretrained-judged': dict(augmentation='strong', init='base', generated='pool')
    },
    generators=dict(transfer=dict(ratio=1., generator=dict(config=dict(model=_transfer))),
                    random=dict(ratio=1., generator=dict(config=dict(model=dict(_transfer, shift='random'))))))
