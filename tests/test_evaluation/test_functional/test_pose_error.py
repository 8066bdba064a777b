"""Errors of predicted poses: each function against loops over single keypoints, and against what its definition says must come out."""

import itertools

import numpy as np
import pytest

from mmagenc.evaluation.functional import (
    best_of,
    box_size,
    correct_keypoints,
    energy_score,
    interval_coverage,
    joint_error,
    keypoint_error,
    pairwise_diversity,
    pck,
    rank_histogram,
    segment_size,
    spread_error_ratio,
    window_error,
)

K, N, T, V, C = 4, 3, 5, 6, 2


@pytest.fixture
def case():
    """Samples, truth and what of it was seen; of the last window nothing, and nonsense where nothing was seen."""
    rng = np.random.default_rng(0)
    target, samples = rng.normal(size=(N, T, V, C)) * 20, rng.normal(size=(K, N, T, V, C)) * 20
    valid = rng.uniform(size=(N, T, V)) > 0.3
    valid[2], valid[:, :, 5] = False, False
    samples[:, ~valid], target[~valid] = np.inf, np.nan
    return samples, target, valid


def loop(samples, target, valid, of):
    """Means over a window's seen keypoints, by plain loops."""
    table = np.full((K, N), np.nan)
    for k, n in np.ndindex(K, N):
        values = [of(samples[k, n, t, v], target[n, t, v], n) for t, v in np.ndindex(T, V) if valid[n, t, v]]
        table[k, n] = sum(values) / len(values) if values else np.nan
    return table


@pytest.mark.parametrize('norm, of', [('l2', lambda a, b, n: sum((x - y)**2 for x, y in zip(a, b))**0.5),
                                      ('l1', lambda a, b, n: sum(abs(x - y) for x, y in zip(a, b)) / C)])
def test_errors(case, norm, of):
    samples, target, valid = case
    assert np.allclose(window_error(samples, target, valid, norm=norm), loop(*case, of), equal_nan=True)
    size = np.array([2., 4, 1])
    scaled = loop(samples, target, valid, lambda a, b, n: of(a, b, n) / size[n])
    assert np.allclose(window_error(samples, target, valid, norm=norm, size=size), scaled, equal_nan=True)
    each = [[of(samples[k, n, t, v], target[n, t, v], n) for k, n, t in np.ndindex(K, N, T) if valid[n, t, v]] for v in range(V)]
    expected = [np.mean(values) if values else np.nan for values in each]
    assert np.allclose(keypoint_error(samples, target, valid, norm=norm), expected, equal_nan=True) and np.isnan(expected[5])


def test_pck(case):
    samples, target, valid = case
    size = np.array([60., 110, 50])
    table = loop(*case, lambda a, b, n: float(sum((a - b)**2)**0.5 < 0.3 * size[n]))
    right = correct_keypoints(samples, target, size, valid, alpha=0.3)
    assert np.array_equal(np.isnan(right), np.broadcast_to(~valid, right.shape)) and 0 < np.nanmean(right) < 1
    assert pck(samples, target, size, valid, alpha=0.3) == pytest.approx(np.nanmean(table))
    assert np.isnan(correct_keypoints(samples, target, size * [1, 0, 1], valid)[:, 1]).all(), 'a body without size'
    exactly = np.array([[[[3., 4]]]])
    assert pck(exactly, np.zeros((1, 1, 1, 2)), [50.], alpha=0.1) == 0, 'at the limit is not within it'
    assert pck(exactly, np.zeros((1, 1, 1, 2)), [50.], alpha=0.1001) == 1


def test_pck_is_mmposes(case):
    functional = pytest.importorskip('mmpose.evaluation.functional', reason='mmpose is not installed')
    samples, target, valid = case
    size = np.array([60., 110, 50])
    flat = dict(pred=np.nan_to_num(samples[0].reshape(-1, V, C), posinf=0), gt=np.nan_to_num(target.reshape(-1, V, C)),
                mask=valid.reshape(-1, V), thr=0.3, norm_factor=np.repeat(size, T)[:, None].repeat(2, axis=1))
    each, mean, _ = functional.keypoint_pck_accuracy(**flat)
    right = correct_keypoints(samples[0], target, size, valid, alpha=0.3)
    ours = [np.nanmean(right[..., v]) if valid[..., v].any() else -1 for v in range(V)]
    assert np.allclose(each, ours) and mean == pytest.approx(np.mean([value for value in ours if value >= 0]))


