"""Limb lengths, shear and placement: what changes, what stays, and for whom."""

import numpy as np
import pytest

from mmagenc.datasets.transforms import RandomLimbLengths, RandomPlacement, RandomShear
from mmagenc.registry import TRANSFORMS
from mmagenc.skeletons import SKELETONS, get_skeleton

from .bodies import bones


def flat_clip(clip, **change):
    keypoint = 100 * clip['keypoint'][..., :2] + 300
    return dict(frame_dir='a', label=1, total_frames=9, skeleton='smpl24', keypoint=keypoint, **change)


@pytest.mark.parametrize('name', ['RandomLimbLengths', 'RandomPlacement', 'RandomShear'])
def test_registered_and_still_in_test_mode(name, clip):
    for options, sample in ((dict(test_mode=True), clip), ({}, dict(clip, test_mode=True))):
        result = TRANSFORMS.build(dict(type=f'mmagenc.{name}', **options))(dict(sample))
        assert all(result[key] is sample[key] for key in sample)


@pytest.mark.parametrize('dims', [2, 3])
def test_limbs_are_longer_or_shorter_alike_on_both_sides_and_throughout(dims, clip):
    skeleton = get_skeleton('smpl24')
    np.random.seed(0)
    before = np.concatenate([clip['keypoint'], 2 * clip['keypoint'] + 1])[..., :dims]
    result = RandomLimbLengths(0.12)(dict(clip, keypoint=before))
    old, new = bones(before), bones(result['keypoint'])
    factor = np.median(np.linalg.norm(new, axis=-1) / np.linalg.norm(old, axis=-1), axis=1)  # (persons, bones)
    np.testing.assert_allclose(new, old * factor[:, None, :, None], atol=2e-6)
    mirrored = [skeleton.flip_indices[joint] - 1 for joint, _ in skeleton.edges]  # joint 0 is the root
    np.testing.assert_allclose(factor, factor[:, mirrored], atol=1e-4)
    assert 0.879 < factor.min() < 0.91 and 1.09 < factor.max() < 1.121 and np.abs(factor[0] - factor[1]).max() > 0.01
    np.testing.assert_array_equal(result['keypoint'][:, :, 0], before[:, :, 0])
    assert result['pose'] is clip['pose'] and result['transl'] is clip['transl']


@pytest.mark.parametrize('layout', SKELETONS)
def test_limbs_of_every_layout(layout):
    joints = get_skeleton(layout).num_joints
    keypoint = np.random.default_rng(0).normal(size=(1, 3, joints, 3)).astype(np.float32)
    lengths = [np.linalg.norm(bones(points, layout), axis=-1) for points in (
        keypoint, RandomLimbLengths(0.1)(dict(frame_dir='a', skeleton=layout, keypoint=keypoint))['keypoint'])]
    share = lengths[1] / lengths[0]
    assert 0.899 < share.min() < share.max() < 1.101
    np.testing.assert_allclose(share, np.tile(share[:, :1], (1, 3, 1)), atol=1e-4)


def test_limbs_below_a_point_that_was_not_seen(clip):
    keypoint = clip['keypoint'].copy()
    keypoint[0, 3, 4] = np.nan  # a knee
    np.random.seed(0)
    whole = RandomLimbLengths(0.12)(dict(clip))['keypoint']
    np.random.seed(0)
    broken = RandomLimbLengths(0.12)(dict(clip, keypoint=keypoint))['keypoint']
    assert np.isnan(broken[0, 3, 4]).all() and np.isfinite(np.delete(broken, 4, axis=2)).all()
    below = [4, 7, 10]
    np.testing.assert_allclose(np.delete(broken, below, axis=2), np.delete(whole, below, axis=2), atol=1e-6)
    np.testing.assert_allclose(broken[0, [0, 1, 2, 4]], whole[0, [0, 1, 2, 4]], atol=1e-6)
    length = np.linalg.norm(bones(clip['keypoint']), axis=-1)[0, 0]
    assert np.linalg.norm(broken[0, 3, 7] - whole[0, 3, 7]) < 0.24 * length[3]  # at most as the thigh has changed


