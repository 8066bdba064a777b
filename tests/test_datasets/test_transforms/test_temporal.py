import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.spatial.transform import Rotation

from mmagenc.datasets.transforms import RandomCropResize, RandomRotation
from mmagenc.datasets.transforms.temporal import resize_frames, rotation_matrix


def clip(frames=100, **fields):
    rng = np.random.default_rng(0)
    return dict(frame_dir='a', total_frames=frames, keypoint=rng.normal(size=(2, frames, 5, 3)).astype(np.float32), **fields)


@pytest.mark.parametrize('frames', [1, 2, 37, 64, 100, 301])
def test_resize_is_torchs_bilinear(frames):
    keypoint = clip(frames)['keypoint']
    columns = torch.from_numpy(keypoint).permute(0, 2, 3, 1).reshape(1, 2 * 15, frames)
    expected = F.interpolate(columns, size=64, mode='linear', align_corners=False).view(2, 5, 3, 64).permute(0, 3, 1, 2)
    resized = resize_frames(keypoint, 64)
    assert resized.dtype == np.float32
    np.testing.assert_allclose(resized, expected.numpy(), atol=1e-5)


def test_nearest_takes_whole_frames():
    ramp = np.arange(10.)[None, :, None]
    assert resize_frames(ramp, 5, nearest=True).ravel().tolist() == [1, 3, 5, 7, 9]
    assert resize_frames(ramp, 10, nearest=True).ravel().tolist() == list(range(10))


def test_test_mode_takes_the_middle():
    """95 % of 100 frames: two are left out at either end, as ⌊0.05 · 100 / 2⌋ = 2."""
    sample = clip()
    expected = resize_frames(sample['keypoint'][:, 2:98], 64)
    for transform, mode in ((RandomCropResize(64, test_mode=True), {}), (RandomCropResize(64), dict(test_mode=True))):
        result = transform.transform(dict(clip(), **mode))
        np.testing.assert_array_equal(result['keypoint'], expected)
        assert result['total_frames'] == result['num_frames'] == 64


def test_training_parts_cover_the_range_and_the_clip():
    transform = RandomCropResize(16, ratio=(0.5, 1.))
    parts = [transform.part(40, fixed=False) for _ in range(4000)]
    lengths = {length for _, length in parts}
    assert min(lengths) == 20 and max(lengths) >= 39
    assert {start for start, length in parts if length == 20} == set(range(21))
    assert all(start + length <= 40 for start, length in parts)


@pytest.mark.parametrize('total, shortest', [(100, 64), (65, 64), (64, 64), (10, 10), (1, 1)])
def test_parts_are_no_shorter_than_the_result(total, shortest):
    transform = RandomCropResize(64)
    assert min(transform.part(total, fixed=False)[1] for _ in range(300)) == shortest


def test_all_arrays_are_cut_alike():
    """Scores and translation follow the keypoints; axis-angle is never averaged."""
    frames = np.arange(50, dtype=np.float32)
    sample = clip(
        50,
        keypoint_score=np.broadcast_to(frames[None, :, None], (2, 50, 5)),
        transl=np.broadcast_to(frames[None, :, None], (2, 50, 3)),
        pose=np.broadcast_to(frames[None, :, None, None], (2, 50, 24, 3)))
    sample['keypoint'][:] = frames[None, :, None, None]
    result = RandomCropResize(20, min_frames=1).transform(sample)
    time = result['keypoint'][0, :, 0, 0]
    assert (np.diff(time) > 0).all()
    np.testing.assert_array_equal(result['keypoint_score'][1, :, 4], time)
    np.testing.assert_array_equal(result['transl'][1, :, 2], time)
    pose = result['pose'][1, :, 23, 2]
    assert np.array_equal(pose, pose.round()) and np.abs(pose - time).max() <= 0.5 + 1e-5


@pytest.mark.parametrize('settings', [dict(num_frames=0), dict(ratio=(0., 1.)), dict(ratio=(0.9, 0.5)), dict(test_ratio=0)])
def test_settings_out_of_range(settings):
    with pytest.raises(ValueError, match='at least 1|shares lie in'):
        RandomCropResize(**settings)


def test_rotation_matrix_is_scipys():
    angles = np.array([0.2, -0.3, 0.1])
    np.testing.assert_allclose(rotation_matrix(angles), Rotation.from_euler('xyz', angles).as_matrix(), atol=1e-12)


def test_one_rotation_for_the_whole_clip():
    sample = clip()
    before = sample['keypoint'].astype(np.float64)
    after = RandomRotation(0.3).transform(sample)['keypoint']
    assert after.dtype == np.float32
    rotation = np.linalg.lstsq(before.reshape(-1, 3), after.reshape(-1, 3), rcond=None)[0].T
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-5)
    assert np.linalg.det(rotation) > 0 and not np.allclose(rotation, np.eye(3), atol=1e-3)
    np.testing.assert_allclose(before @ rotation.T, after, atol=1e-5)


def test_angles_stay_in_range():
    for _ in range(200):
        sample = dict(frame_dir='a', keypoint=np.eye(3, dtype=np.float32)[None, None])
        rotation = RandomRotation(0.3).transform(sample)['keypoint'][0, 0].T
        assert np.abs(Rotation.from_matrix(rotation).as_euler('xyz')).max() <= 0.3 + 1e-6


def test_no_rotation_at_test_time():
    for transform, mode in ((RandomRotation(test_mode=True), {}), (RandomRotation(), dict(test_mode=True))):
        np.testing.assert_array_equal(transform.transform(dict(clip(), **mode))['keypoint'], clip()['keypoint'])


def test_rotation_refusals():
    with pytest.raises(ValueError, match='must not be negative, got -1'):
        RandomRotation(-1)
    with pytest.raises(ValueError, match='clip a: RandomRotation needs 3 coordinates, keypoint has 2'):
        RandomRotation().transform(dict(clip(), keypoint=np.zeros((1, 4, 5, 2))))
