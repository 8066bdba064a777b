"""NW-UCLA's augmentation: against the published formulas, written as loops."""

import math

import numpy as np
import pytest

from mmagenc.datasets.transforms import MinMaxScale, RandomViewRotate, RootCenter, SortedSample
from mmagenc.datasets.transforms.view import view_matrix


def clip(frames=9, persons=1, dims=3, **extra):
    keypoint = np.random.default_rng(3).normal(size=(persons, frames, 20, dims)).astype(np.float32)
    return dict(keypoint=keypoint, total_frames=frames, frame_dir='a', **extra)


def published_view(points, agx, agy, s):
    """Row vectors times Ry (Rx S), as published."""
    rx = [[1, 0, 0], [0, math.cos(agx), math.sin(agx)], [0, -math.sin(agx), math.cos(agx)]]
    ry = [[math.cos(agy), 0, -math.sin(agy)], [0, 1, 0], [math.sin(agy), 0, math.cos(agy)]]
    return np.dot(points, np.dot(ry, np.dot(rx, np.eye(3) * s)))


def test_view_matrix_is_the_published_one():
    points = np.random.default_rng(0).normal(size=(7, 3))
    assert np.allclose(points @ view_matrix(0.3, -0.9).T, published_view(points, 0.3, -0.9, 1))
    assert np.allclose(view_matrix(0, np.pi / 2) @ [0, 0, 1], [1, 0, 0])
    assert np.allclose(view_matrix(np.pi / 2, 0) @ [0, 1, 0], [0, 0, 1])


def test_random_view_turns_and_scales_within_bounds():
    before = clip()['keypoint']
    tilts, sizes = [], []
    for _ in range(300):
        after = RandomViewRotate(angle=60, scale=(0.5, 1.5)).transform(clip())['keypoint']
        matrix = np.linalg.lstsq(before.reshape(-1, 3), after.reshape(-1, 3), rcond=None)[0].T
        size = np.cbrt(np.linalg.det(matrix))
        turn = matrix / size
        assert after.dtype == np.float32 and np.allclose(turn @ turn.T, np.eye(3), atol=1e-5)
        sizes.append(size)
        tilts.append((math.degrees(math.atan2(turn[2, 1], turn[1, 1])), math.degrees(math.atan2(turn[0, 2], turn[0, 0]))))
    tilts = np.array(tilts)
    assert (np.abs(tilts) <= 60.01).all() and (tilts.max(0) > 55).all() and (tilts.min(0) < -55).all()
    assert 0.5 <= min(sizes) < 0.53 and 1.47 < max(sizes) <= 1.5
    assert abs(np.corrcoef(tilts.T)[0, 1]) < 0.2


def test_nothing_is_turned_in_test_mode():
    for transform, extra in ((RandomViewRotate(test_mode=True), {}), (RandomViewRotate(), dict(test_mode=True))):
        assert np.array_equal(transform.transform(clip(**extra))['keypoint'], clip()['keypoint'])


def test_min_max_per_axis_is_the_published_one():
    results = clip(persons=2)
    flat = results['keypoint'].reshape(-1, 3).astype(float)
    expected = (flat - flat.min(0)) / (flat.max(0) - flat.min(0)) * 2 - 1
    scaled = MinMaxScale().transform(results)['keypoint']
    assert scaled.dtype == np.float32 and np.allclose(scaled.reshape(-1, 3), expected, atol=1e-6)
    assert np.allclose(scaled.min(axis=(0, 1, 2)), -1) and np.allclose(scaled.max(axis=(0, 1, 2)), 1)


def test_min_max_in_proportion():
    results = clip()
    before = results['keypoint'].copy()
    results['keypoint'][..., 1] *= 5
    before[..., 1] *= 5
    after = MinMaxScale(per_axis=False).transform(results)['keypoint']
    assert np.isclose(np.abs(after[..., 1]).max(), 1) and np.abs(after[..., 0]).max() < 0.5
    ratio = np.ptp(after, axis=1) / np.ptp(before, axis=1)
    assert np.allclose(ratio, ratio.flat[0], rtol=1e-4)


def test_a_flat_axis_becomes_zero():
    results = clip(frames=1)
    results['keypoint'][..., 2] = 4
    after = MinMaxScale().transform(results)['keypoint']
    assert (after[..., 2] == 0).all() and np.isfinite(after).all()
    assert (MinMaxScale(per_axis=False).transform(dict(keypoint=np.ones((1, 2, 3, 3))))['keypoint'] == 0).all()


def test_scale_has_no_effect_under_min_max():
    """As the docstring says: centring and size vanish in the published per-axis scaling."""
    plain = MinMaxScale().transform(RootCenter(joint=1, per_frame=False).transform(clip()))['keypoint']
    sized = MinMaxScale().transform(RandomViewRotate(angle=0, scale=(0.7, 0.7)).transform(clip()))['keypoint']
    assert np.allclose(plain, sized, atol=1e-5)


def test_frames_in_test_mode_are_evenly_spaced():
    assert SortedSample(4).indices(10, fixed=True).tolist() == [0, 3, 6, 9]
    assert SortedSample(5).indices(2, fixed=True).tolist() == [0, 0, 0, 0, 1]
    assert SortedSample(3).indices(1, fixed=True).tolist() == [0, 0, 0]


def test_frames_in_training_are_sorted_draws_with_replacement():
    drawn = np.stack([SortedSample(52).indices(30, fixed=False) for _ in range(200)])
    assert (np.diff(drawn) >= 0).all() and drawn.min() == 0 and drawn.max() == 29
    counts = np.bincount(drawn.ravel(), minlength=30) / drawn.size
    assert np.abs(counts * 30 - 1).max() < 0.2  # every frame as likely
    distinct = np.mean([len(set(row)) for row in drawn])
    assert abs(distinct - 30 * (1 - (29 / 30)**52)) < 0.5  # as independent draws have


def test_sampling_cuts_all_arrays_alike():
    results = clip(pose=np.arange(9.).reshape(1, 9, 1, 1), transl=np.arange(9.).reshape(1, 9, 1))
    before = results['keypoint']
    after = SortedSample(6).transform(results)
    frames = after['pose'].ravel().astype(int)
    assert after['num_frames'] == after['total_frames'] == 6
    assert np.array_equal(after['keypoint'], before[:, frames]) and np.array_equal(after['transl'].ravel(), frames)
    fixed = SortedSample(3).transform(clip(test_mode=True))
    assert np.array_equal(fixed['keypoint'], before[:, [0, 4, 8]])


@pytest.mark.parametrize('build, reason', [
    (lambda: RandomViewRotate(angle=-1), 'angle'), (lambda: RandomViewRotate(scale=(0, 1)), 'positive'),
    (lambda: RandomViewRotate(scale=(2, 1)), 'ascending'), (lambda: SortedSample(0), 'at least 1'),
    (lambda: RandomViewRotate().transform(clip(dims=2)), '3 coordinates'),
])
def test_refused(build, reason):
    with pytest.raises(ValueError, match=reason):
        build()
