"""Made-up clips in the annotation format and in the published one."""

import numpy as np

CLASSES = ['wave', 'kick', 'roll']


def make_clip(name='a', *, label=0, frames=6, joints=17, dims=3, seed=0, **extra):
    rng = np.random.default_rng(seed)
    keypoint = rng.normal(size=(1, frames, joints, dims)).astype(np.float32)
    pose = rng.normal(size=(1, frames, 24, 3)).astype(np.float32)
    return dict(frame_dir=name, label=label, total_frames=frames, keypoint=keypoint, pose=pose, source='real', **extra)


def make_annotation(clips=None, *, skeleton='infact17', classes=CLASSES, split=None):
    if clips is None:
        clips = [make_clip(name, label=index % 3, frames=5 + index, seed=index) for index, name in enumerate('abcd')]
    names = [clip['frame_dir'] for clip in clips]
    return dict(split=split or dict(train=names), metainfo=dict(classes=list(classes), skeleton=skeleton, fps=30.), annotations=clips)


def published_clip(name='D1_001', *, label=0, label_key='pos_label', frames=7, seed=0, **extra):
    rng = np.random.default_rng(seed)
    clip = dict(
        frame_dir=name,
        pose=rng.normal(size=(1, frames, 24, 3)).astype(np.float32),
        keypoint=rng.normal(size=(1, frames, 17, 3)).astype(np.float32),
        subject_id='D01')
    return dict(clip, **{label_key: label}, **extra)


def assert_same_annotation(first, second):
    assert first['split'] == second['split'] and first['metainfo'] == second['metainfo']
    assert len(first['annotations']) == len(second['annotations'])
    for one, other in zip(first['annotations'], second['annotations']):
        assert one.keys() == other.keys()
        for key, value in one.items():
            if isinstance(value, np.ndarray):
                assert other[key].dtype == value.dtype and np.array_equal(other[key], value)
            else:
                assert other[key] == value