def test_sizes(case):
    _, target, valid = case
    for n in range(N):
        torso = [np.linalg.norm((target[n, t, 0] + target[n, t, 1]) / 2 - target[n, t, 3]) for t in range(T)
                 if valid[n, t, [0, 1, 3]].all()]
        boxes = [max(np.ptp(target[n, t, valid[n, t]], axis=0)) for t in range(T) if valid[n, t].any()]
        for size, values in ((segment_size(target, (0, 1), (3, ), valid)[n], torso), (box_size(target, valid)[n], boxes)):
            assert np.isclose(size, np.median(values) if values else np.nan, equal_nan=True)
    assert np.isfinite(box_size(target, valid)[:2]).all() and np.isnan(box_size(target, valid)[2])


@pytest.mark.parametrize('k', [1, 2, 3, 4, None])
def test_best_of(k):
    error = np.random.default_rng(1).uniform(size=(K, 7))
    sets = list(itertools.combinations(range(K), k or K))
    assert np.allclose(best_of(error, k), np.mean([error[list(rows)].min(axis=0) for rows in sets], axis=0))
    if k == 1:
        assert np.allclose(best_of(error, k), error.mean(axis=0))


def test_best_of_nothing_seen_is_nan(case):
    assert np.isnan(best_of(window_error(*case))).tolist() == [False, False, True]


def test_diversity(case):
    samples, _, valid = case
    expected = []
    for n in range(N):
        pairs = [np.mean([np.linalg.norm(samples[i, n, t, v] - samples[j, n, t, v]) for t, v in np.ndindex(T, V) if valid[n, t, v]])
                 for i, j in itertools.combinations(range(K), 2) if valid[n].any()]
        expected.append(np.mean(pairs) if pairs else np.nan)
    assert np.allclose(pairwise_diversity(samples, valid), expected, equal_nan=True)
    assert (pairwise_diversity(np.repeat(samples[:1], 3, axis=0), valid)[:2] == 0).all()


def test_energy_score(case):
    """Each keypoint's by hand; of samples that are alike it is their error."""
    samples, target, valid = case
    scores = np.full((N, T, V), np.nan)
    for n, t, v in zip(*np.nonzero(valid)):
        own, truth = samples[:, n, t, v], target[n, t, v]
        pairs = [np.linalg.norm(one - other) for one, other in itertools.combinations(own, 2)]
        scores[n, t, v] = np.linalg.norm(own - truth, axis=-1).mean() - np.mean(pairs) / 2
    expected = [np.mean(scores[n][valid[n]]) if valid[n].any() else np.nan for n in range(N)]
    assert np.allclose(energy_score(samples, target, valid), expected, equal_nan=True)
    assert np.allclose(energy_score(samples, target, valid, size=np.full(N, 4.)), np.array(expected) / 4, equal_nan=True)
    alike = np.repeat(samples[:1], 3, axis=0)
    assert np.allclose(energy_score(alike, target, valid), window_error(alike[0], target, valid), equal_nan=True)


def test_the_energy_score_is_proper():
    """Samples of the truth's own distribution have less of it than those that differ less, or more."""
    rng = np.random.default_rng(0)
    target, samples = rng.normal(size=(2000, 1, 2, 2)), rng.normal(size=(5, 2000, 1, 2, 2))
    small, right, large = (energy_score(factor * samples, target).mean() for factor in (0.4, 1., 2.5))
    assert right < 0.95 * min(small, large), (small, right, large)


