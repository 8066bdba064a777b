"""Kernel mean discrepancies against naive sums over pairs, closed forms, and sets whose distance is known."""

import numpy as np
import pytest
from scipy.stats import norm

from mmagenc.evaluation.functional import maximum_mean_discrepancy, mmd_average, mmd_sequence, mmd_squared, per_class_mmd
from mmagenc.evaluation.functional.mmd import BANDWIDTHS


def naive(real, fake, bandwidth, estimator):
    """The three formulas, pair by pair."""
    def k(x, y):
        return np.exp(-((x - y)**2).sum() / bandwidth)

    n, m = len(real), len(fake)
    if estimator == 'paired':
        pairs = [(i, j) for i in range(m) for j in range(m) if i != j]
        return sum(k(real[i], real[j]) + k(fake[i], fake[j]) - 2 * k(real[i], fake[j]) for i, j in pairs) / (m * (m - 1))
    apart = estimator == 'unbiased'
    within = [sum(k(x[i], x[j]) for i in range(len(x)) for j in range(len(x)) if i != j or not apart) for x in (real, fake)]
    counts = [(len(x) - apart) * len(x) for x in (real, fake)]
    return within[0] / counts[0] + within[1] / counts[1] - 2 * sum(k(x, y) for x in real for y in fake) / (n * m)


@pytest.mark.parametrize('estimator, sizes', [('unbiased', (7, 5)), ('biased', (5, 7)), ('paired', (6, 6))])
@pytest.mark.parametrize('block_size', [2, 1024])
def test_equals_the_sums_over_pairs(estimator, sizes, block_size):
    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=(sizes[0], 4)) + 30, rng.normal(size=(sizes[1], 4)) + 30.5
    bandwidths = [0.1, 1., 25.]
    value = mmd_squared(real, fake, bandwidths=bandwidths, estimator=estimator, block_size=block_size)
    np.testing.assert_allclose(value, [naive(real, fake, b, estimator) for b in bandwidths], rtol=1e-9, atol=1e-14)


def test_two_clips_by_hand():
    """Points 0, 1 and 3, 4 on a line, b = 2: pairs apart by 1 within, by 3, 4, 2, 3 across."""
    e = np.exp(-np.array([1, 9, 16, 4, 9]) / 2)
    assert mmd_squared([[0.], [1.]], [[3.], [4.]], bandwidths=[2.])[0] == pytest.approx(2 * e[0] - 2 * e[1:].mean())
    assert mmd_squared([[0.], [1.]], [[3.], [4.]], bandwidths=[2.], estimator='paired')[0] == pytest.approx(2 * e[0] - e[2] - e[3])


def test_wide_kernels_keep_their_digits():
    """For b → ∞, b · MMD² → 2 |m1 − m2|² (the biased form): 1e9 is as exact as 1e3."""
    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=(40, 3)), rng.normal(size=(50, 3)) + 0.1
    expected = 2 * ((real.mean(0) - fake.mean(0))**2).sum()
    value = mmd_squared(real, fake, bandwidths=[1e9], estimator='biased')[0]
    assert value * 1e9 == pytest.approx(expected, rel=1e-6)


def test_expectation_for_gaussians():
    """N(0, 1) and N(μ, 1) in one dimension with k = exp(−d²/b): MMD² = 2 √(b/(b+4)) (1 − exp(−μ²/(b+4))).

    Of quantiles in random order instead of draws: the sample is as near to its distribution as it can be.
    """
    rng = np.random.default_rng(0)
    real, fake = (rng.permutation(norm.ppf((np.arange(1500) + 0.5) / 1500, loc=mean))[:, None] for mean in (0, 1.5))
    expected = 2 * np.sqrt(2 / 6) * (1 - np.exp(-1.5**2 / 6))
    for estimator in ('unbiased', 'paired', 'biased'):
        assert mmd_squared(real, fake, bandwidths=[2.], estimator=estimator)[0] == pytest.approx(expected, rel=5e-3)


def test_unbiased_estimates_of_one_distribution_have_both_signs_and_count_as_no_distance():
    rng = np.random.default_rng(0)
    values = [mmd_squared(rng.normal(size=(9, 2)), rng.normal(size=(12, 2)), bandwidths=[1.])[0] for _ in range(200)]
    assert 0.3 < np.mean(np.array(values) < 0) < 0.8 and abs(np.mean(values)) < 3 * np.std(values) / np.sqrt(200)
    real, fake = [[0.], [2.]], [[0.], [2.]]
    assert (mmd_squared(real, fake) <= 0).all() and maximum_mean_discrepancy(real, fake) == 0


