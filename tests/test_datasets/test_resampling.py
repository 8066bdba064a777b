"""Other frame rates, against motions that are known at any time."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from mmagenc.datasets.annotation import AnnotationError
from mmagenc.datasets.resampling import checked_fps, resample_clip, same_rate

AXIS = np.array([1., 2., 2.]) / 3


def moving(rate, seconds=2., **extra):
    """Points that move evenly, a path, a score that falls, and joints that turn evenly about an axis, through half a turn and beyond."""
    time = np.arange(int(round(seconds * rate)) + 1) / rate
    speed = np.arange(1, 18)[:, None] * np.array([10., 5., -1.])
    keypoint = (time[:, None, None] * speed)[None] + 50
    pose = Rotation.from_rotvec(time[:, None] * 2.5 * AXIS).as_rotvec()
    return dict(
        frame_dir='c', label=1, total_frames=len(time), keypoint=keypoint.astype(np.float32),
        keypoint_score=np.repeat(1 - time / 4, 17).reshape(1, -1, 17).astype(np.float32),
        pose=np.repeat(pose[:, None], 24, axis=1)[None].astype(np.float32),
        transl=(time[:, None] * [0, 1, 2])[None].astype(np.float32), **extra)


@pytest.mark.parametrize('fps_from, fps_to', [(50, 25), (25, 50), (30, 25), (25, 30), (60, 24)])
def test_the_same_motion_at_another_rate(fps_from, fps_to):
    clip, truth = resample_clip(moving(fps_from, fps=fps_from), fps_from, fps_to), moving(fps_to)
    assert clip['total_frames'] == truth['total_frames'] and 'fps' not in clip
    for key in ('keypoint', 'keypoint_score', 'transl'):
        assert clip[key].dtype == np.float32 and np.allclose(clip[key], truth[key], atol=1e-4), key
    turned = (Rotation.from_rotvec(clip['pose'].reshape(-1, 3)).inv() * Rotation.from_rotvec(truth['pose'].reshape(-1, 3))).magnitude()
    assert clip['pose'].shape == truth['pose'].shape and turned.max() < 1e-3


def test_the_last_frame_is_never_passed():
    clip = resample_clip(moving(30, seconds=31 / 30), 30, 25)
    assert clip['total_frames'] == 26  # 25 / 25 s, not 26 / 25 s
    assert clip['keypoint'].max() <= moving(30, seconds=31 / 30)['keypoint'].max()


def test_points_that_are_missing_are_not_mixed_with_places():
    clip = moving(50)
    clip['keypoint'], seen = clip['keypoint'][..., :2].copy(), clip['keypoint'].copy()[..., :2]
    clip['keypoint'][0, 40:45, 3], clip['keypoint_score'][0, 40:45, 3] = 0, 0
    result = resample_clip(clip, 50, 30)
    missing = result['keypoint_score'][0, :, 3] == 0
    assert 2 <= missing.sum() <= 4 and not result['keypoint'][0, missing, 3].any()
    places = result['keypoint'][0, ~missing, 3]
    assert np.abs(places - moving(30)['keypoint'][0, ~missing, 3, :2]).max() < 1.2 and places.min() >= seen[0, :, 3].min()


def test_equal_rates_change_nothing():
    clip = moving(30, fps=30)
    for rate in (30, 29.97):
        same = resample_clip(clip, rate, 30)
        assert same['keypoint'] is clip['keypoint'] and 'fps' not in same and clip['fps'] == 30
    one = dict(moving(30), total_frames=1, **{key: moving(30)[key][:, :1] for key in ('keypoint', 'pose', 'transl', 'keypoint_score')})
    assert resample_clip(one, 30, 15)['total_frames'] == 1


def test_rates():
    assert same_rate(29.97, 30) and same_rate(24, 23.976) and not same_rate(24, 25) and not same_rate(30, 25)
    assert checked_fps(np.float32(25), 'x') == 25 and isinstance(checked_fps(25, 'x'), float)
    for value in (0, -1, float('nan'), float('inf'), '25', None, True, [25]):
        with pytest.raises(AnnotationError, match='here.npz: fps must be a positive number'):
            checked_fps(value, 'here.npz')
