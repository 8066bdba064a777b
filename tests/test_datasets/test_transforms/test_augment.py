"""Heading, mirror, noise and occlusion: positions and rotations of a body stay those of one body."""

import numpy as np
import pytest

from mmagenc.datasets.transforms import JointNoise, RandomHeading, RandomMirror, RandomOcclusion
from mmagenc.datasets.transforms.augment import limbs_of
from mmagenc.registry import TRANSFORMS
from mmagenc.skeletons import get_skeleton

from .bodies import posed


@pytest.mark.parametrize('name', ['JointNoise', 'RandomHeading', 'RandomMirror', 'RandomOcclusion'])
def test_registered_and_still_in_test_mode(name, clip):
    for options, sample in ((dict(test_mode=True), clip), ({}, dict(clip, test_mode=True))):
        result = TRANSFORMS.build(dict(type=f'mmagenc.{name}', **options))(dict(sample))
        assert all(result[key] is sample[key] for key in sample)


@pytest.mark.parametrize('transform', [
    RandomHeading(), RandomHeading(up='-z'), RandomMirror(1.), RandomMirror(1., axis='y'), RandomMirror(1., axis='z')
])
def test_positions_are_those_of_the_rotations(transform, clip, body):
    result = transform(dict(clip))
    assert np.abs(result['keypoint'] - clip['keypoint']).max() > 0.05
    np.testing.assert_allclose(result['keypoint'], posed(body, result), atol=1e-5)
    assert result['keypoint'].dtype == result['pose'].dtype == np.float32


def test_heading_keeps_heights_and_turns_all_alike(clip):
    result = RandomHeading()(dict(clip))['keypoint']
    np.testing.assert_allclose(result[..., 1], clip['keypoint'][..., 1], atol=1e-6)
    angle = [np.arctan2(*points[..., [0, 2]].reshape(-1, 2).T) for points in (result, clip['keypoint'])]
    turned = np.mod(angle[0] - angle[1], 2 * np.pi)
    np.testing.assert_allclose(turned, turned[0], atol=1e-4)
    few = RandomHeading(max_angle=0.)(dict(clip))
    np.testing.assert_allclose(few['pose'], clip['pose'], atol=1e-5)


def test_mirroring_twice_is_nothing(clip):
    mirror = RandomMirror(1., swapped_labels=((1, 2), (3, 4)))
    once = mirror(dict(clip))
    twice = mirror(dict(once))
    assert (once['label'], twice['label']) == (2, 1)
    np.testing.assert_array_equal(twice['keypoint'], clip['keypoint'])
    np.testing.assert_array_equal(twice['pose'], clip['pose'])


def test_mirrored_left_hand_is_where_the_right_one_was(clip):
    skeleton = get_skeleton('smpl24')
    left, right = skeleton.index(skeleton.pairs[0][0]), skeleton.index(skeleton.pairs[0][1])
    result = RandomMirror(1.)(dict(clip))
    np.testing.assert_array_equal(result['keypoint'][:, :, left], clip['keypoint'][:, :, right] * np.float32([-1, 1, 1]))
    assert RandomMirror(0.)(dict(clip))['keypoint'] is clip['keypoint']


def test_the_mirror_of_a_picture_passes_through_the_body(clip):
    keypoint = 100 * clip['keypoint'][..., :2] + 300
    score = np.ones(keypoint.shape[:3], np.float32)
    keypoint[:, 2, 4], score[:, 2, 4] = 0, 0  # the left knee was not seen
    middle = keypoint[0, 0, [1, 2], 0].mean()
    result = RandomMirror(1.)(dict(frame_dir='a', label=0, skeleton='smpl24', keypoint=keypoint, keypoint_score=score))
    np.testing.assert_allclose(result['keypoint'][:, :, 1, 0], 2 * middle - keypoint[:, :, 2, 0], rtol=1e-6)
    np.testing.assert_array_equal(result['keypoint'][:, :, 1, 1], keypoint[:, :, 2, 1])
    assert not result['keypoint'][:, 2, 5].any() and result['keypoint_score'][:, 2, 5] == 0 and result['keypoint_score'].sum() == 9 * 24 - 1


def test_noise_has_its_deviation_and_is_new_in_every_clip(clip):
    long = dict(clip, keypoint=np.ones((1, 400, 24, 3), np.float32), pose=np.zeros((1, 400, 24, 3), np.float32), total_frames=400)
    first, second = (JointNoise(position=0.01, rotation=0.05)(dict(long)) for _ in range(2))
    assert first['keypoint'].std() == pytest.approx(0.01, rel=0.03) and first['pose'].std() == pytest.approx(0.05, rel=0.03)
    assert not np.array_equal(first['keypoint'], second['keypoint'])
    assert (long['keypoint'] == 1).all()  # the recording itself is not written into


