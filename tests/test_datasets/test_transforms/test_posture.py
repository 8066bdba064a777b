"""Posture shift: the same offset in every frame, on bones that keep their lengths, of positions and rotations alike."""

import numpy as np
import pytest

from mmagenc.datasets.transforms import PostureShift
from mmagenc.datasets.transforms.posture import ACROSS, ALONG
from mmagenc.registry import TRANSFORMS
from mmagenc.skeletons import SKELETONS, get_skeleton

from .bodies import bones, posed


def walking(frames=40, persons=1):
    """``(M, T, 24, 3)`` a made-up person who stands and swings arms and knees forwards; x left, y up, z forward, metres."""
    rest = dict(pelvis=(0, 1, 0), left_hip=(.1, .9, 0), spine1=(0, 1.1, 0), left_knee=(.1, .5, .05), spine2=(0, 1.2, 0),
                left_ankle=(.1, .1, 0), spine3=(0, 1.3, 0), left_foot=(.1, .05, .15), neck=(0, 1.45, 0), left_collar=(.07, 1.4, 0),
                head=(0, 1.55, .03), left_shoulder=(.17, 1.42, 0), left_elbow=(.2, 1.15, -.03), left_wrist=(.22, .92, .05),
                left_hand=(.22, .85, .08))
    names = get_skeleton('smpl24').joint_names
    points = [np.array(rest[name.replace('right', 'left')]) * ((-1, 1, 1) if 'right' in name else (1, 1, 1)) for name in names]
    clip = np.tile(np.array(points), (persons, frames, 1, 1))
    swing = np.sin(np.linspace(0, 6, frames))
    for side, sign in (('left', 1), ('right', -1)):
        for joint, reach in (('elbow', .1), ('wrist', .2), ('hand', .25)):
            clip[:, :, names.index(f'{side}_{joint}'), 2] += sign * reach * swing
    return clip.astype(np.float32)


def sample_of(keypoint, skeleton='smpl24', **more):
    return dict(frame_dir='a', label=0, total_frames=keypoint.shape[1], skeleton=skeleton, keypoint=keypoint, **more)


def bend(points, upper, joint, lower):
    """Component of the lower bone in front of the upper one: positive in front; x points left."""
    names = get_skeleton('smpl24').joint_names
    first, second, third = (points[0, :, names.index(name)] for name in (upper, joint, lower))
    high, low = second - first, third - second
    front = np.cross(high, (1., 0, 0))
    return (low * front).sum(axis=-1) / np.linalg.norm(front, axis=-1) / np.linalg.norm(low, axis=-1)


def test_registered_and_still_in_test_mode(clip):
    for options, sample in ((dict(test_mode=True), clip), ({}, dict(clip, test_mode=True))):
        result = TRANSFORMS.build(dict(type='mmagenc.PostureShift', **options))(dict(sample))
        assert all(result[key] is sample[key] for key in sample)


@pytest.mark.parametrize('up', ['y', None])
def test_bones_keep_their_lengths_and_rotations_go_along(up, clip, body):
    np.random.seed(0)
    result = PostureShift(shift=0.3, up=up)(dict(clip))
    lengths = [np.linalg.norm(bones(points), axis=-1) for points in (clip['keypoint'], result['keypoint'])]
    np.testing.assert_allclose(lengths[1], lengths[0], atol=1e-5)
    assert np.abs(result['keypoint'] - clip['keypoint']).max() > 0.05
    np.testing.assert_allclose(result['keypoint'], posed(body, result), atol=1e-5)
    np.testing.assert_array_equal(result['keypoint'][:, :, 0], clip['keypoint'][:, :, 0])
    assert result['transl'] is clip['transl'] and result['keypoint'].dtype == result['pose'].dtype == np.float32


def test_the_movement_stays_and_each_person_takes_another_posture():
    keypoint = walking(persons=2)
    np.random.seed(0)
    result = PostureShift(shift=0.2)(sample_of(keypoint))['keypoint']
    moved = result - keypoint
    assert moved.std(axis=1).max() < 0.35 * np.abs(moved).max()  # the same in all frames, but for what turns with the bone
    assert np.abs(moved[0] - moved[1]).max() > 0.03
    assert not np.array_equal(result, PostureShift(shift=0.2)(sample_of(keypoint))['keypoint'])