@pytest.mark.parametrize('trim', [0, 1])
def test_coverage_and_ranks(case, trim):
    samples, target, valid = case
    inside, ranks = [], []
    for n, t, v in zip(*np.nonzero(valid)):
        for c in range(C):
            values, truth = sorted(samples[:, n, t, v, c]), target[n, t, v, c]
            inside.append(values[trim] <= truth <= values[K - 1 - trim])
            ranks.append(sum(value < truth for value in values))
    coverage = interval_coverage(samples, target, valid, trim=trim)
    assert coverage == (pytest.approx(np.mean(inside)), (K - 1 - 2 * trim) / (K + 1))
    assert np.allclose(rank_histogram(samples, target, valid), [np.mean(np.array(ranks) == rank) for rank in range(K + 1)])


def test_truth_that_is_one_more_sample_is_covered_as_it_should_be():
    """20000 coordinates, each with a mean of its own: coverage, ranks and ratio are those of the definitions; half the spread is seen."""
    rng = np.random.default_rng(2)
    drawn = rng.normal(size=(K + 1, 50, 20, 10, 2)) + 30 * rng.normal(size=(50, 20, 10, 2))
    truth, samples = drawn[0], drawn[1:]
    assert interval_coverage(samples, truth).share == pytest.approx(0.6, abs=0.02)
    assert np.allclose(rank_histogram(samples, truth), 1 / (K + 1), atol=0.015)
    assert spread_error_ratio(samples, truth) == pytest.approx(1, abs=0.03)
    sure = samples.mean(axis=0) + (samples - samples.mean(axis=0)) / 2
    assert spread_error_ratio(sure, truth) == pytest.approx(0.5, abs=0.03) and interval_coverage(sure, truth).share < 0.45
    ranks = rank_histogram(sure, truth)
    assert ranks[0] > 0.25 and ranks[-1] > 0.25


def test_ratio_by_loops(case):
    samples, target, valid = case
    spread, error = [], []
    for n, t, v in zip(*np.nonzero(valid)):
        for c in range(C):
            values = samples[:, n, t, v, c]
            spread.append(sum((value - values.mean())**2 for value in values) / (K - 1))
            error.append((values.mean() - target[n, t, v, c])**2)
    assert spread_error_ratio(samples, target, valid) == pytest.approx((((K + 1) / K) * np.mean(spread) / np.mean(error))**0.5)


def test_ties_are_placed_at_random():
    ranks = rank_histogram(np.zeros((3, 1, 1, 4000, 1)), np.zeros((1, 1, 4000, 1)))
    assert np.allclose(ranks, 0.25, atol=0.03)


def test_refusals(case):
    samples, target, valid = case
    for arguments, says in ((((samples[:, :, :3]), target, valid), 'predicted must be'), ((samples, target, valid[:, 0]), 'valid must be'),
                            ((samples, target, valid.astype(float)), 'valid must be'), ((samples, target), 'not finite')):
        with pytest.raises(ValueError, match=says):
            joint_error(*arguments)
    with pytest.raises(ValueError, match='norm must be one of l2, l1'):
        joint_error(samples, target, valid, norm='max')
    for size in (np.ones(2), -np.ones(3), np.array([1, np.inf, 1])):
        with pytest.raises(ValueError, match='size must be'):
            pck(samples, target, size, valid)
    with pytest.raises(ValueError, match='alpha must be above 0'):
        pck(samples, target, np.ones(3), valid, alpha=0)
    for error, k in ((np.ones(3), 1), (np.ones((4, 2)), 5), (np.ones((4, 2)), 0), (np.ones((0, 2)), None)):
        with pytest.raises(ValueError, match='error must be|k must be'):
            best_of(error, k)
    with pytest.raises(ValueError, match='at least two samples'):
        pairwise_diversity(samples[:1], valid)
    with pytest.raises(ValueError, match='at least two samples'):
        spread_error_ratio(samples[0], target, valid)
    with pytest.raises(ValueError, match='trim must be'):
        interval_coverage(samples, target, valid, trim=2)
    with pytest.raises(ValueError, match='no keypoint was seen'):
        rank_histogram(samples, target, np.zeros_like(valid))
