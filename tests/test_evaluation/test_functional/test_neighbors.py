"""Precision, recall, density and coverage by their definitions, on sets drawn by hand, and by their expectation; memorizing."""

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import cdist

from mmagenc.evaluation.functional import memorization, nearest_distance, precision_recall_coverage


def naive(real, fake, k):
    def d(x, y):
        return np.sqrt(((x - y)**2).sum())

    def radius(x, own):
        return [sorted(d(p, q) for j, q in enumerate(own) if j != i)[k - 1] for i, p in enumerate(x)]

    r_real, r_fake = radius(real, real), radius(fake, fake)
    inside = np.array([[d(y, x) <= r for y in fake] for x, r in zip(real, r_real)])
    covered = np.array([[d(y, x) <= r for y, r in zip(fake, r_fake)] for x in real])
    return inside.any(0).mean(), covered.any(1).mean(), inside.sum() / k / len(fake), inside.any(1).mean()


@pytest.mark.parametrize('k', [1, 3])
def test_equals_the_definitions(k):
    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=(14, 3)) + 40, 1.4 * rng.normal(size=(11, 3)) + 40.5
    assert precision_recall_coverage(real, fake, num_neighbors=k) == pytest.approx(naive(real, fake, k))


def by_direct_distances(real, fake, k):
    """The definitions on distances that are summed coordinate by coordinate."""
    def inside(centre, other):
        own = cdist(centre, centre)
        np.fill_diagonal(own, np.inf)
        return cdist(centre, other) <= np.sort(own, axis=1)[:, k - 1, None]

    near_real, near_fake = inside(real, fake), inside(fake, real).T
    return near_real.any(0).mean(), near_fake.any(1).mean(), near_real.sum() / k / len(fake), near_real.any(1).mean()


@pytest.mark.parametrize('at_once', [7, 512])
@pytest.mark.parametrize('offset', [0, 1e6])
def test_exact_copies_lie_within_all_radii(monkeypatch, at_once, offset):
    """Sixty clips of ten kinds, each six times: radii are 0, and copies lie at 0, however products are rounded."""
    monkeypatch.setattr('mmagenc.evaluation.functional.neighbors.AT_ONCE', at_once)
    real = np.random.default_rng(0).normal(size=(60, 6)) + offset
    copies = np.repeat(real[:10], 6, axis=0)
    assert precision_recall_coverage(copies, copies[::-1]) == (1, 1, 6 / 5, 1)
    for fake in (np.repeat(real[:1], 60, axis=0), copies, real[::-1], np.concatenate([real[:30], real[:30] + 1e-9])):
        for first, second in ((real, fake), (fake, real)):
            assert precision_recall_coverage(first, second) == by_direct_distances(first, second, 5)


def test_copies_have_no_distance():
    reference = np.random.default_rng(0).normal(size=(50, 100)) + 1000
    assert not nearest_distance(reference[::-1], reference).any()


def test_by_hand():
    """Real at 0, 1, 3 (radii 1, 1, 2 for k = 1), generated at 0.5, 4.5, 9, 10 (radii 4, 4, 1, 1)."""
    value = precision_recall_coverage([[0.], [1.], [3.]], [[0.5], [4.5], [9.], [10.]], num_neighbors=1)
    assert value.precision == 2 / 4 and value.recall == 1
    assert value.density == 3 / 4 and value.coverage == 1


def test_one_mode_missing_and_one_invented():
    rng = np.random.default_rng(0)
    left, right = rng.normal(size=(2, 60, 2)) + [[[0, 0]], [[50, 0]]]
    few = precision_recall_coverage(np.concatenate([left, right]), rng.normal(size=(120, 2)))
    assert few.precision > 0.9 and few.recall < 0.55 and few.coverage < 0.55
    many = precision_recall_coverage(left, np.concatenate([rng.normal(size=(60, 2)), right]))
    assert many.precision < 0.55 and many.recall > 0.9


def test_expectations_for_one_distribution():
    """Naeem et al. 2020: E density = 1, E coverage = 1 − (N−1)…(N−k) / ((M+N−1)…(M+N−k)), of whatever distribution."""
    rng = np.random.default_rng(0)
    n, m, k = 60, 40, 5
    values = [precision_recall_coverage(rng.normal(size=(n, 8)), rng.normal(size=(m, 8)), num_neighbors=k) for _ in range(80)]
    density, coverage = np.mean([value[2:] for value in values], axis=0)
    steps = np.arange(1, k + 1)
    assert density == pytest.approx(1, abs=0.03)
    assert coverage == pytest.approx(1 - np.prod((n - steps) / (m + n - steps)), abs=0.01)


def test_nearest_distance():
    np.testing.assert_allclose(nearest_distance([[0., 0.], [10., 4.]], [[3., 4.], [10., 0.]]), [5, 4])


def test_memorization_by_hand():
    """Train {0, 10}; generated at distances 1, 2, 2; held-out at 2, 4: closer pairs 2 + 1 (a tie twice ½) + 3 of 6."""
    value = memorization([[0.], [10.]], [[1.], [-2.], [12.]], [[2.], [14.]])
    assert (value.fake, value.held_out) == (2, 3)
    assert value.closer == pytest.approx((1 + 0.5 + 0.5 + 3) / 6)
    assert value.p_copying == pytest.approx(stats.mannwhitneyu([1, 2, 2], [2, 4], alternative='less').pvalue)


def test_copies_are_told_from_new_draws():
    rng = np.random.default_rng(0)
    train, held_out, new = rng.normal(size=(3, 100, 6))
    copies = memorization(train, train + 0.05 * rng.normal(size=train.shape), held_out)
    fresh = memorization(train, new, held_out)
    assert copies.closer > 0.98 and copies.p_copying < 1e-6 and copies.fake < 0.2 * copies.held_out
    assert fresh.closer == pytest.approx(0.5, abs=0.1) and fresh.p_copying > 0.01


@pytest.mark.parametrize('call, message', [
    (lambda: precision_recall_coverage(np.zeros((5, 2)), np.zeros((9, 2))), 'real needs at least 6 samples, got 5'),
    (lambda: precision_recall_coverage(np.zeros((9, 2)), np.zeros((9, 3))), '2 feature channels and fake has 3'),
    (lambda: precision_recall_coverage(np.zeros((9, 2)), np.zeros((9, 2)), num_neighbors=0), 'at least 1, got 0'),
    (lambda: nearest_distance(np.zeros((1, 2)), np.zeros((0, 2))), 'reference needs at least 1'),
])
def test_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
