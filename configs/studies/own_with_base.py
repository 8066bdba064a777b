# As own.py, with motion of other people at hand, which nobody tests on (docs/own_few_clips.md):
#   mmagenc study configs/studies/own_with_base.py --cfg-options own_data.ann_file=data/mine.npz study.base.ann_file=data/theirs.npz
_base_ = './own.py'

_transfer = dict(
    type='PostureTransferGenerator',
    representation=dict(type='KeypointRepresentation', skeleton='smpl24'),
    num_classes=2,
    num_frames=320,
    base=dict(ann_file='{base}', groups='subject'))
study = dict(
    base=dict(ann_file=None, augmentation='strong'),
    generators=dict(transfer=dict(ratio=1., generator=dict(config=dict(model=_transfer)))),
    arms={
        'pretrained': dict(augmentation='strong', init='base'),
        'pretrained-posture': dict(augmentation='posture', init='base'),
        'transfer': dict(augmentation='strong', generated='transfer'),
        'pretrained-transfer': dict(augmentation='strong', init='base', generated='transfer'),
        'base-classes': dict(augmentation='strong', generated='base'),
    })
