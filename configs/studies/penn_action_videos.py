# Penn Action in 2-D by unseen videos: six strokes and throws, 5 videos an action of the training split, tested on the test split's; the
# base are the training videos of the nine other actions (exercises, a guitar), each of other people, from another side. Made by
#   mmagenc import-penn-action data/Penn_Action --hidden-score 0.5 --fill-gaps 10 --out data/penn_action/clips.npz
# which keeps videos in which every joint has a place throughout.
_base_ = ['../_base_/recognizer_runtime.py', '../_base_/study_groups.py']

ann_file = 'data/penn_action/clips.npz'
_loader = dict(num_workers=0, sampler=dict(type='DefaultSampler', shuffle=False))
_train = dict(type='MotionDataset', ann_file=ann_file, split='train', pipeline={{_base_.recognizer_train_pipeline}})
_test = dict(type='MotionDataset', ann_file=ann_file, split='test', pipeline={{_base_.recognizer_test_pipeline}}, test_mode=True)
train_dataloader = dict(_loader, batch_size=32, dataset=_train)
val_dataloader = dict(_loader, batch_size=64, dataset=_test)
test_dataloader = dict(_loader, batch_size=64, dataset=_test)
model = dict(backbone=dict(num_keypoints=13, in_channels=2), cls_head=dict(num_classes=6))

_transfer = dict(
    type='PostureTransferGenerator',
    representation=dict(type='KeypointRepresentation', skeleton='penn13', num_dims=2),
    num_classes=6,
    num_frames=320,
    base=dict(ann_file='{base}', groups='subject'))
study = dict(
    name='Penn Action, unseen videos',
    classes=['baseball_pitch', 'baseball_swing', 'bowl', 'golf_swing', 'tennis_forehand', 'tennis_serve'],
    clips_per_class=[5],
    base=dict(
        classes=['bench_press', 'clean_and_jerk', 'jump_rope', 'jumping_jacks', 'pullup', 'pushup', 'situp', 'squat', 'strum_guitar'],
        augmentation='strong'),
    generators=dict(transfer=dict(ratio=1., generator=dict(config=dict(model=_transfer))),
                    random=dict(ratio=1., generator=dict(config=dict(model=dict(_transfer, shift='random'))))))