def test_largest_over_the_published_bandwidths():
    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=(9, 4)), rng.normal(size=(8, 4)) + 1
    np.testing.assert_allclose(BANDWIDTHS, [10.**j for j in range(-4, 10)])
    expected = max(np.sqrt(max(naive(real, fake, b, 'unbiased'), 0)) for b in BANDWIDTHS)
    assert maximum_mean_discrepancy(real, fake) == pytest.approx(expected)


# Clips --------------------------------------------------------------------------------------------------------------------------------


def test_sequence_and_average():
    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=(6, 5, 4, 3)), rng.normal(size=(7, 5, 4, 3)) + 0.5
    assert mmd_sequence(real, fake) == pytest.approx(maximum_mean_discrepancy(real.reshape(6, -1), fake.reshape(7, -1)))
    frames = [[np.sqrt(max(naive(real[:, t].reshape(6, -1), fake[:, t].reshape(7, -1), b, 'unbiased'), 0)) for b in BANDWIDTHS]
              for t in range(5)]
    assert mmd_average(real, fake) == pytest.approx(np.mean(frames, axis=0).max())


def test_only_the_sequence_form_sees_the_order():
    """Real clips hold a pose, generated ones take a new one in each frame: the same poses at every moment, other motion."""
    rng = np.random.default_rng(0)
    real, fake = np.repeat(rng.normal(size=(300, 1, 2)), 6, axis=1), rng.normal(size=(300, 6, 2))
    assert mmd_average(real, fake) < 0.1 < 0.3 < mmd_sequence(real, fake)


def test_whole_sets_are_compared():
    """The published script sees clip 0 of each class alone; here the others count."""
    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=(20, 4, 5, 3)), rng.normal(size=(20, 4, 5, 3))
    before = mmd_sequence(real, fake)
    fake[1:] += 3
    assert mmd_sequence(real, fake) > before + 0.3


def test_per_class():
    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=(9, 4, 5, 3)), rng.normal(size=(8, 4, 5, 3))
    real_label, fake_label = np.array([0, 0, 0, 1, 1, 1, 1, 3, 3]), np.array([0, 0, 1, 1, 1, 2, 2, 3])
    for mode, function in (('average', mmd_average), ('sequence', mmd_sequence)):
        value = per_class_mmd(real, real_label, fake, fake_label, 4, mode=mode, estimator='biased')
        expected = [function(real[real_label == k], fake[fake_label == k], estimator='biased') for k in (0, 1)]
        np.testing.assert_allclose(value, [*expected, np.nan, np.nan])


@pytest.mark.parametrize('options, message', [
    (dict(estimator='u'), "unbiased, paired, biased, got 'u'"),
    (dict(estimator='paired'), "sets of one size, got 4 real and 5 fake; 'unbiased' takes any"),
    (dict(bandwidths=[1, 0]), r'bandwidths must be \(W,\) positive'),
    (dict(bandwidths=[]), r'bandwidths must be \(W,\) positive'),
])
def test_options_refused(options, message):
    with pytest.raises(ValueError, match=message):
        mmd_squared(np.zeros((4, 2)), np.zeros((5, 2)), **options)


def test_arrays_refused():
    with pytest.raises(ValueError, match='fake needs at least 2 samples, got 1'):
        mmd_squared(np.zeros((4, 2)), np.zeros((1, 2)))
    with pytest.raises(ValueError, match='real has 2 channels and fake has 3'):
        mmd_squared(np.zeros((4, 2)), np.zeros((4, 3)))
    with pytest.raises(ValueError, match='real has NaN'):
        mmd_average(np.full((4, 2, 2), np.nan), np.zeros((4, 2, 2)))
    with pytest.raises(ValueError, match=r'clips of one shape, got \(4, 2, 2\) and \(4, 3, 2\)'):
        mmd_sequence(np.zeros((4, 2, 2)), np.zeros((4, 3, 2)))
    with pytest.raises(ValueError, match="mode must be 'average' or 'sequence', got 'joint'"):
        per_class_mmd(np.zeros((4, 2, 2)), np.zeros(4), np.zeros((4, 2, 2)), np.zeros(4), 2, mode='joint')
    with pytest.raises(ValueError, match='fake_label holds classes 0 to 2, accepted are 0 to 1'):
        per_class_mmd(np.zeros((4, 2, 2)), np.zeros(4), np.zeros((4, 2, 2)), np.arange(4) % 3, 2, mode='average')
    with pytest.raises(ValueError, match=r'real_label must be \(4,\)'):
        per_class_mmd(np.zeros((4, 2, 2)), np.zeros(3), np.zeros((4, 2, 2)), np.zeros(4), 2, mode='average')
