"""d² = |m1 − m2|² + tr(S1 + S2 − 2 (S1 S2)^½), against closed forms, scipy's matrix root and a stored value."""

import warnings

import numpy as np
import pytest
from scipy.linalg import sqrtm

from mmagenc.evaluation.functional import frechet_distance, shrunk_covariance


def _frechet_by_sqrtm(real, fake):
    first, second = np.cov(real, rowvar=False), np.cov(fake, rowvar=False)
    offset = real.mean(0) - fake.mean(0)
    return offset @ offset + np.trace(first + second - 2 * sqrtm(first @ second).real)


def test_one_channel_by_hand():
    """Means 2 and 5; variances 4 and 16: 9 + 4 + 16 − 2·√64 = 13."""
    assert frechet_distance([[0.], [2.], [4.]], [[1.], [5.], [9.]]) == pytest.approx(9 + (2 - 4)**2)


def test_diagonal_covariances_by_hand():
    """Uncorrelated channels: the distance is the sum over channels of (m1 − m2)² + (s1 − s2)²."""
    real = np.array([[1., 1.], [1., -1.], [-1., 1.], [-1., -1.]])
    fake = real * [2., 3.] + [0., 1.]
    variance = 4 / 3
    expected = 1 + variance * ((2 - 1)**2 + (3 - 1)**2)
    assert frechet_distance(real, fake) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize('channels', [2, 7, 40])
def test_equals_sqrtm(channels):
    rng = np.random.default_rng(channels)
    real = rng.normal(size=(90, channels)) @ rng.normal(size=(channels, channels))
    fake = rng.normal(size=(70, channels)) + rng.normal(size=channels)
    assert frechet_distance(real, fake) == pytest.approx(_frechet_by_sqrtm(real, fake), rel=1e-8)


def test_equals_the_reference(reference_root):
    with np.load(reference_root / 'fid.npz') as reference, warnings.catch_warnings():
        warnings.simplefilter('ignore')
        assert frechet_distance(reference['real'], reference['fake']) == pytest.approx(float(reference['fid']), rel=1e-6)


@pytest.mark.parametrize('samples', [500, 20])
def test_a_set_is_at_no_distance_from_itself(samples):
    """Also with a singular covariance, where the roots of rounded zeros would add up."""
    feature = np.random.default_rng(0).normal(size=(samples, 64)) * 10
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        assert frechet_distance(feature, feature) == pytest.approx(0, abs=1e-8)


def test_constant_features_leave_the_distance_of_means():
    assert frechet_distance(np.zeros((9, 2)), np.full((9, 2), 3.)) == pytest.approx(18)


def test_few_samples_are_said_by_name():
    rng = np.random.default_rng(0)
    with pytest.warns(UserWarning, match='5 fake samples with 8 feature channels'):
        frechet_distance(rng.normal(size=(30, 8)), rng.normal(size=(5, 8)))


def test_enough_samples_are_silent():
    rng = np.random.default_rng(0)
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        frechet_distance(rng.normal(size=(30, 8)), rng.normal(size=(9, 8)))


@pytest.mark.parametrize('sizes', [(12, 40), (40, 12), (12, 12), (30, 31)])
def test_few_samples_equal_sqrtm(sizes):
    """Fewer samples than the 40 channels take another road. sqrtm of a singular product is good to about the root of rounding."""
    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=(sizes[0], 40)), rng.normal(size=(sizes[1], 40)) + 0.2
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        assert frechet_distance(real, fake) == pytest.approx(_frechet_by_sqrtm(real, fake), rel=1e-4)


# Shrinkage ----------------------------------------------------------------------------------------------------------------------------


def _ledoit_wolf(feature):
    """The definition, sample by sample."""
    x = feature - feature.mean(0)
    n, d = x.shape
    s = sum(np.outer(row, row) for row in x) / n
    target = np.trace(s) / d * np.eye(d)
    noise = sum(np.linalg.norm(np.outer(row, row) - s)**2 for row in x) / n**2
    weight = min(1., noise / np.linalg.norm(s - target)**2)
    return (1 - weight) * s + weight * target


@pytest.mark.parametrize('samples', [5, 60])
def test_shrunk_covariance(samples):
    feature = np.random.default_rng(0).normal(size=(samples, 8)) * np.arange(1, 9) + 3
    np.testing.assert_allclose(shrunk_covariance(feature), _ledoit_wolf(feature), rtol=1e-10, atol=1e-12)


def test_shrunk_covariance_is_nearer_to_the_truth():
    rng, scale = np.random.default_rng(0), np.arange(1, 21)
    errors = []
    for _ in range(20):
        feature = rng.normal(size=(15, 20)) * scale
        errors.append([np.linalg.norm(estimate - np.diag(scale**2)) for estimate in (shrunk_covariance(feature), np.cov(feature.T))])
    assert (np.array(errors)[:, 0] < np.array(errors)[:, 1]).all()


def test_shrinkage_lessens_the_bias_of_few_samples_and_says_nothing():
    """One distribution, whose distance is 0."""
    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=(2, 15, 40))
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        plain = frechet_distance(real, fake)
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        assert frechet_distance(real, fake, shrinkage=True) < 0.4 * plain
        assert frechet_distance(real, real, shrinkage=True) == pytest.approx(0, abs=1e-9)


def test_shrinkage_does_nothing_to_many_samples():
    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=(4000, 3)) * [1, 2, 3], rng.normal(size=(4000, 3)) * [3, 2, 1]
    assert frechet_distance(real, fake, shrinkage=True) == pytest.approx(frechet_distance(real, fake), rel=0.01)


def test_constant_features_are_not_shrunk():
    assert (shrunk_covariance(np.ones((4, 3))) == 0).all()


@pytest.mark.parametrize('real, fake, message', [
    (np.zeros((1, 3)), np.zeros((5, 3)), 'real needs at least 2 samples, got 1'),
    (np.zeros((5, 3)), np.zeros((0, 3)), 'fake needs at least 2 samples, got 0'),
    (np.zeros((5, 3)), [[0, 0, 0], [0, np.nan, 0]], 'fake has NaN .* row 1'),
    (np.zeros((5, 3)), np.zeros((5, 4)), '3 feature channels and fake has 4'),
    (np.zeros(5), np.zeros((5, 4)), r'real must be \(N, D\)'),
])
def test_refused_by_name(real, fake, message):
    with pytest.raises(ValueError, match=message):
        frechet_distance(real, fake)