def test_the_offset_turns_with_the_person():
    keypoint = walking()
    quarter = keypoint[..., [2, 1, 0]] * np.float32([1, 1, -1])  # turned by a quarter about y: z becomes x
    results = []
    for points in (keypoint, quarter):
        np.random.seed(1)
        results.append(PostureShift(shift=0.3)(sample_of(points))['keypoint'])
    np.testing.assert_allclose(results[1], results[0][..., [2, 1, 0]] * np.float32([1, 1, -1]), atol=1e-5)


def bent_backwards(points):
    """The most by which a knee of a clip bends forwards or an elbow backwards."""
    knees = [bend(points, f'{side}_hip', f'{side}_knee', f'{side}_ankle').max() for side in ('left', 'right')]
    elbows = [-bend(points, f'{side}_shoulder', f'{side}_elbow', f'{side}_wrist').min() for side in ('left', 'right')]
    return max(knees + elbows)


def test_knees_and_elbows_do_not_bend_backwards():
    keypoint, worst = walking(), {}
    for limits in (True, False):
        np.random.seed(0)
        shift = PostureShift(shift=0.4, limits=limits)
        worst[limits] = max(bent_backwards(shift(sample_of(keypoint))['keypoint']) for _ in range(40))
    assert bent_backwards(keypoint) < 0 < worst[True] < 0.06 and worst[False] > 0.3


def test_offsets_are_as_large_and_as_like_as_said():
    skeleton = get_skeleton('smpl24')
    np.random.seed(0)
    drawn = PostureShift(shift=0.2).offsets(skeleton, 4000, 3)
    elbow, wrist, knee, ankle = (skeleton.index(f'left_{name}') for name in ('elbow', 'wrist', 'knee', 'ankle'))
    assert drawn[:, elbow].std() == pytest.approx(0.2, rel=0.05) and drawn[:, knee].std() == pytest.approx(0.08, rel=0.05)
    for first, second in ((elbow, wrist), (knee, ankle)):
        likeness = np.corrcoef(drawn[:, first].ravel(), drawn[:, second].ravel())[0, 1]
        assert likeness == pytest.approx(ALONG, abs=0.05)
    mirrored = drawn[:, skeleton.index('right_wrist')] * (-1, 1, 1)
    assert np.corrcoef(drawn[:, wrist].ravel(), mirrored.ravel())[0, 1] == pytest.approx(ACROSS, abs=0.05)


@pytest.mark.parametrize('layout', SKELETONS)
@pytest.mark.parametrize('dims', [2, 3])
def test_every_layout_and_points_that_were_not_seen(layout, dims):
    joints = get_skeleton(layout).num_joints
    keypoint = np.random.default_rng(0).normal(size=(2, 7, joints, dims)).astype(np.float32)
    score = np.ones(keypoint.shape[:3], np.float32)
    keypoint[0, 2, 3], score[0, 2, 3] = 0, 0
    keypoint[1], score[1] = 0, 0
    np.random.seed(0)
    result = PostureShift()(sample_of(keypoint, layout, keypoint_score=score))['keypoint']
    lengths = [np.linalg.norm(bones(points, layout), axis=-1) for points in (keypoint, result)]
    whole = [0, 1, 3, 4, 5, 6]
    np.testing.assert_allclose(lengths[1][0, whole], lengths[0][0, whole], rtol=3e-5, atol=1e-5)
    assert not result[1].any() and not result[0, 2, 3].any() and np.abs(result[0] - keypoint[0]).max() > 0.01


def test_rotations_beside_keypoints_of_another_layout(clip, body):
    keypoint = clip['keypoint'][:, :, :17].copy()
    result = PostureShift()(dict(clip, keypoint=keypoint, skeleton='infact17'))
    old, new = (np.linalg.norm(bones(posed(body, value)), axis=-1) for value in (clip, result))
    np.testing.assert_allclose(old, new, atol=1e-5)
    assert np.abs(posed(body, result) - posed(body, clip)).max() > 0.02 and np.abs(result['keypoint'] - keypoint).max() > 0.02


@pytest.mark.parametrize('make, message', [
    (lambda clip: PostureShift(-1), 'shift must not be negative'),
    (lambda clip: PostureShift(up='w'), 'up must be'),
    (lambda clip: PostureShift()(dict(clip, skeleton=None)), 'clip a: PostureShift needs to know its skeleton'),
    (lambda clip: PostureShift()(dict(clip, keypoint=np.ones((1, 9, 24, 6), np.float32))), 'clip a: .*keypoint has 6 channels'),
])
def test_refused(make, message, clip):
    with pytest.raises(ValueError, match=message):
        make(clip)
