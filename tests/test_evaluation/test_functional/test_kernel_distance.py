"""KID against sums over pairs, by hand, and by its expectation."""

import numpy as np
import pytest

from mmagenc.evaluation.functional import kernel_distance


def naive(real, fake):
    def k(x, y):
        return (x @ y / len(x) + 1)**3

    def within(x):
        return np.mean([k(x[i], x[j]) for i in range(len(x)) for j in range(len(x)) if i != j])

    return within(real) + within(fake) - 2 * np.mean([k(x, y) for x in real for y in fake])


@pytest.mark.parametrize('block_size', [2, 1024])
def test_equals_the_sums_over_pairs(block_size):
    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=(7, 4)), rng.normal(size=(9, 4)) + 0.3
    assert kernel_distance(real, fake, block_size=block_size) == pytest.approx(naive(real, fake), rel=1e-10)


def test_by_hand():
    """One channel, {0, 1} and {2, 2}: k(0, 1) = 1, k(2, 2) = 125, across (1, 1, 27, 27)/4 = 14: 1 + 125 − 28."""
    assert kernel_distance([[0.], [1.]], [[2.], [2.]]) == pytest.approx(98)


def test_few_samples_are_no_bias():
    """One distribution: mean 0 over draws of five samples with sixteen channels, where the Fréchet distance would be far above."""
    rng = np.random.default_rng(0)
    values = [kernel_distance(rng.normal(size=(5, 16)), rng.normal(size=(5, 16))) for _ in range(600)]
    assert abs(np.mean(values)) < 3 * np.std(values) / np.sqrt(600) and 0.2 < np.mean(np.array(values) < 0) < 0.8


def test_subsets():
    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=(60, 4)), rng.normal(size=(50, 4)) + 0.5
    value = kernel_distance(real, fake, subset_size=30, num_subsets=200)
    assert value == kernel_distance(real, fake, subset_size=30, num_subsets=200, rng=0)
    assert value == pytest.approx(kernel_distance(real, fake), rel=0.1)
    assert kernel_distance(real, fake[:50], subset_size=50, num_subsets=1) != kernel_distance(real, fake)


@pytest.mark.parametrize('real, fake, options, message', [
    (np.zeros((1, 3)), np.zeros((5, 3)), {}, 'real needs at least 2 samples, got 1'),
    (np.zeros((5, 3)), np.zeros((5, 4)), {}, '3 feature channels and fake has 4'),
    (np.zeros((5, 3)), np.zeros((9, 3)), dict(subset_size=6), 'between 2 and 5, the smaller set'),
    (np.zeros((5, 3)), np.zeros((9, 3)), dict(subset_size=3, num_subsets=0), 'got 3 and 0 subsets'),
])
def test_refused(real, fake, options, message):
    with pytest.raises(ValueError, match=message):
        kernel_distance(real, fake, **options)