def test_shear_is_one_linear_map_about_the_hips_of_each_frame(clip):
    np.random.seed(0)
    result = RandomShear(0.1)(dict(clip))
    before, after = (points - points[:, :, [1, 2]].mean(axis=2, keepdims=True) for points in (clip['keypoint'], result['keypoint']))
    matrix, *_ = np.linalg.lstsq(before.reshape(-1, 3), after.reshape(-1, 3), rcond=None)
    np.testing.assert_allclose(before @ matrix, after, atol=1e-5)
    np.testing.assert_allclose(np.diag(matrix), 1, atol=1e-4)
    off = np.abs(matrix[~np.eye(3, dtype=bool)])
    assert off.min() > 0.001 and 0.05 < off.max() < 0.1001
    hips = [points[:, :, [1, 2]].mean(axis=2) for points in (clip['keypoint'], result['keypoint'])]
    np.testing.assert_allclose(hips[1], hips[0], atol=1e-5)  # the path leads where it led
    assert result['pose'] is clip['pose'] and result['transl'] is clip['transl']
    assert RandomShear(0.1)(flat_clip(clip))['keypoint'].shape == (1, 9, 24, 2)


def test_placement_is_a_similarity_and_the_body_stays_near(clip):
    np.random.seed(0)
    sample, angles, scales, shifts = flat_clip(clip), [], [], []
    place = sample['keypoint'][0, 0, [1, 2]].mean(axis=0)
    for _ in range(200):
        points = RandomPlacement(turn=0.15, scale=1.2, shift=0.1)(dict(sample))['keypoint']
        old, new = bones(sample['keypoint']), bones(points)
        ratio = (new[..., 0] + 1j * new[..., 1]) / (old[..., 0] + 1j * old[..., 1])
        np.testing.assert_allclose(ratio, ratio.mean(), atol=2e-2)
        angles.append(np.angle(ratio.mean()))
        scales.append(np.log(np.abs(ratio.mean())))
        shifts.append(points[0, 0, [1, 2]].mean(axis=0) - place)
    length = 93.  # the body's chain in space is 0.93 of its hundred pixels, its picture no longer
    assert 0.13 < np.abs(angles).max() < 0.1501 and np.log(1.15) < np.abs(scales).max() < np.log(1.2001)
    assert 0.03 * length < np.abs(shifts).max() < 0.1 * length


def test_absent_persons_stay_absent(clip):
    keypoint = flat_clip(clip)['keypoint']
    two = np.concatenate([keypoint, np.zeros_like(keypoint)])
    for transform in (RandomLimbLengths(), RandomPlacement(), RandomShear()):
        result = transform(flat_clip(clip) | dict(keypoint=two))['keypoint']
        assert not result[1].any() and np.abs(result[0] - keypoint[0]).max() > 0.5 and result.dtype == np.float32


@pytest.mark.parametrize('make, message', [
    (lambda: RandomLimbLengths(1.), r'share of the length in \[0, 1\)'),
    (lambda: RandomShear(-0.1), 'shear must not be negative'),
    (lambda: RandomPlacement(scale=0.9), 'scale must be at least 1'),
    (lambda: RandomPlacement(turn=-1), 'turn must not be negative'),
])
def test_settings_out_of_range(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize('transform, change, message', [
    (RandomLimbLengths(), dict(skeleton=None), 'RandomLimbLengths needs to know its skeleton'),
    (RandomLimbLengths(), dict(keypoint=np.ones((1, 9, 24, 6), np.float32)), 'keypoint has 6 channels: it goes before'),
    (RandomShear(), dict(keypoint=np.ones((1, 9, 24, 6), np.float32)), 'keypoint has 6 channels: it goes before'),
    (RandomPlacement(), {}, 'RandomPlacement is for 2 coordinates, keypoint has 3: RandomHeading turns'),
])
def test_clips_that_cannot_be_augmented_are_named(transform, change, message, clip):
    with pytest.raises(ValueError, match=f'clip a: .*{message}'):
        transform(dict(clip, **change))
