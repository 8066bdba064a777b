"""The cleaning chain: each step against hand-made cases or loops that follow its description."""

import numpy as np
import pytest

from mmagenc.datasets.readers.ntu_cleaning import (
    Thresholds,
    align,
    center,
    clean,
    drop_spread,
    motion,
    present,
    two_persons,
    with_second_body,
)
from mmagenc.datasets.readers.ntu_skeleton import Body, Recording
from tests.ntu_writer import person


def body(frames, joints):
    return Body(np.asarray(list(frames)), np.asarray(joints, dtype=np.float32))


def recording(**bodies):
    return Recording(100, bodies)


def test_one_body_is_kept_however_short_without_frames_of_nobody():
    joints = person(4)
    keypoint = clean(recording(a=body([3, 4, 8, 9], joints)))
    assert keypoint.dtype == np.float32 and np.array_equal(keypoint, joints[None].astype(np.float32))


@pytest.mark.parametrize('frames, persons', [(11, 1), (12, 2)])
def test_short_bodies_beside_others_are_noise(frames, persons):
    keypoint = clean(recording(a=body(range(20), person(20)), b=body(range(frames), person(frames, seed=1))))
    assert keypoint.shape == (persons, 20, 25, 3)


def test_frames_of_a_noisy_body_alone_go():
    joints = person(30)
    keypoint = clean(recording(a=body(range(5), person(5, seed=1)), b=body(range(2, 32), joints)))
    assert np.array_equal(keypoint, joints[None].astype(np.float32))


def test_wide_bodies_are_noise():
    keypoint = clean(recording(a=body(range(20), person(20, wide=True)), b=body(range(20), person(20, seed=1))))
    assert np.array_equal(keypoint, person(20, seed=1)[None].astype(np.float32))


@pytest.mark.parametrize('noisy, kept', [(69, True), (70, False)])
def test_spread_is_judged_by_the_share_of_noisy_frames(noisy, kept):
    joints = person(100)
    joints[:noisy] = person(100, wide=True)[:noisy]
    bodies = dict(a=body(range(100), joints), b=body(range(100), person(100, seed=1)))
    left, amounts = drop_spread(bodies, Thresholds())
    assert ('a' in left) == kept and 'b' in left
    if kept:  # noisy frames do not count as motion
        assert np.isclose(amounts['a'], min(motion(bodies['a'].joints), motion(bodies['a'].joints[noisy:])))
        assert amounts['a'] < motion(bodies['a'].joints)


def test_spread_by_the_loop():
    rng = np.random.default_rng(0)
    for _ in range(20):
        joints = rng.normal(size=(10, 25, 3)) * [1.05, 1.2, 1]
        noisy = 0
        for frame in joints.astype(np.float32):
            noisy += frame[:, 0].max() - frame[:, 0].min() > 0.8 * (frame[:, 1].max() - frame[:, 1].min())
        left, _ = drop_spread(dict(a=body(range(10), joints), b=body(range(10), person(10))), Thresholds())
        assert ('a' not in left) == (noisy / 10 >= 0.69754)


def test_the_last_body_stays_however_wide():
    wide = person(20, wide=True)
    left, _ = drop_spread(dict(a=body(range(20), wide), b=body(range(20), wide)), Thresholds())
    assert list(left) == ['b']


def test_who_moves_most_is_first():
    calm, lively = person(20, seed=1, move=0.01), person(20, seed=2, move=5)
    keypoint = clean(recording(a=body(range(20), calm), b=body(range(20), lively)))
    assert np.array_equal(keypoint[0], lively.astype(np.float32)) and np.array_equal(keypoint[1], calm.astype(np.float32))
    expected = sum(np.mean((lively.reshape(-1, 3)[:, axis] - lively.reshape(-1, 3)[:, axis].mean())**2) for axis in range(3))
    assert np.isclose(motion(lively), expected)


def test_a_person_found_again_is_the_same_person():
    parts = {name: body(frames, np.full((len(frames), 25, 3), value))
             for name, frames, value in (('a', range(10), 1), ('b', range(20), 2), ('c', range(10, 20), 3), ('d', range(5, 15), 4))}
    keypoint = two_persons(list(parts.values()), 20)
    assert keypoint[0, :, 0, 0].tolist() == [1] * 10 + [3] * 10  # c goes on where a ends
    assert keypoint[1, :, 0, 0].tolist() == [2] * 20  # d overlaps both and is left out


def test_absent_people_are_zero():
    keypoint = clean(recording(a=body(range(20), person(20, move=5)), b=body(range(4, 24), person(20, seed=1))))
    assert keypoint.shape == (2, 24, 25, 3)
    assert present(keypoint)[0].tolist() == [True] * 20 + [False] * 4 and present(keypoint)[1].tolist() == [False] * 4 + [True] * 20