def test_drift_is_slow_and_as_large_in_every_frame(clip):
    np.random.seed(0)
    still = dict(clip, keypoint=np.ones((40, 60, 24, 3), np.float32), total_frames=60)
    still.pop('pose')
    path = JointNoise(position=0., drift=0.01)(still)['keypoint'] - 1
    np.testing.assert_allclose(path.std(axis=(0, 2, 3)), 0.01, rtol=0.06)  # 2880 paths
    assert np.diff(path, axis=1).std() < 0.01 * 0.15  # at most one and a half waves over 60 frames


def test_noise_in_body_lengths(clip):
    grown = dict(clip, keypoint=1000 * clip['keypoint'])
    spreads = []
    for sample in (clip, grown):
        np.random.seed(0)
        spreads.append(JointNoise(0.01, drift=0.01, unit='body')(dict(sample))['keypoint'] - sample['keypoint'])
    np.testing.assert_allclose(spreads[1], 1000 * spreads[0], atol=0.2)
    with pytest.raises(ValueError, match='clip a: a length in body lengths needs to know its skeleton'):
        JointNoise(unit='body')(dict(clip, skeleton=None))


@pytest.mark.parametrize('transform', [JointNoise(drift=0.1), RandomOcclusion(1.)])
def test_points_that_were_not_seen_stay_so(transform, clip):
    keypoint = np.concatenate([clip['keypoint'], np.zeros_like(clip['keypoint'])])
    score = np.ones(keypoint.shape[:3], np.float32)
    keypoint[0, 3, 5], keypoint[0, 4:6, 6], score[0, 3, 5] = 0, np.nan, 0
    for sample in (dict(keypoint=keypoint, keypoint_score=score), dict(keypoint=np.where(score[..., None] > 0, keypoint, np.nan))):
        before = sample['keypoint'].copy()
        after = transform(dict(clip, pose=np.tile(clip['pose'], (2, 1, 1, 1)), **sample))['keypoint']
        missing = (score == 0) | np.isnan(before).any(axis=-1)
        missing[1] = True
        np.testing.assert_array_equal(after[missing], before[missing])
        assert np.isfinite(after[~missing]).all() and (after != before)[~missing].any()


def test_limbs_of_a_layout():
    names = get_skeleton('ucla20').joint_names
    limbs = [{names[joint] for joint in limb} for limb in limbs_of('ucla20')]
    assert {'head'} in limbs and {'left_elbow', 'left_wrist', 'left_hand'} in limbs
    assert {'right_hip', 'right_knee', 'right_ankle', 'right_foot'} in limbs
    assert len(limbs) == 17  # all but the hip centre, the spine and the centre of the shoulders, which carry more than a third


def test_occlusion_leads_one_limb_astray():
    still = dict(frame_dir='a', skeleton='ucla20', total_frames=161, keypoint=np.ones((1, 161, 20, 3), np.float32))
    results = [RandomOcclusion(probability=1., position=0.1)(dict(still))['keypoint'][0] - 1 for _ in range(200)]
    moved = [tuple(np.flatnonzero(keypoint.any(axis=(0, 2)))) for keypoint in results]
    assert set(moved) == {tuple(limb) for limb in limbs_of('ucla20')}  # 17 limbs, 200 draws
    paths = np.concatenate([keypoint[:, limb].reshape(161, -1) for keypoint, limb in zip(results, moved)], axis=1)
    assert paths[::8].std() == pytest.approx(0.1, rel=0.05)
    np.testing.assert_allclose(paths[4::8], (paths[:-1:8] + paths[8::8]) / 2, atol=1e-6)  # straight between every eighth frame
    assert (still['keypoint'] == 1).all()
    assert sum((RandomOcclusion(probability=0.25)(dict(still))['keypoint'] != 1).any() for _ in range(400)) == pytest.approx(100, abs=40)


@pytest.mark.parametrize('make, message', [
    (lambda: RandomHeading(up='w'), "up must be one of x, y, z, got 'w'"),
    (lambda: RandomHeading(max_angle=-1), 'max_angle'),
    (lambda: RandomMirror(1.5), 'probability'),
    (lambda: JointNoise(-1), 'position must not be negative, got position=-1'),
    (lambda: JointNoise(drift=-1), 'drift must not'),
    (lambda: JointNoise(unit='metres'), "unit must be 'own'"),
    (lambda: RandomOcclusion(2), 'probability'),
    (lambda: RandomOcclusion(1, -1), 'negative'),
])
def test_settings_out_of_range(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize('transform, change', [
    (RandomHeading(), dict(keypoint=np.zeros((1, 9, 24, 2)))),
    (RandomMirror(1.), dict(skeleton=None)),
    (RandomMirror(1., axis='z'), dict(keypoint=np.zeros((1, 9, 24, 2)))),
    (RandomOcclusion(1.), dict(skeleton=None)),
])
def test_clips_that_cannot_be_augmented_are_named(transform, change, clip):
    with pytest.raises(ValueError, match='clip a: '):
        transform(dict(clip, **change))
