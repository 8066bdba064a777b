"""Motions whose speeds, lengths and depths are known."""

import numpy as np
import pytest

from mmagenc.evaluation.functional import (
    bone_length_change,
    bone_lengths,
    floor_penetration,
    foot_skating,
    joint_limit_violation,
    motion_derivative,
)

PARENTS = (-1, 0, 1)


def clip():
    return np.array([[[0., 0, 0], [0, 1, 0], [0, 1, 2]], [[5., 0, 0], [5, 3, 0], [5, 3, 2]]])


def test_bones_by_hand():
    """The first bone has lengths 1 and 3: deviation 1 of mean 2; the second always 2."""
    np.testing.assert_allclose(bone_lengths(clip(), PARENTS), [[1, 2], [3, 2]])
    np.testing.assert_allclose(bone_length_change(clip(), PARENTS), [0.5, 0])


def test_rigid_motion_changes_no_bone():
    rng = np.random.default_rng(0)
    rest = rng.normal(size=(3, 3))
    turns = [np.linalg.qr(rng.normal(size=(3, 3)))[0] for _ in range(9)]
    moved = np.stack([rest @ turn + rng.normal(size=3) for turn in turns])
    np.testing.assert_allclose(bone_length_change(moved, PARENTS), 0, atol=1e-12)
    np.testing.assert_allclose(bone_length_change(1000 * clip(), PARENTS), bone_length_change(clip(), PARENTS))


def test_a_bone_of_no_length_has_no_change():
    change = bone_length_change(clip()[:, [0, 0, 1]], PARENTS)
    assert np.isnan(change[0]) and change[1] == 0.5


@pytest.mark.parametrize('order', [1, 2, 3])
def test_derivatives_of_a_cubic(order):
    """Along (1, 0, 2) t³: central differences give 3 t² + h²/4, 6 t and 6, times √5."""
    fps = 20.
    t = np.arange(12) / fps
    path = np.stack([t**3, 0 * t, 2 * t**3], axis=-1)[:, None]
    value = motion_derivative(path, order, fps)
    assert value.shape == (12 - order, 1)
    middle = t[:12 - order] + order / 2 / fps
    expected = {1: 3 * middle**2 + 1 / 4 / fps**2, 2: 6 * middle, 3: 6 + 0 * middle}[order] * np.sqrt(5)
    np.testing.assert_allclose(value[:, 0], expected, rtol=1e-6)


def test_floor():
    keypoint = np.zeros((3, 2, 3))
    keypoint[:, 0, 1], keypoint[:, 1, 1] = [1, 1, 1], [0.1, -0.2, 0.4]
    np.testing.assert_allclose(floor_penetration(keypoint), [0, 0.2, 0])
    np.testing.assert_allclose(floor_penetration(keypoint, floor=0.3), [0.2, 0.5, 0])
    np.testing.assert_allclose(floor_penetration(keypoint[..., [0, 2, 1]], up=2), [0, 0.2, 0])


def test_skating_by_hand():
    """A foot slides 0.03, 0.04 (5 cm) a frame at 10 fps: 0.5 m/s on the floor, none above H, and the weight 2 − √2 at H / 2."""
    keypoint = np.zeros((4, 2, 3))
    keypoint[:, 1, 0], keypoint[:, 1, 2] = 0.03 * np.arange(4), 0.04 * np.arange(4)
    keypoint[:, 1, 1] = [-0.01, 0.0125, 0.03, 9]
    value = foot_skating(keypoint, [1, 0], fps=10.)
    np.testing.assert_allclose(value, [[0.5, 0], [0.5 * (2 - np.sqrt(2)), 0], [0, 0]], atol=1e-12)
    np.testing.assert_allclose(foot_skating(keypoint + [0, 2., 0], [1, 0], fps=10., floor=2.), value, atol=1e-9)
    np.testing.assert_allclose(foot_skating(keypoint[..., [0, 2, 1]], [1, 0], fps=10., up=2), value, atol=1e-12)


def test_lifting_is_no_skating():
    keypoint = np.zeros((4, 1, 3))
    keypoint[:, 0, 1] = 0.005 * np.arange(4)
    assert (foot_skating(keypoint, [0], fps=30.) == 0).all()


def test_joint_limits():
    pose = np.array([[[1.5, 0, 0], [0, 0.3, 0.4]], [[0, -2 * np.pi + 1, 0], [0, 0, np.pi]]])
    np.testing.assert_allclose(joint_limit_violation(pose, 1.), [[0.5, 0], [0, np.pi - 1]], atol=1e-12)
    np.testing.assert_allclose(joint_limit_violation(pose, [2., 0.25]), [[0, 0.25], [0, np.pi - 0.25]], atol=1e-12)


@pytest.mark.parametrize('call, message', [
    (lambda x: bone_lengths(x, (-1, 0)), r'parents must be \(3,\)'),
    (lambda x: bone_lengths(x[0], PARENTS), r'keypoint must be \(T, V, C\), got \(3, 3\)'),
    (lambda x: bone_lengths(x * np.array([[[1]], [[np.nan]]]), PARENTS), 'NaN .* the first in frame 1'),
    (lambda x: motion_derivative(x, 2, 30), 'derivative 2 needs at least 3 frames, got 2'),
    (lambda x: motion_derivative(x, 0, 30), 'order must be at least 1'),
    (lambda x: motion_derivative(x, 1, 0), 'fps positive, got 1 and 0'),
    (lambda x: floor_penetration(x, up=3), 'up must be a coordinate, 0 to 2, got 3'),
    (lambda x: foot_skating(x, [], fps=30), 'at least one, got'),
    (lambda x: foot_skating(x, [3], fps=30), 'keypoints 0 to 2'),
    (lambda x: foot_skating(x[:1], [0], fps=30), 'needs two frames'),
    (lambda x: joint_limit_violation(x[..., :2], 1.), r'pose must be \(T, J, 3\)'),
    (lambda x: joint_limit_violation(x, [1., 2.]), r'one angle or \(3,\)'),
])
def test_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call(clip())