def test_gaps_within_a_body():
    joints = person(20, seed=1)
    frames = [*range(10), *range(15, 25)]
    keypoint = clean(recording(a=body(range(25), person(25, move=5)), b=body(frames, joints)))
    assert np.array_equal(keypoint[1, frames], joints.astype(np.float32)) and not keypoint[1, 10:15].any()


@pytest.mark.parametrize('bodies, reason', [
    ({}, 'no body in any frame'),
    (dict(a=body(range(3), person(3)), b=body(range(3), person(3))), '2 bodies, none longer than 11'),
    (dict(a=body(range(3), np.zeros((3, 25, 3)))), 'all coordinates are 0'),
])
def test_nobody_to_be_seen(bodies, reason):
    with pytest.raises(ValueError, match=reason):
        clean(recording(**bodies))


def test_center():
    keypoint = np.stack([person(5), person(5, seed=1)]).astype(np.float32)
    keypoint[0, 0] = 0  # person 0 comes in frame 1
    keypoint[1, 3] = 0
    centered = center(keypoint)
    origin = keypoint[0, 1, 1]
    for index in range(2):
        for frame in range(5):
            absent = (index, frame) in ((0, 0), (1, 3))
            expected = 0 if absent else keypoint[index, frame] - origin
            assert np.allclose(centered[index, frame], expected)
    assert not centered[0, 1, 1].any() and centered.dtype == np.float32


def naive_align(points):
    """One person ``(T, 25, 3)``, frame by frame."""
    first = next(frame for frame in points if frame.any())
    up = (first[1] - first[0]) / np.linalg.norm(first[1] - first[0])
    hips = first[12] - first[16]
    left = hips - np.dot(hips, up) * up
    left = left / np.linalg.norm(left)
    forward = np.cross(left, up)
    return np.array([[[np.dot(left, joint), np.dot(up, joint), np.dot(forward, joint)] for joint in frame] for frame in points])


def test_align():
    keypoint = center(np.stack([person(6), person(6, seed=4, place=(1, 0, 2))]).astype(np.float32))
    keypoint[1, :2] = 0
    aligned = align(keypoint)
    assert aligned.dtype == np.float32
    for index in range(2):
        assert np.allclose(aligned[index], naive_align(keypoint[index]), atol=1e-5)
        first = aligned[index, present(keypoint)[index].argmax()]
        spine, hips = first[1] - first[0], first[12] - first[16]
        assert np.allclose(spine[[0, 2]], 0, atol=1e-5) and spine[1] > 0 and abs(hips[2]) < 1e-5 and hips[0] > 0
    lengths = np.linalg.norm(keypoint[:, :, 3] - keypoint[:, :, 2], axis=-1)
    assert np.allclose(np.linalg.norm(aligned[:, :, 3] - aligned[:, :, 2], axis=-1), lengths, atol=1e-5)
    assert np.allclose(np.linalg.det(np.linalg.pinv(keypoint[0, 0]) @ aligned[0, 0]), 1, atol=1e-3)  # no mirror


def test_align_together_keeps_who_is_where():
    keypoint = center(np.stack([person(6), person(6, seed=4, place=(1, 0, 2))[:, :, [2, 1, 0]]]).astype(np.float32))
    apart, together = align(keypoint), align(keypoint, together=True)
    assert np.allclose(apart[0], together[0]) and not np.allclose(apart[1], together[1], atol=0.1)
    assert np.allclose(np.linalg.norm(together[0] - together[1], axis=-1), np.linalg.norm(keypoint[0] - keypoint[1], axis=-1), atol=1e-5)


def test_people_without_spine_are_not_turned():
    keypoint = person(4)[None].astype(np.float32)
    keypoint[0, 0, 0] = keypoint[0, 0, 1]
    assert np.array_equal(align(keypoint), keypoint)


def test_second_body():
    one, two = np.ones((1, 2, 25, 3)), np.ones((2, 2, 25, 3))
    assert with_second_body(one, 'none').shape == (1, 2, 25, 3)
    assert with_second_body(one, 'zeros')[:, 0, 0, 0].tolist() == [1, 0] and with_second_body(one, 'copy')[:, 0, 0, 0].tolist() == [1, 1]
    assert all(with_second_body(two, mode) is two for mode in ('none', 'zeros', 'copy'))
    with pytest.raises(ValueError, match="one of none, zeros, copy, got 'x'"):
        with_second_body(two, 'x')
