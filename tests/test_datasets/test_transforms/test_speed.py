"""Speed, warp and start: what is between frames, and how time runs."""

import numpy as np
import pytest
import roma
import torch

from mmagenc.datasets.transforms import RandomSpeed
from mmagenc.datasets.transforms.speed import resize_rotations, warped


@pytest.fixture
def clip():
    rng = np.random.default_rng(0)
    arrays = {key: rng.normal(0, 0.5, size=shape).astype(np.float32) for key, shape in dict(keypoint=(1, 9, 24, 3), pose=(1, 9, 24, 3),
                                                                                          transl=(1, 9, 3)).items()}
    return dict(frame_dir='a', label=1, total_frames=9, skeleton='smpl24', **arrays)


def test_half_the_speed_has_twice_the_frames(clip):
    result = RandomSpeed(speed=(0.5, 0.5))(dict(clip))
    assert result['total_frames'] == 18 and {result[key].shape[1] for key in ('keypoint', 'pose', 'transl')} == {18}
    np.testing.assert_allclose(result['keypoint'][:, 1], 0.75 * clip['keypoint'][:, 0] + 0.25 * clip['keypoint'][:, 1], atol=1e-5)
    same = RandomSpeed(speed=(1, 1))(dict(clip))
    np.testing.assert_allclose(same['pose'], clip['pose'], atol=1e-5)
    assert RandomSpeed(speed=(100, 100))(dict(clip))['total_frames'] == 1


def test_rotations_between_frames_are_slerped(clip):
    pose = clip['pose'][:, :2]
    quarter = resize_rotations(pose, 4)[:, 1]  # frame centres at 0.25
    first, second = (roma.rotvec_to_unitquat(torch.from_numpy(pose[:, frame])) for frame in (0, 1))
    expected = roma.unitquat_slerp(first, second, torch.tensor([0.25]), shortest_arc=True)[0]
    np.testing.assert_allclose(quarter, roma.unitquat_to_rotvec(expected).numpy(), atol=1e-5)


@pytest.mark.parametrize('options, sample', [(dict(test_mode=True), {}), ({}, dict(test_mode=True))])
def test_still_in_test_mode(options, sample, clip):
    result = RandomSpeed(warp=0.3, start=0.5, **options)(dict(clip, **sample))
    assert all(result[key] is clip[key] for key in clip)


def test_speeds_are_uniform_in_their_logarithm():
    speed = RandomSpeed((0.75, 4 / 3), start=0.)
    np.random.seed(0)
    drawn = np.log(10_000 / np.array([len(speed.places(10_000)) for _ in range(2000)])) / np.log(4 / 3)
    assert np.abs(drawn).max() <= 1.001 and np.abs(np.quantile(drawn, [0.25, 0.5, 0.75]) - [-0.5, 0, 0.5]).max() < 0.06


def test_warped_time_goes_forward_from_beginning_to_end():
    moments = (np.arange(600) + 0.5) / 600
    np.random.seed(0)
    passed = np.stack([warped(moments, 0.2) for _ in range(400)])
    speeds = np.log(np.diff(passed, axis=1) * 600)
    assert (np.diff(passed, axis=1) > 0).all() and np.abs(passed[:, [0, -1]] - moments[[0, -1]]).max() < 2e-3
    assert 0.15 < speeds.std() < 0.21  # the clip's mean speed is taken out of what was drawn with 0.2
    assert np.abs(np.diff(speeds, axis=1)).max() < 0.01  # smooth
    np.testing.assert_allclose(warped(moments, 0.), moments, atol=1e-9)


def test_the_beginning_that_is_left_out():
    late = RandomSpeed((1, 1), start=0.5)
    np.random.seed(0)
    places = [late.places(100) for _ in range(400)]
    first = np.array([place[0] for place in places])
    assert first.min() < 2 and 46 < first.max() < 51 and {place[-1] // 1 for place in places} <= {98., 99.}
    assert all(len(place) == pytest.approx(100 - place[0], abs=1.1) for place in places)


def test_a_point_that_was_not_seen_is_not_halfway_to_the_corner():
    keypoint = np.full((1, 4, 2, 2), 100, np.float32)
    keypoint[0, 1, 0] = 0
    score = np.ones((1, 4, 2), np.float32)
    score[0, 1, 0] = 0
    for sample in (dict(keypoint=keypoint, keypoint_score=score), dict(keypoint=np.where(keypoint > 0, keypoint, np.nan))):
        result = RandomSpeed((0.5, 0.5))(dict(frame_dir='a', total_frames=4, **sample))
        seen = ~np.isnan(result['keypoint'][0, :, 0, 0]) & (result['keypoint'][0, :, 0, 0] > 0)
        assert seen.tolist() == [True, True, False, False, True, True, True, True]
        assert (result['keypoint'][0, seen] == 100).all() and (result['keypoint'][0, :, 1] == 100).all()
        if 'keypoint_score' in sample:
            assert result['keypoint_score'][0, :, 0].tolist() == seen.astype(float).tolist()


@pytest.mark.parametrize('make, message', [
    (lambda: RandomSpeed((0, 1)), 'positive range'),
    (lambda: RandomSpeed((2, 1)), 'positive range'),
    (lambda: RandomSpeed(warp=-1), 'warp must not be negative'),
    (lambda: RandomSpeed(start=1), r'share of the clip in \[0, 1\)'),
])
def test_settings_out_of_range(make, message):
    with pytest.raises(ValueError, match=message):
        make()
